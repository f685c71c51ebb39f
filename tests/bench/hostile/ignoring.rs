//! Clients that each ignore many of the others, and leave all at once.

use std::time::{Duration, Instant};

use super::attack::{Attack, Target};
use crate::{
    address::Address,
    crowd::{Client, Crowd, Hear, lines},
    failure::Result,
};

/// How long each part may take: arriving, being greeted, and being answered.
const PATIENCE: Duration = Duration::from_secs(5);

/// Returns how often a user was ignored. The clients leave when this returns.
pub(super) fn ignore(attack: &Attack, each: usize, target: &Target<'_>) -> Result<u64> {
    let mut crowd = Crowd::from_origins(attack.origin_count())?;
    let mut answers = Answers { greeted: 0, ignored: 0, is_hung_up_on: false };
    let start = Instant::now();
    while crowd.len() < attack.clients && start.elapsed() < PATIENCE && !target.is_over() {
        // Where the server accepts fewer clients, fewer attack.
        let _ = crowd.connect(&Address::Tcp(target.chat));
        crowd.turn(Duration::ZERO, &mut answers)?;
    }
    let clients = crowd.len();
    answers.wait_for(&mut crowd, target, |answers| answers.greeted >= clients)?;
    for id in 0..clients {
        // The others have the names guest_1 to guest_8000.
        let ignored = |at: usize| format!("/ignore guest_{}\n", (id + 1 + at * 97) % clients.max(1) + 1);
        let script: String = (0..each).map(ignored).collect();
        let _ = crowd.client(id).send(script.as_bytes());
        if id.is_multiple_of(16) {
            crowd.turn(Duration::ZERO, &mut answers)?;
        }
    }
    let wanted = (clients * each) as u64;
    answers.wait_for(&mut crowd, target, |answers| answers.ignored >= wanted)?;
    Ok(answers.ignored)
}

struct Answers {
    greeted: usize,
    ignored: u64,
    is_hung_up_on: bool,
}

impl Answers {
    fn wait_for(
        &mut self,
        crowd: &mut Crowd,
        target: &Target<'_>,
        is_done: impl Fn(&Self) -> bool,
    ) -> Result<()> {
        let start = Instant::now();
        while !is_done(self) && start.elapsed() < PATIENCE && !self.is_hung_up_on && !target.is_over() {
            crowd.turn(Duration::from_millis(20), self)?;
        }
        Ok(())
    }
}

impl Hear for Answers {
    fn hear(&mut self, _id: usize, bytes: &[u8], _client: &mut Client) -> Result<usize> {
        let (end, lines) = lines(bytes);
        for line in lines {
            self.greeted += usize::from(line.starts_with(b"Welcome! "));
            self.ignored += u64::from(line.starts_with(b"You are now ignoring "));
        }
        Ok(end)
    }

    fn end(&mut self, _id: usize) -> Result<()> {
        self.is_hung_up_on = true;
        Ok(())
    }
}

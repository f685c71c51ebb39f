//! Clients that ask again as soon as they are answered.

use std::time::Duration;

use super::attack::{Attack, Target};
use crate::{
    address::Address,
    crowd::{Client, Crowd, Hear, lines},
    failure::Result,
};

/// Questions of one client under way, so that the server always finds the next one.
const UNDER_WAY: usize = 2;

/// The first clients fill the history of the lobby: together they say more than the longest answer to
/// `/history` holds.
pub(super) const SPEAKERS: usize = 100;
const LINES: usize = 5;
const LINE: usize = 700;

/// A command that does not exist. Its answer marks the end of the answer before it.
const MARKER: &str = "/x";
const MARKED: &[u8] = b"Unknown command: /x.";

/// Asks until the attack is over, and returns how many questions were answered.
pub(super) fn ask(attack: &Attack, questions: &'static [&'static str], target: &Target<'_>) -> Result<u64> {
    let mut crowd = Crowd::from_origins(attack.origin_count())?;
    let mut asking = Asking { questions, asked: 0, answered: 0, ended: Vec::new() };
    while !target.is_over() {
        if crowd.len() < attack.clients {
            let is_speaker = crowd.len() < SPEAKERS;
            if let Ok(client) = crowd.connect(&Address::Tcp(target.chat)) {
                if is_speaker {
                    // If the server has hung up, the next turn notices it.
                    let _ = client.send(filling().as_bytes());
                }
                asking.begin(client);
            }
        }
        let patience = if crowd.len() < attack.clients { Duration::ZERO } else { Duration::from_millis(20) };
        crowd.turn(patience, &mut asking)?;
        for slot in std::mem::take(&mut asking.ended) {
            match crowd.reconnect(&Address::Tcp(target.chat), slot) {
                Ok(client) => asking.begin(client),
                Err(_) => asking.ended.push(slot),
            }
        }
    }
    Ok(asking.answered)
}

/// What each of the first clients says.
pub(super) fn filling() -> String {
    ("x".repeat(LINE) + "\n").repeat(LINES)
}

struct Asking {
    questions: &'static [&'static str],
    asked: usize,
    answered: u64,
    /// Clients that the server has hung up on.
    ended: Vec<usize>,
}

impl Asking {
    fn begin(&mut self, client: &mut Client) {
        for _ in 0..UNDER_WAY {
            self.ask(client);
        }
    }

    fn ask(&mut self, client: &mut Client) {
        let question = self.questions[self.asked % self.questions.len()];
        self.asked += 1;
        // If the server has hung up, the next turn notices it.
        let _ = client.send(format!("{question}\n{MARKER}\n").as_bytes());
    }
}

impl Hear for Asking {
    fn hear(&mut self, _id: usize, bytes: &[u8], client: &mut Client) -> Result<usize> {
        let (end, lines) = lines(bytes);
        for _ in lines.filter(|line| line.starts_with(MARKED)) {
            self.answered += 1;
            self.ask(client);
        }
        Ok(end)
    }

    fn end(&mut self, id: usize) -> Result<()> {
        self.ended.push(id);
        Ok(())
    }
}

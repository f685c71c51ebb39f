//! Clients who have been let in and do nothing.

use std::time::{Duration, Instant};

use crate::{
    contender::{Contender, Line},
    crowd::{Client, Crowd, Hear, lines},
    failure::{Failure, Result},
    gather::{Goal, gather},
    measure::{Measure, Sample},
};

/// Until then what the last arrivals caused has been said.
const SETTLING: Duration = Duration::from_millis(300);

/// Lets `clients` clients in, and looks for `length` at what they cost.
pub(crate) fn idle(contender: &dyn Contender, clients: usize, length: Duration) -> Result<Sample> {
    let server = contender.start(clients)?;
    let empty = server.usage();
    let mut crowd = Crowd::new()?;
    let passed = gather(&mut crowd, &server, contender, clients, &Goal::Greeted)?;
    listen(&mut crowd, contender, SETTLING)?;
    let full = server.usage();
    listen(&mut crowd, contender, length)?;
    let cpu = server.usage().cpu_since(&full);
    Ok(vec![
        (Measure::Greeted, clients as f64 / passed.as_secs_f64()),
        (Measure::Memory, full.memory.saturating_sub(empty.memory) as f64 / clients as f64),
        (Measure::IdleCpu, cpu / length.as_secs_f64()),
    ])
}

fn listen(crowd: &mut Crowd, contender: &dyn Contender, length: Duration) -> Result<()> {
    let end = Instant::now() + length;
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        crowd.turn(left, &mut Answering { contender })?;
    }
    Ok(())
}

/// Answers what keeps a client alive and nothing else.
struct Answering<'a> {
    contender: &'a dyn Contender,
}

impl Hear for Answering<'_> {
    fn hear(&mut self, id: usize, bytes: &[u8], client: &mut Client) -> Result<usize> {
        let (end, lines) = lines(bytes);
        for line in lines {
            match self.contender.read(line) {
                Line::Ping(answer) => client.send(&answer)?,
                Line::Complaint => {
                    return Err(Failure::Broken(format!("client {id} heard {}", line.escape_ascii())));
                }
                _ => {}
            }
        }
        Ok(end)
    }
}

//! Clients that do nothing: first untouched, then after each has said one line in a room.

use std::time::{Duration, Instant};

use crate::{
    contender::{Contender, Line, nick, room},
    crowd::{Client, Crowd, Hear},
    failure::{Failure, Result},
    gather::{Goal, gather},
    mark::{Mark, TEXT},
    measure::{Measure, Sample},
    process::Usage,
};

/// After this long the server has sent everything that the last arrivals or lines caused.
const SETTLING: Duration = Duration::from_millis(300);

/// How long all clients together may take to enter their rooms, and to hear their lines.
const PATIENCE: Duration = Duration::from_secs(30);

/// Clients in a room: small, so that ten thousand lines are not a hundred million deliveries.
const PER_ROOM: usize = 10;

/// Lets `clients` clients in, and measures for `length` what they cost.
pub(crate) fn idle(contender: &dyn Contender, clients: usize, length: Duration) -> Result<Sample> {
    let server = contender.start(clients)?;
    let empty = server.usage();
    let memory = |now: &Usage| now.memory.saturating_sub(empty.memory) as f64 / clients as f64;
    let mut crowd = Crowd::new()?;
    let mut ears = Ears { contender, ready: 0, heard: 0 };
    let passed = gather(&mut crowd, &server, contender, clients, &Goal::Greeted)?;
    ears.listen(&mut crowd, SETTLING)?;
    let untouched = server.usage();
    ears.listen(&mut crowd, length)?;
    let cpu = server.usage().cpu_since(&untouched);
    ears.say_one_line_each(&mut crowd)?;
    ears.listen(&mut crowd, SETTLING)?;
    Ok(vec![
        (Measure::Greeted, clients as f64 / passed.as_secs_f64()),
        (Measure::Memory, memory(&untouched)),
        (Measure::MemoryAfterALine, memory(&server.usage())),
        (Measure::IdleCpu, cpu / length.as_secs_f64()),
    ])
}

/// What all clients together have heard.
struct Ears<'a> {
    contender: &'a dyn Contender,
    /// How many have entered their room.
    ready: usize,
    /// How many lines were delivered.
    heard: usize,
}

impl Ears<'_> {
    fn listen(&mut self, crowd: &mut Crowd, length: Duration) -> Result<()> {
        let end = Instant::now() + length;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            crowd.turn(left, self)?;
        }
        Ok(())
    }

    /// Every client sets its nickname, enters a room, and says one line when all have entered.
    fn say_one_line_each(&mut self, crowd: &mut Crowd) -> Result<()> {
        let clients = crowd.len();
        for id in 0..clients {
            let entering = self.contender.speaks(id).enter(&nick(id), &room(id / PER_ROOM));
            crowd.client(id).send(&entering)?;
        }
        self.wait_for(crowd, "rooms to enter", |ears| ears.ready == clients)?;
        for id in 0..clients {
            let speech = self.contender.speaks(id);
            let mut line = speech.say(&room(id / PER_ROOM), TEXT).into_bytes();
            Mark::new(id % PER_ROOM, 0).write(&mut line);
            line.extend_from_slice(speech.line_end().as_bytes());
            crowd.client(id).send(&line)?;
        }
        let hearers = |id: usize| {
            let first = id / PER_ROOM * PER_ROOM;
            (first + PER_ROOM).min(clients) - first - usize::from(!self.contender.echoes())
        };
        let deliveries: usize = (0..clients).map(hearers).sum();
        self.wait_for(crowd, "one line of each client", |ears| ears.heard == deliveries)
    }

    fn wait_for(&mut self, crowd: &mut Crowd, what: &str, is_done: impl Fn(&Self) -> bool) -> Result<()> {
        let start = Instant::now();
        while !is_done(self) {
            if start.elapsed() > PATIENCE {
                return Err(Failure::TooLate { after: PATIENCE, waited_for: what.into() });
            }
            crowd.turn(Duration::from_millis(100), self)?;
        }
        Ok(())
    }
}

impl Hear for Ears<'_> {
    fn hear(&mut self, id: usize, bytes: &[u8], client: &mut Client) -> Result<usize> {
        let speech = self.contender.speaks(id);
        let mut used = 0;
        while let Some(length) = speech.framing().unit(&bytes[used..]) {
            let line = speech.framing().without_end(&bytes[used..used + length]);
            used += length;
            match speech.read(line) {
                Line::Ready => self.ready += 1,
                Line::Said(_) => self.heard += 1,
                Line::Ping(answer) => client.send(&answer)?,
                Line::Complaint | Line::Session(_) => {
                    return Err(Failure::Broken(format!("client {id} heard {}", line.escape_ascii())));
                }
                Line::Confirmed(_) | Line::Framing | Line::Chatter => {}
            }
        }
        Ok(used)
    }
}

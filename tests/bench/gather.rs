//! Connects a crowd: each client is greeted, and enters a room.

use std::time::{Duration, Instant};

use crate::{
    contender::{Contender, Line, nick, room},
    crowd::{Client, Crowd, Hear},
    failure::{Failure, Result},
    process::Running,
};

const DEADLINE: Duration = Duration::from_secs(30);

/// How far each client goes: to the greeting, or on to the room that is its number's.
pub(crate) enum Goal<'a> {
    Greeted,
    Room(&'a dyn Fn(usize) -> usize),
}

/// Connects `count` clients and returns how long it takes until the last one is in.
pub(crate) fn gather(
    crowd: &mut Crowd,
    server: &Running,
    contender: &dyn Contender,
    count: usize,
    goal: &Goal<'_>,
) -> Result<Duration> {
    let start = Instant::now();
    let mut door = Door { contender, goal, answers: vec![0; count], inside: 0 };
    while door.inside < count {
        while crowd.len() < count && crowd.len() - door.inside < contender.at_the_door() {
            let id = crowd.len();
            let hello = contender.speaks(id).hello(&nick(id));
            crowd.connect(&contender.address(id, server))?.send(hello.as_bytes())?;
        }
        crowd.turn(Duration::from_millis(100), &mut door)?;
        if start.elapsed() > DEADLINE {
            return Err(door.too_late(count));
        }
    }
    Ok(start.elapsed())
}

struct Door<'a> {
    contender: &'a dyn Contender,
    goal: &'a Goal<'a>,
    /// How often the server told each client that it is ready.
    answers: Vec<u8>,
    inside: usize,
}

impl Hear for Door<'_> {
    fn hear(&mut self, id: usize, bytes: &[u8], client: &mut Client) -> Result<usize> {
        let speech = self.contender.speaks(id);
        let mut used = 0;
        while let Some(length) = speech.framing().unit(&bytes[used..]) {
            let line = speech.framing().without_end(&bytes[used..used + length]);
            used += length;
            match speech.read(line) {
                Line::Ready => self.ready(id, client)?,
                Line::Ping(answer) => client.send(&answer)?,
                Line::Session(session) => client.begin(session)?,
                Line::Framing | Line::Chatter => {}
                Line::Said(_) | Line::Confirmed(_) | Line::Complaint => {
                    return Err(Failure::Broken(format!(
                        "client {id} was not let in: {}",
                        line.escape_ascii()
                    )));
                }
            }
        }
        Ok(used)
    }
}

impl Door<'_> {
    fn ready(&mut self, id: usize, client: &mut Client) -> Result<()> {
        self.answers[id] += 1;
        match (self.goal, self.answers[id]) {
            (Goal::Room(room_of), 1) => {
                let entering = self.contender.speaks(id).enter(&nick(id), &room(room_of(id)));
                client.send(&entering)
            }
            (Goal::Room(_), 2) | (Goal::Greeted, 1) => {
                self.inside += 1;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn too_late(&self, count: usize) -> Failure {
        let missing = self.answers.iter().position(|&answers| answers < 2).unwrap_or(0);
        let waited_for = format!(
            "{} of {count} clients to be let in; client {missing} had {} answers",
            count - self.inside,
            self.answers[missing]
        );
        Failure::TooLate { after: DEADLINE, waited_for }
    }
}

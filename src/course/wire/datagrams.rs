//! A client that speaks JSON in datagrams, over a network that loses, duplicates and delays them.

use std::{
    collections::VecDeque,
    io,
    net::{Ipv4Addr, UdpSocket},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::course::{
    class,
    conversation::Pattern,
    failure::{Evidence, Failure},
    peer::Heard,
    seed::Seed,
    stage::{Outcome, Stage, refused},
};

/// How long a client waits for an acknowledgement before it sends a datagram again. The second wait is twice as
/// long, and so on.
const FIRST_WAIT: Duration = Duration::from_millis(25);

/// How many late datagrams a bad network holds. When there is one more, the oldest arrives, after some that were
/// sent later.
const ON_THEIR_WAY: usize = 2;

/// How often a bad network can fail with one datagram. Without a limit, it could fail for seconds.
const FAILURES: u32 = 3;

/// The largest datagram.
const LARGEST: usize = 65_536;

/// What happens to datagrams on their way.
#[derive(Clone, Debug)]
pub(crate) enum Network {
    /// Each arrives once.
    Good,
    /// Some are lost, duplicated or late.
    Bad(Seed),
}

/// A client with a UDP socket of its own.
#[derive(Debug)]
pub(crate) struct DatagramPeer {
    pub(crate) name: String,
    socket: UdpSocket,
    network: Network,
    /// Datagrams that arrive late.
    late: VecDeque<String>,
    /// What it has sent with an id, from id 1 on.
    sent: Vec<String>,
    /// Objects that came while it waited for an acknowledgement.
    waiting: VecDeque<String>,
    /// What it has heard.
    heard: Vec<Pattern>,
    /// The news of other clients that it has heard.
    news: Vec<String>,
}

impl DatagramPeer {
    pub(crate) fn new(stage: &Stage<'_>, name: &str, network: Network) -> Result<Self, Failure> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| {
            socket.connect((Ipv4Addr::LOCALHOST, stage.port()))?;
            Ok(socket)
        });
        let socket = socket.map_err(|error| refused(&error))?;
        let (late, waiting) = (VecDeque::new(), VecDeque::new());
        let (sent, heard, news) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { name: name.to_owned(), socket, network, late, sent, waiting, heard, news })
    }

    /// Joins a room under its name.
    pub(crate) fn joins(&mut self, stage: &mut Stage<'_>, room: &str) -> Outcome {
        let object = format!(r#"{{"type":"join","room":"{room}","user":"{}"}}"#, self.name);
        self.tells(stage, &object)
    }

    pub(crate) fn says(&mut self, stage: &mut Stage<'_>, text: &str) -> Outcome {
        self.tells(stage, &format!(r#"{{"type":"message","text":"{text}"}}"#))
    }

    /// Sends an object with a new id, again and again until it is acknowledged.
    pub(crate) fn tells(&mut self, stage: &mut Stage<'_>, object: &str) -> Outcome {
        let id = self.sent.len() + 1;
        let object = format!(r#"{{"id":{id},{}"#, &object[1..]);
        stage.transcript.add(&self.name, ">", &object);
        self.sent.push(object);
        self.is_acknowledged(stage, id)
    }

    /// Sends the object with this id again, like a client that has not received the acknowledgement.
    pub(crate) fn repeats(&mut self, stage: &mut Stage<'_>, id: usize) -> Outcome {
        stage.transcript.add(&self.name, ">", &self.sent[id - 1]);
        self.is_acknowledged(stage, id).map_err(|failure| {
            failure.note(format!("{} had sent the datagram with the id {id} before.", self.name))
        })
    }

    /// The number of objects that it has sent with an id, which is the last id.
    pub(crate) fn last_id(&self) -> usize {
        self.sent.len()
    }

    /// Sends a datagram as it is, over a good network.
    pub(crate) fn sends(&mut self, stage: &mut Stage<'_>, datagram: &str) {
        stage.transcript.add(&self.name, ">", datagram);
        self.deliver(datagram);
    }

    fn is_acknowledged(&mut self, stage: &mut Stage<'_>, id: usize) -> Outcome {
        let deadline = Instant::now() + stage.rules.patience;
        let mut wait = FIRST_WAIT;
        for attempt in 0.. {
            self.transmit(id, attempt);
            let until = (Instant::now() + wait).min(deadline);
            while let Some(datagram) = self.receive(until) {
                if ack_in(&datagram) != Some(id) {
                    self.waiting.push_back(datagram);
                } else if self.network.fate(attempt) > 0 {
                    stage.transcript.add(&self.name, "<", &datagram);
                    return Ok(());
                }
            }
            if Instant::now() >= deadline {
                break;
            }
            wait *= 2;
        }
        let expected = format!(r#"{{"type":"ack","id":{id}}}"#);
        Err(stage.judged(Failure::new(&class::NO_ACK, expected, "(no such datagram)")))
    }

    /// Passes a datagram to the network.
    fn transmit(&mut self, id: usize, attempt: u32) {
        let datagram = self.sent[id - 1].clone();
        match self.network.fate(attempt) {
            0 => {}
            1 => self.late.push_back(datagram),
            2 => [&datagram; 2].into_iter().for_each(|datagram| self.deliver(datagram)),
            _ => self.deliver(&datagram),
        }
        if self.late.len() > ON_THEIR_WAY {
            self.late.pop_front().into_iter().for_each(|datagram| self.deliver(&datagram));
        }
    }

    /// Delivers all late datagrams.
    pub(crate) fn late_ones_arrive(&mut self) {
        while let Some(datagram) = self.late.pop_front() {
            self.deliver(&datagram);
        }
    }

    fn deliver(&self, datagram: &str) {
        // If the server has ended, the client notices it because no answer comes.
        let _ = self.socket.send(datagram.as_bytes());
    }

    fn receive(&self, deadline: Instant) -> Option<String> {
        let mut bytes = vec![0; LARGEST];
        loop {
            // A timeout of zero would be an error.
            let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            self.socket.set_read_timeout(Some(left)).ok()?;
            match self.socket.recv(&mut bytes) {
                Ok(length) => return Some(String::from_utf8_lossy(&bytes[..length]).trim_end().to_owned()),
                // The server has not received an earlier datagram.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
            if Instant::now() >= deadline {
                return None;
            }
        }
    }

    /// The next object that is no acknowledgement.
    fn next(&mut self, deadline: Instant) -> Option<String> {
        loop {
            let next = self.waiting.pop_front().or_else(|| self.receive(deadline))?;
            if ack_in(&next).is_none() {
                return Some(next);
            }
        }
    }

    /// The next datagram, which may be an acknowledgement; `None` if none comes in time.
    pub(crate) fn next_datagram(&mut self, stage: &Stage<'_>) -> Option<String> {
        self.receive(Instant::now() + stage.rules.patience)
    }

    /// Expects this object next, apart from news of other clients.
    pub(crate) fn hears(&mut self, stage: &mut Stage<'_>, due: &Pattern) -> Outcome {
        let deadline = Instant::now() + stage.rules.patience;
        let due = stage.with_wording(due);
        loop {
            let heard = self.next(deadline).map_or(Heard::Silence, |object| Heard::Line(object.into_bytes()));
            let text = if let Heard::Line(line) = &heard { String::from_utf8_lossy(line) } else { "".into() };
            if due.matches(&text) {
                stage.transcript.add(&self.name, "<", &text);
                self.heard.push(due);
                return Ok(());
            }
            if is_news(&text) {
                self.news.push(text.into_owned());
                continue;
            }
            let is_repeated = self.has_heard(&text);
            let failure = Evidence::new(&self.name, &due, heard).diagnose().without_newlines();
            return Err(stage.judged(self.perhaps_repeated(failure, is_repeated)));
        }
    }

    /// Whether it has heard this news.
    pub(crate) fn has_heard_news(&self, due: &Pattern) -> bool {
        self.news.iter().any(|news| due.matches(news))
    }

    /// Expects that this client has heard nothing else, apart from news of other clients.
    pub(crate) fn hears_nothing(&mut self, stage: &mut Stage<'_>) -> Outcome {
        let token = stage.seed.token();
        let told = stage.transcript.clone();
        self.tells(stage, &format!(r#"{{"type":"{token}"}}"#))?;
        stage.transcript = told;
        let deadline = Instant::now() + stage.rules.patience;
        while let Some(object) = self.next(deadline) {
            if object.contains(&token) {
                return Ok(());
            }
            if !is_news(&object) {
                let expected = format!("(nothing for {})", self.name);
                let failure = Failure::new(&class::OVERHEARD, expected, &object);
                return Err(stage.judged(self.perhaps_repeated(failure, self.has_heard(&object))));
            }
        }
        let expected = format!(r#"{{"type":"error","text":"Unknown message type: {token}"}}"#);
        Err(stage.judged(Failure::new(&class::SILENT, expected, "(nothing)")))
    }

    fn has_heard(&self, object: &str) -> bool {
        self.heard.iter().any(|heard| heard.matches(object))
    }

    fn perhaps_repeated(&self, failure: Failure, is_repeated: bool) -> Failure {
        if !is_repeated {
            return failure;
        }
        let note = format!("{} has received this before.", self.name);
        Failure { class: &class::REPEATED, notes: vec![note], ..failure }
    }
}

impl Network {
    /// What happens to the next datagram: 0 loses it, 1 delays it, 2 duplicates it, and a larger number delivers it.
    fn fate(&mut self, attempt: u32) -> usize {
        match self {
            Self::Bad(seed) if attempt < FAILURES => seed.below(5),
            _ => usize::MAX,
        }
    }
}

/// The id of an acknowledgement.
pub(crate) fn ack_in(datagram: &str) -> Option<usize> {
    let object: Value = serde_json::from_str(datagram).ok()?;
    (object["type"] == "ack").then(|| object["id"].as_u64().and_then(|id| id.try_into().ok()))?
}

/// Whether an object is a sentence about what happens in the room.
fn is_news(object: &str) -> bool {
    serde_json::from_str::<Value>(object).is_ok_and(|object| object["type"] == "system")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_has_the_type_and_a_number() {
        assert_eq!(ack_in(r#"{"id":42, "type":"ack"}"#), Some(42));
        assert_eq!(ack_in(r#"{"id":"42","type":"ack"}"#), None);
        assert_eq!(ack_in(r#"{"id":42,"type":"message"}"#), None);
        assert_eq!(ack_in("ack 42"), None);
    }
}

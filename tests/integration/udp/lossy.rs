//! A network that loses, duplicates and reorders datagrams.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::program::{Program, start};
use crate::support::DEADLINE;

const PROGRAMS: u64 = 5;
const MESSAGES: i64 = 60;

/// Stands between a program and the server, and does what a bad network does. The seed decides when.
struct Proxy {
    program: Program,
    seed: u64,
    /// Datagrams that are held back, so that others overtake them.
    held: Vec<Vec<u8>>,
}

impl Proxy {
    fn dice(&mut self, sides: u64) -> u64 {
        // xorshift64
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed % sides
    }

    fn sends(&mut self, object: &Value) {
        let datagram = object.to_string().into_bytes();
        match self.dice(10) {
            0..3 => {}
            3..5 => self.held.push(datagram),
            5..7 => {
                self.program.sends_bytes(&datagram);
                self.held.push(datagram);
            }
            _ => self.program.sends_bytes(&datagram),
        }
        if self.dice(4) == 0 {
            self.releases();
        }
    }

    /// What was held back arrives now, the last first.
    fn releases(&mut self) {
        while let Some(datagram) = self.held.pop() {
            self.program.sends_bytes(&datagram);
        }
    }

    /// What arrives in time.
    fn hears(&mut self) -> Option<Value> {
        let heard = self.program.next_in_time()?;
        if self.dice(4) == 0 { Some(Value::Null) } else { Some(heard) }
    }
}

/// Sends all of these until each is acknowledged; returns how many datagrams that took.
fn deliver(proxy: &mut Proxy, mut unacknowledged: BTreeMap<i64, Value>) -> usize {
    let (deadline, mut sent, mut wait) = (Instant::now() + DEADLINE, 0, Duration::from_millis(5));
    while !unacknowledged.is_empty() {
        assert!(Instant::now() < deadline, "not acknowledged: {unacknowledged:?}");
        for object in unacknowledged.values() {
            proxy.sends(object);
            sent += 1;
        }
        proxy.program.0.set_read_timeout(Some(wait)).expect("a time");
        while let Some(heard) = proxy.hears() {
            if heard["type"] == "ack" {
                unacknowledged.remove(&heard["id"].as_i64().expect("a number"));
            }
        }
        wait = (wait * 2).min(Duration::from_millis(100));
    }
    sent
}

/// One program joins and says everything through a bad network.
fn talk(port: u16, number: u64) -> usize {
    let seed = 0x9e37_79b9_7f4a_7c15 ^ number;
    let mut proxy = Proxy { program: Program::open(port), seed, held: Vec::new() };
    let join = json!({"type": "join", "room": "lobby", "user": format!("bot{number}"), "id": 0});
    let mut sent = deliver(&mut proxy, BTreeMap::from([(0, join)]));
    let message = |id| (id, json!({"type": "message", "text": format!("{number}:{id}"), "id": id}));
    sent += deliver(&mut proxy, (1..=MESSAGES).map(message).collect());
    // The last copies arrive, and behind them the end, which is not lost.
    proxy.releases();
    proxy.program.sends_until_acknowledged(&json!({"type": "leave", "id": MESSAGES + 1}));
    sent
}

#[test]
fn every_message_is_said_exactly_once_over_a_network_that_loses_and_doubles() {
    let (server, port) = start("?rate=0", &[]);
    let mut alice = server.client("alice");
    let sent: usize = std::thread::scope(|scope| {
        let talk = |number| {
            std::thread::Builder::new().spawn_scoped(scope, move || talk(port, number)).expect("a thread")
        };
        let talking: Vec<_> = (1..=PROGRAMS).map(talk).collect();
        talking.into_iter().map(|talking| talking.join().expect("all is acknowledged")).sum()
    });
    let (mut said, mut left) = (BTreeSet::new(), 0);
    while left < PROGRAMS {
        let line = alice.next_line().expect("the server is there");
        if let Some((_, text)) = line.strip_prefix("[lobby] bot").and_then(|rest| rest.split_once(": ")) {
            assert!(said.insert(text.to_owned()), "said twice: {text}");
        }
        left += u64::from(line.ends_with(" has left the chat."));
    }
    let all = (1..=PROGRAMS).flat_map(|number| (1..=MESSAGES).map(move |id| format!("{number}:{id}")));
    assert_eq!(said, all.collect());
    let least = usize::try_from(PROGRAMS).expect("few") * usize::try_from(MESSAGES + 1).expect("few");
    assert!(sent > least, "{sent} datagrams: some were sent again");
    alice.hears_nothing();
}

//! Clients that come, send a few lines, leave, and come again as another user.

use std::{net::SocketAddr, time::Duration};

use super::attack::{Attack, Target};
use crate::{
    address::Address,
    crowd::{Client, Crowd, Hear},
    failure::Result,
};

/// One visit.
#[derive(Clone, Copy)]
pub(super) struct Visit {
    /// Makes what the visitor sends in one write from the number of the visit.
    script: fn(usize) -> String,
    leaves: Leaves,
}

/// When a visitor leaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leaves {
    /// After the first bytes that it hears.
    OnceGreeted,
    /// When the server hangs up.
    HungUpOn,
    /// When the server hangs up, after the visitor has shut down its own side.
    HavingFinished,
}

pub(super) const GREETED: Visit = Visit { script: |_| String::new(), leaves: Leaves::OnceGreeted };

pub(super) const SILENT: Visit = Visit { script: |_| String::new(), leaves: Leaves::HungUpOn };

pub(super) const SPEAKING: Visit = Visit {
    script: |number| format!("/nick h{number}\n{}/quit\n", "buy this now\n".repeat(5)),
    leaves: Leaves::HungUpOn,
};

pub(super) const MAKING_ROOMS: Visit = Visit {
    script: |number| {
        let room = |at| format!("/join h{number}-{at}\nfirst\n");
        (0..4).map(room).chain(["/quit\n".into()]).collect()
    },
    leaves: Leaves::HungUpOn,
};

/// The first visitor registers the nickname whose password the others guess.
pub(super) const GUESSING: Visit = Visit {
    script: |number| match number {
        0 => "/nick victim\n/register a-long-password\n/quit\n".into(),
        _ => format!("{}/quit\n", format!("/login victim guess-{number}\n").repeat(3)),
    },
    leaves: Leaves::HungUpOn,
};

/// Most of the lines are too much speech, and the visitor is in the lobby already.
pub(super) const REFUSED: Visit =
    Visit { script: |_| "buy this now\n/join lobby\n".repeat(1000) + "/quit\n", leaves: Leaves::HungUpOn };

pub(super) const BROWSING: Visit = Visit {
    script: |number| {
        format!(
            "GET /{number} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: browser\r\nAccept: */*\r\n\
             Accept-Language: en\r\nAccept-Encoding: gzip\r\nConnection: keep-alive\r\n\r\n"
        )
    },
    leaves: Leaves::HavingFinished,
};

/// Visits until the attack is over, and returns how many visits have ended.
pub(super) fn come_and_go(
    attack: &Attack,
    visit: Visit,
    address: SocketAddr,
    target: &Target<'_>,
) -> Result<u64> {
    let mut crowd = Crowd::from_origins(attack.origin_count())?;
    let mut visits = Visits { visit, begun: 0, ended: Vec::new() };
    while crowd.len() < attack.clients && !target.is_over() {
        if let Ok(client) = crowd.connect(&Address::Tcp(address)) {
            visits.begin(client);
        }
        crowd.turn(Duration::ZERO, &mut visits)?;
    }
    let mut count = 0;
    while !target.is_over() {
        crowd.turn(Duration::from_millis(20), &mut visits)?;
        for slot in std::mem::take(&mut visits.ended) {
            count += 1;
            match crowd.reconnect(&Address::Tcp(address), slot) {
                Ok(client) => visits.begin(client),
                // The server does not accept now. The next turn tries again.
                Err(_) => visits.ended.push(slot),
            }
        }
    }
    Ok(count)
}

struct Visits {
    visit: Visit,
    begun: usize,
    /// Slots whose visit has ended.
    ended: Vec<usize>,
}

impl Visits {
    fn begin(&mut self, client: &mut Client) {
        // If the server has hung up, the next turn notices it.
        let _ = client.send((self.visit.script)(self.begun).as_bytes());
        if self.visit.leaves == Leaves::HavingFinished {
            client.finish();
        }
        self.begun += 1;
    }
}

impl Hear for Visits {
    fn hear(&mut self, id: usize, bytes: &[u8], _client: &mut Client) -> Result<usize> {
        if self.visit.leaves == Leaves::OnceGreeted {
            self.ended.push(id);
        }
        Ok(bytes.len())
    }

    fn end(&mut self, id: usize) -> Result<()> {
        self.ended.push(id);
        Ok(())
    }
}

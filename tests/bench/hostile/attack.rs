//! The table of attacks.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use super::{
    ignoring, never_reading, questions,
    visits::{self, Visit},
};
use crate::failure::Result;

/// How much less urgent the attacker's thread is. With two cores, it would otherwise delay the thread that measures.
const NICE: i32 = 5;

/// How many addresses of the loopback network the attackers come from.
#[derive(Clone, Copy)]
pub(super) enum Origins {
    One,
    /// At most a hundred clients from each.
    Many,
}

/// One row of the table.
#[derive(Clone, Copy)]
pub(crate) struct Attack {
    pub(crate) title: &'static str,
    /// How many clients attack at a time.
    pub(crate) clients: usize,
    pub(super) origins: Origins,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy)]
pub(super) enum Kind {
    None,
    /// Every client asks the next question when the last one is answered.
    Questions(&'static [&'static str]),
    /// Every client comes, does its part, leaves, and comes again.
    Visits(Visit),
    /// All clients come, each ignores this many of the others, and all leave.
    Ignoring(usize),
    /// Every client asks for more than its socket takes, and reads nothing.
    NeverReading,
    /// Every client connects to the port for files, sends nothing, and connects again when the server hangs up.
    SilentAtFilePort,
}

/// What is attacked, and whether the attack is over.
pub(super) struct Target<'a> {
    pub(super) chat: SocketAddr,
    /// The port for files, for the attack on it.
    pub(super) files: Option<SocketAddr>,
    pub(super) is_over: &'a AtomicBool,
}

impl Target<'_> {
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Relaxed)
    }
}

impl Attack {
    pub(crate) const NONE: Self =
        Self { title: "no attack", clients: 0, origins: Origins::One, kind: Kind::None };

    /// Whether it ends when it has done its part, and not after a certain time.
    pub(super) fn ends_by_itself(&self) -> bool {
        matches!(self.kind, Kind::Ignoring(_))
    }

    /// The same with fewer clients.
    pub(crate) fn at_most(self, most: usize) -> Self {
        Self { clients: self.clients.min(most), ..self }
    }

    /// Attacks until it is over, and returns how much was done: questions answered, visits ended, users ignored.
    pub(super) fn run(&self, target: &Target<'_>) -> Result<u64> {
        // If this fails, the figures are only less exact.
        let _ = rustix::process::nice(NICE);
        match self.kind {
            Kind::None => Ok(0),
            Kind::Questions(questions) => questions::ask(self, questions, target),
            Kind::Visits(visit) => visits::come_and_go(self, visit, target.chat, target),
            Kind::SilentAtFilePort => {
                let port = target.files.expect("the scenario finds it out for this attack");
                visits::come_and_go(self, visits::SILENT, port, target)
            }
            Kind::Ignoring(each) => ignoring::ignore(self, each, target),
            Kind::NeverReading => Ok(never_reading::ask_and_not_read(self, target)),
        }
    }

    /// How many addresses its clients come from.
    pub(super) fn origin_count(&self) -> usize {
        match self.origins {
            Origins::One => 1,
            Origins::Many => self.clients.div_ceil(100).max(2),
        }
    }
}

const HISTORY: Kind = Kind::Questions(&["/history 1000"]);
const LISTS: Kind = Kind::Questions(&["/users", "/rooms", "/emojis", "/help", "/mods", "/listall"]);

#[rustfmt::skip]
pub(crate) const ATTACKS: &[Attack] = &[
    Attack::NONE,
    Attack { title: "100 clients ask for /history 1000", clients: 100, origins: Origins::One, kind: HISTORY },
    Attack { title: "900 clients ask for /history 1000", clients: 900, origins: Origins::One, kind: HISTORY },
    Attack { title: "900 clients ask for /users and other lists", clients: 900, origins: Origins::One, kind: LISTS },
    Attack { title: "visits that say 5 lines", clients: 50, origins: Origins::One, kind: Kind::Visits(visits::SPEAKING) },
    Attack { title: "visits that hear the greeting", clients: 50, origins: Origins::One, kind: Kind::Visits(visits::GREETED) },
    Attack { title: "visits that make 4 rooms", clients: 50, origins: Origins::One, kind: Kind::Visits(visits::MAKING_ROOMS) },
    Attack { title: "visits that guess 3 passwords", clients: 50, origins: Origins::One, kind: Kind::Visits(visits::GUESSING) },
    Attack { title: "visits of web browsers", clients: 50, origins: Origins::Many, kind: Kind::Visits(visits::BROWSING) },
    Attack { title: "8000 clients ignore 30 users each and leave", clients: 8000, origins: Origins::Many, kind: Kind::Ignoring(30) },
    Attack { title: "visits that are refused 2000 times", clients: 100, origins: Origins::One, kind: Kind::Visits(visits::REFUSED) },
    Attack { title: "900 clients read nothing", clients: 900, origins: Origins::Many, kind: Kind::NeverReading },
    Attack { title: "100 clients read nothing", clients: 100, origins: Origins::One, kind: Kind::NeverReading },
    Attack { title: "32 silent connections to the file port", clients: 32, origins: Origins::Many, kind: Kind::SilentAtFilePort },
    Attack { title: "1000 silent connections to the file port", clients: 1000, origins: Origins::Many, kind: Kind::SilentAtFilePort },
];

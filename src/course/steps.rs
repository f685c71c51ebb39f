//! The table of the steps of the course and their checks.

use super::{
    checks::{self, Check, How},
    wire::Wire,
};

/// One step of the course.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The place in the course, from 1 on.
    pub number: usize,
    /// The title, as in `challenges.md`.
    pub title: &'static str,
    /// The part of the course.
    pub part: Part,
    /// The checks that a program must pass. The first one, if it is a conversation, is the example on the page.
    pub checks: &'static [Check],
}

/// A part of the course.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A chat server, from an empty file on.
    Base,
    /// The same server, for many clients at once.
    Threads,
    /// A client.
    Client,
    /// Further features of the server.
    Challenges,
    /// The same server, for programs that speak otherwise.
    Wires,
    /// Further features, as in [`Part::Challenges`].
    More,
    /// Further features of the client.
    MoreClient,
}

/// The kind of a learner's program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A program that listens on the port.
    Server,
    /// A program that connects to the port.
    Client,
}

impl Role {
    /// The word for it, which is also its key in the learner's notes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}

impl Part {
    /// The title, as in `challenges.md`.
    pub fn title(self) -> &'static str {
        match self {
            Self::Base => "Base",
            Self::Threads => "Threads",
            Self::Client => "Client",
            Self::Challenges => "Challenges",
            Self::Wires => "Wires",
            Self::More => "More challenges",
            Self::MoreClient => "A challenge for clients",
        }
    }

    /// Whether a program for a step of another part need not pass the steps of this one, nor one for another step of
    /// this part, if it has challenges.
    pub fn is_of_choice(self, other: Self) -> bool {
        match self {
            Self::Challenges | Self::More | Self::MoreClient => true,
            Self::Wires => other != Self::Wires,
            Self::Base | Self::Threads | Self::Client => false,
        }
    }

    /// The kind of program that a learner builds in this part.
    pub fn role(self) -> Role {
        if matches!(self, Self::Client | Self::MoreClient) { Role::Client } else { Role::Server }
    }
}

/// A check by the conversation `tests/conversations/NAME.chat`.
macro_rules! chat {
    ($name:literal) => {
        Check::conversation($name, include_str!(concat!("../../tests/conversations/", $name, ".chat")))
    };
}

/// All steps in order; step n has index n - 1.
pub const STEPS: [Step; 35] = [
    base(1, "Listen and greet", &[chat!("01_welcome"), chat!("01_next_caller")]),
    base(2, "Answer one line", &[chat!("02_answer"), chat!("02_goes_on"), checks::EMPTY_LINE]),
    base(
        3,
        "A byte stream is not messages",
        &[
            chat!("03_glued"),
            chat!("03_pieces"),
            chat!("03_emoji"),
            chat!("03_line_ends"),
            checks::UNCHANGED,
            checks::LONG_LINE,
        ],
    ),
    base(4, "Two clients at once", &[chat!("04_two"), chat!("04_third"), checks::RESTS]),
    base(
        5,
        "Tell the others",
        &[
            chat!("05_everybody"),
            chat!("05_one_closes"),
            chat!("05_one_resets"),
            chat!("05_one_finishes"),
            checks::CROWD[0],
            checks::CROWD[1],
        ],
    ),
    base(6, "Names and a welcome", &[chat!("06_names"), chat!("06_arrival"), checks::FRESH_NAMES]),
    base(
        7,
        "A nickname of one's own",
        &[
            chat!("07_nick"),
            chat!("07_taken"),
            chat!("07_own_name"),
            chat!("07_rule"),
            chat!("07_edges"),
            chat!("07_word"),
            checks::GONE,
        ],
    ),
    base(8, "Rooms", &[chat!("08_rooms"), chat!("08_leave"), chat!("08_names"), chat!("08_neighbours")]),
    base(
        9,
        "Asking",
        &[
            chat!("09_users"),
            chat!("09_capitals"),
            chat!("09_rooms"),
            chat!("09_help"),
            chat!("09_unknown"),
            chat!("09_blank"),
        ],
    ),
    base(10, "Whispers", &[chat!("10_whisper"), chat!("10_far"), chat!("10_nobody")]),
    base(
        11,
        "Leaving",
        &[chat!("11_quit"), chat!("11_end"), chat!("11_reset"), chat!("11_half_line"), chat!("11_free_name")],
    ),
    base(12, "Stopping", &[chat!("12_term"), chat!("12_ctrl_c")]),
    threads(13, "Nothing slow under the lock", &[checks::OTHERS_GO_ON]),
    threads(14, "One order", &checks::ORDER),
    threads(15, "A reader that stops reading", &checks::READERS),
    threads(16, "Races", &checks::RACES),
    threads(17, "Limits", &checks::LIMITS),
    client(18, "Two threads", &[checks::BOTH_WAYS]),
    client(19, "Keep what is being typed", &[checks::HALF_TYPED]),
    client(20, "On a pipe", &checks::PIPES),
    client(21, "Coming back", &[checks::COMES_BACK]),
    challenge(22, "History", &[chat!("22_history"), chat!("22_again"), checks::HISTORY]),
    challenge(23, "Files", &checks::FILES),
    challenge(24, "Moderation", &[chat!("24_ban")]),
    challenge(25, "Emoji", &[chat!("25_emoji")]),
    challenge(26, "A log", &checks::LOG),
    challenge(27, "Accounts", &[chat!("27_accounts")]),
    challenge(28, "Administration", &[chat!("28_administrator")]),
    challenge(29, "Rate limiting", &[chat!("29_rate")]),
    wire(
        30,
        "JSON on lines",
        &[
            chat!("30_join"),
            chat!("30_errors"),
            chat!("30_escapes"),
            chat!("30_glued"),
            chat!("30_rooms"),
            checks::NUMBERED,
        ],
    ),
    wire(31, "Datagrams", &checks::DATAGRAMS),
    wire(32, "Frames", &checks::FRAMES),
    wire(33, "Heartbeats", &checks::HEARTBEATS),
    more(
        34,
        "Bots",
        &[
            chat!("34_trivia"),
            chat!("34_rooms"),
            chat!("34_reminder"),
            chat!("34_waits"),
            chat!("34_other_bots"),
            checks::FLOODED_BOT,
        ],
    ),
    Step { number: 35, title: "Sealed whispers", part: Part::MoreClient, checks: &checks::SEALS },
];

const fn base(number: usize, title: &'static str, checks: &'static [Check]) -> Step {
    Step { number, title, part: Part::Base, checks }
}

const fn threads(number: usize, title: &'static str, checks: &'static [Check]) -> Step {
    Step { number, title, part: Part::Threads, checks }
}

const fn client(number: usize, title: &'static str, checks: &'static [Check]) -> Step {
    Step { number, title, part: Part::Client, checks }
}

const fn challenge(number: usize, title: &'static str, checks: &'static [Check]) -> Step {
    Step { number, title, part: Part::Challenges, checks }
}

const fn wire(number: usize, title: &'static str, checks: &'static [Check]) -> Step {
    Step { number, title, part: Part::Wires, checks }
}

const fn more(number: usize, title: &'static str, checks: &'static [Check]) -> Step {
    Step { number, title, part: Part::More, checks }
}

impl Step {
    /// Finds a step by its number.
    pub fn find(number: usize) -> Option<&'static Self> {
        STEPS.get(number.checked_sub(1)?)
    }

    /// Whether its checks flood and race, which takes many seconds of all processors.
    pub fn is_heavy(&self) -> bool {
        self.part == Part::Threads
    }

    /// Whether a check needs the learner's client as well as the server.
    pub fn needs_client(&self) -> bool {
        self.checks.iter().any(|check| matches!(check.how, How::Both { .. }))
    }

    /// What its checks speak.
    pub fn wire(&self) -> Wire {
        self.checks.iter().map(Check::wire).find(|wire| *wire != Wire::Text).unwrap_or_default()
    }

    /// The steps that a program at this step must pass, the newest first: all steps up to this one for the same kind
    /// of program. Challenges do not build on each other or on wires, so those are left out.
    pub fn up_to(&self) -> impl Iterator<Item = &'static Self> {
        let (number, role, part) = (self.number, self.part.role(), self.part);
        let counts = move |step: &&Self| {
            step.part.role() == role && (!step.part.is_of_choice(part) || step.number == number)
        };
        STEPS[..number].iter().rev().filter(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::conversation::Conversation;

    #[test]
    fn steps_are_numbered_as_they_stand_and_parts_do_not_mix() {
        for (i, step) in STEPS.iter().enumerate() {
            assert_eq!(step.number, i + 1);
        }
        assert!(STEPS.is_sorted_by_key(|step| step.part));
    }

    #[test]
    fn every_conversation_is_valid_and_named_after_its_step() {
        for step in &STEPS {
            for check in step.checks {
                let How::Conversation(text) = check.how else { continue };
                if let Err(error) = Conversation::parse(text) {
                    panic!("tests/conversations/{}.chat: {error}", check.name);
                }
                assert!(check.name.starts_with(&format!("{:02}_", step.number)), "{}", check.name);
            }
        }
    }

    #[test]
    fn a_client_is_not_asked_to_be_a_server() {
        let numbers = |n| Step::find(n).expect("a step").up_to().map(|step| step.number).collect::<Vec<_>>();
        assert_eq!(numbers(3), [3, 2, 1]);
        assert_eq!(numbers(20), [20, 19, 18]);
        assert_eq!(numbers(24)[..3], [24, 17, 16]);
        assert_eq!(numbers(31)[..4], [31, 30, 17, 16]);
        assert_eq!(numbers(34)[..3], [34, 17, 16]);
        assert_eq!(numbers(35), [35, 21, 20, 19, 18]);
    }
}

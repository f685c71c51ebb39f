//! On a pipe, whether the client has the nickname and the room that its input has asked for.
//!
//! A line that is said under another name or in another room is worse than one that is not said. So after
//! each command that changes one of them, nothing is sent until the server has answered it.

use super::{secret, speech::Typed, verb};
use crate::event::heard::Heard;

#[derive(Default)]
pub(super) struct Standing {
    /// Whether a line of the input was sent.
    pub(super) has_begun: bool,
    /// Whether the nickname of the command line needs a password.
    needs_login: bool,
    awaited: Option<Awaited>,
}

/// A command whose answer is not known yet.
struct Awaited {
    line: String,
    verb: &'static str,
    has_succeeded: bool,
}

impl Standing {
    /// The nickname of the command line needs a password.
    pub(super) fn need_login(&mut self) {
        self.needs_login = !self.has_begun;
    }

    /// Whether a line must not be sent, because it would be said under another name.
    pub(super) fn forbids(&self, line: &str) -> bool {
        self.needs_login && Typed::new(line).is_said
    }

    /// Notes a line that is sent. Asks for a mark if the line changes nickname or room.
    pub(super) fn sends(&mut self, line: &str, ask_for_mark: impl FnOnce() -> Option<String>) -> String {
        self.has_begun = true;
        let moving = verb(line).filter(|(verb, _)| ["nick", "login", "join", "leave"].contains(&verb.name));
        // A server without marks does not tell when it has answered.
        let Some(((verb, _), mark)) = moving.and_then(|moving| Some((moving, ask_for_mark()?))) else {
            return String::new();
        };
        let line = secret::withheld(line).into_owned();
        self.awaited = Some(Awaited { line, verb: verb.name, has_succeeded: false });
        mark
    }

    /// Whether nothing may be sent yet.
    pub(super) fn is_waiting(&self) -> bool {
        self.awaited.is_some()
    }

    /// Takes a line from the server.
    pub(super) fn hear(&mut self, heard: &Heard<'_>) {
        self.needs_login &= !matches!(heard, Heard::YourNick(_));
        if let Some(awaited) = &mut self.awaited {
            awaited.has_succeeded |= match awaited.verb {
                "nick" => matches!(heard, Heard::YourNick(_)),
                "login" => matches!(heard, Heard::PasswordAccepted),
                _ => matches!(heard, Heard::YourRoom(_) | Heard::AlreadyThere),
            };
        }
    }

    /// The server has answered everything. Returns the command that it has refused.
    pub(super) fn answered(&mut self) -> Option<String> {
        self.awaited.take().filter(|awaited| !awaited.has_succeeded).map(|awaited| awaited.line)
    }
}

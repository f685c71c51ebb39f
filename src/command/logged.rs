//! What the log is told about a command.
//!
//! A password cannot get in here in any form: [`Asked`] has no place for a word that was not checked to
//! be a name or a number. The log never sees what was typed, only what it was understood as.

use std::fmt;

use super::{Administration, Among, Ask, FileCommand, Moderation, MutingCommand, Stretch};
use crate::names::{Network, Nick, Room};

/// A command without what is private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The name of its verb.
    pub verb: &'static str,
    /// What it was about.
    pub about: About,
}

/// What a command was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum About {
    /// Nothing, or nothing to be told.
    Nothing,
    /// A nickname, in use or not.
    User(Nick),
    /// A room.
    Room(Room),
    /// A number of things.
    Count(usize),
    /// A number of seconds.
    Seconds(u64),
    /// An address or a network.
    Network(Network),
    /// The name of another command.
    Verb(&'static str),
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => Ok(()),
            Self::User(nick) => write!(f, " user={nick}"),
            Self::Room(room) => write!(f, " about={room}"),
            Self::Count(count) => write!(f, " count={count}"),
            Self::Seconds(seconds) => write!(f, " seconds={seconds}"),
            Self::Network(network) => write!(f, " about={network}"),
            Self::Verb(verb) => write!(f, " about=/{verb}"),
        }
    }
}

impl About {
    /// What of this the log is told. What is not listed here stays private.
    pub(super) fn of(ask: &Ask) -> Self {
        use Administration::{BanNetwork, Disconnect, ForceRename, ListAll, ShutDown, UnbanNetwork};
        use Moderation::{Ban, Demote, Kick, Promote, Unban};
        use MutingCommand::{Mute, Unmute};
        match ask {
            Ask::Rename(user)
            | Ask::Whois(user)
            | Ask::Ignore(user)
            | Ask::Unignore(user)
            | Ask::Moderate(Kick(user, _) | Ban(user, _) | Unban(user) | Promote(user) | Demote(user))
            | Ask::Administer(ForceRename { old: user, .. } | Disconnect(user, _))
            | Ask::Muting(Mute(user, _) | Unmute(user)) => Self::User(*user),
            Ask::Administer(BanNetwork(network, _) | UnbanNetwork(network)) => Self::Network(*network),
            Ask::Administer(ShutDown(notice)) => Self::Seconds(notice.as_secs()),
            Ask::Join(room, _)
            | Ask::ListMembers(Among::Room(room))
            | Ask::ShowStretch(Stretch { room: Some(room), .. })
            | Ask::Administer(ListAll(Some(room))) => Self::Room(*room),
            Ask::ShowHistory(Some(count)) => Self::Count(*count),
            Ask::Explain(verb) => Self::Verb(verb.name),
            Ask::File(command) => match **command {
                FileCommand::Offer { to, .. } => Self::User(to),
                _ => Self::Nothing,
            },
            _ => Self::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Verb, *};

    #[test]
    fn only_names_and_numbers_of_a_command_are_logged() {
        let logged = |verb: &str, rest: &str| {
            let command = Verb::find(verb).expect("the table has it").command(rest, 99);
            command.logged().map(|Asked { verb, about }| format!("/{verb}{about}"))
        };
        assert_eq!(logged("whois", "bob").as_deref(), Some("/whois user=bob"));
        assert_eq!(logged("join", "#ops").as_deref(), Some("/join about=ops"));
        assert_eq!(logged("history", "7").as_deref(), Some("/history count=7"));
        assert_eq!(logged("history", "a secret").as_deref(), Some("/history"));
        assert_eq!(logged("help", "join").as_deref(), Some("/help about=/join"));
        assert_eq!(logged("kick", "bob for a secret").as_deref(), Some("/kick user=bob"));
        assert_eq!(logged("topic", "a secret").as_deref(), Some("/topic"));
        assert_eq!(logged("emojis", "a secret").as_deref(), Some("/emojis"));
        assert_eq!(logged("login", "secret bob").as_deref(), Some("/login"));
        assert_eq!(logged("register", "one-long-secret").as_deref(), Some("/register"));
        assert_eq!(logged("admin", "secret").as_deref(), Some("/admin"));
        assert_eq!(logged("trace", "a secret"), None);
        assert_eq!(logged("whisper", "bob a secret"), None);
        assert_eq!(logged("whois", "no name at all"), None);
    }
}

//! What may be told to others about a command that somebody gave.
//!
//! A password cannot get in here, in no form: there is no place in [`Asked`] for a word that was not
//! checked to be a name or a number. What was typed is not looked at; only what it was understood as.

use std::fmt;

use super::{AccountCommand, Administration, Command, Moderation, MutingCommand, Watching};
use crate::names::{Network, Nick, Room};

/// A command, less what is nobody's business.
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
    /// Somebody, or the nickname of nobody yet.
    User(Nick),
    /// A room.
    Room(Room),
    /// So many of something.
    Count(usize),
    /// So many seconds.
    Seconds(u64),
    /// An address or a network.
    Network(Network),
    /// Another command.
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

impl Command {
    /// The command as it may be told; `None` for what people say, which is told as such, and for
    /// mistakes, which nobody has carried out.
    pub fn asked(&self) -> Option<Asked> {
        let (verb, about) = match self {
            Self::Say(_)
            | Self::Act(_)
            | Self::Whisper { .. }
            | Self::Reply(_)
            | Self::Watch(Watching::Trace(_))
            | Self::Mistake(_) => return None,
            Self::Rename(nick) => ("nick", About::User(*nick)),
            Self::Join(room) => ("join", About::Room(*room)),
            Self::Leave => ("leave", About::Nothing),
            Self::ListRooms => ("rooms", About::Nothing),
            Self::ListUsers => ("users", About::Nothing),
            Self::Whois(nick) => ("whois", About::User(*nick)),
            Self::ShowTopic | Self::SetTopic(_) => ("topic", About::Nothing),
            Self::ShowHistory(count) => ("history", count.map_or(About::Nothing, About::Count)),
            Self::ShowEmojis(_) => ("emojis", About::Nothing),
            Self::Moderate(moderation) => moderation.asked(),
            Self::Ignore(nick) => ("ignore", About::User(*nick)),
            Self::Unignore(nick) => ("unignore", About::User(*nick)),
            Self::Account(account) => account.asked(),
            Self::Administer(administration) => administration.asked(),
            Self::Muting(muting) => muting.asked(),
            Self::Watch(Watching::Threads) => ("threads", About::Nothing),
            Self::Watch(Watching::Stats) => ("stats", About::Nothing),
            Self::Help(verb) => ("help", verb.map_or(About::Nothing, |verb| About::Verb(verb.name))),
            Self::Quit => ("quit", About::Nothing),
        };
        Some(Asked { verb, about })
    }
}

impl Moderation {
    fn asked(&self) -> (&'static str, About) {
        match self {
            Self::Kick { user, reason: _ } => ("kick", About::User(*user)),
            Self::Ban { user, reason: _ } => ("ban", About::User(*user)),
            Self::Unban(user) => ("unban", About::User(*user)),
            Self::ListBans => ("bans", About::Nothing),
            Self::ListModerators => ("mods", About::Nothing),
            Self::Promote(user) => ("mod", About::User(*user)),
            Self::Demote(user) => ("unmod", About::User(*user)),
        }
    }
}

impl Administration {
    fn asked(&self) -> (&'static str, About) {
        match self {
            Self::ShutDown { seconds } => ("shutdown", About::Seconds(*seconds)),
            Self::CallShutdownOff => ("shutdown", About::Nothing),
            Self::Announce(_) => ("broadcast", About::Nothing),
            Self::ListAll(room) => ("listall", room.map_or(About::Nothing, About::Room)),
            Self::ForceRename { old, new: _ } => ("forcerename", About::User(*old)),
            Self::Disconnect { user, reason: _ } => ("disconnect", About::User(*user)),
            Self::BanNetwork { network, minutes: _ } => ("banip", About::Network(*network)),
            Self::UnbanNetwork(network) => ("unbanip", About::Network(*network)),
            Self::ListNetworkBans => ("unbanip", About::Nothing),
        }
    }
}

impl AccountCommand {
    /// Not even the nickname is told: where somebody mixes the two up, it is the password.
    fn asked(&self) -> (&'static str, About) {
        match self {
            Self::Register(_) => ("register", About::Nothing),
            Self::LogIn { .. } => ("login", About::Nothing),
            Self::ChangePassword { .. } => ("passwd", About::Nothing),
            Self::Unregister(_) => ("unregister", About::Nothing),
            Self::Administrate(_) => ("admin", About::Nothing),
        }
    }
}

impl MutingCommand {
    fn asked(&self) -> (&'static str, About) {
        match self {
            Self::List => ("mutelist", About::Nothing),
            Self::Mute { user, seconds: _ } => ("mute", About::User(*user)),
            Self::Unmute(user) => ("unmute", About::User(*user)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{VERBS, Verb};

    #[test]
    fn a_command_is_told_by_the_name_of_its_verb() {
        for verb in VERBS {
            let command = verb.command("bob 5", 99);
            if let Some(asked) = command.asked() {
                assert_eq!(Verb::find(asked.verb), Some(verb));
            }
        }
    }

    #[test]
    fn what_was_typed_is_told_only_where_it_is_a_name_or_a_number() {
        let told = |verb: &str, rest: &str| {
            let asked = Verb::find(verb).expect("the table has it").command(rest, 99).asked();
            asked.map(|Asked { verb, about }| format!("/{verb}{about}"))
        };
        assert_eq!(told("whois", "bob").as_deref(), Some("/whois user=bob"));
        assert_eq!(told("join", "#ops").as_deref(), Some("/join about=ops"));
        assert_eq!(told("history", "7").as_deref(), Some("/history count=7"));
        assert_eq!(told("help", "join").as_deref(), Some("/help about=/join"));
        assert_eq!(told("kick", "bob for a secret").as_deref(), Some("/kick user=bob"));
        assert_eq!(told("topic", "a secret").as_deref(), Some("/topic"));
        assert_eq!(told("emojis", "a secret").as_deref(), Some("/emojis"));
        assert_eq!(told("login", "secret bob").as_deref(), Some("/login"));
        assert_eq!(told("register", "one-long-secret").as_deref(), Some("/register"));
        assert_eq!(told("admin", "secret").as_deref(), Some("/admin"));
        assert_eq!(told("trace", "a secret"), None);
        assert_eq!(told("whisper", "bob a secret"), None);
        assert_eq!(told("whois", "no name at all"), None);
    }
}

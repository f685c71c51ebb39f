//! What a client may ask, and the one table of verbs that says how.

use std::fmt;

use self::files::FileCommand;
use crate::{
    emoji::{Found, expand},
    names::{Nick, Room},
    text::{Text, TooLong},
};

pub mod account;
mod administration;
mod asked;
pub mod files;
mod moderation;
pub mod muting;
mod rank;
mod watching;

pub use administration::Administration;
pub use asked::{About, Asked};
pub use moderation::Moderation;
pub use rank::Rank;
pub use watching::Watching;

use account::AccountCommand;
use muting::MutingCommand;

/// What a client asks. A mistake is a command too: its answer keeps its place in the order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Say something to everyone in the room.
    Say(Text),
    /// Describe an action of one's own to everyone in the room.
    Act(Text),
    /// Change one's nickname.
    Rename(Nick),
    /// Go to a room.
    Join(Room),
    /// Go back to the lobby.
    Leave,
    /// List the rooms that have somebody in them.
    ListRooms,
    /// List who is in the room.
    ListUsers,
    /// Say something to one client only.
    Whisper {
        /// To whom.
        to: Nick,
        /// What.
        text: Text,
    },
    /// Whisper to whoever whispered last.
    Reply(Text),
    /// Ask about somebody.
    Whois(Nick),
    /// Show the room's topic.
    ShowTopic,
    /// Set the room's topic.
    SetTopic(Text),
    /// Show what was said in the room before: so many lines, or the usual number.
    ShowHistory(Option<usize>),
    /// Show these emoji. They are found when the line is read: not under the lock.
    ShowEmojis(Found),
    /// Decide who may be in one's room.
    Moderate(Moderation),
    /// Run the server.
    Administer(Administration),
    /// Hear nothing more from somebody.
    Ignore(Nick),
    /// Hear somebody again.
    Unignore(Nick),
    /// Something about who one is.
    Account(AccountCommand),
    /// Something about mutes.
    Muting(MutingCommand),
    /// See the server at work.
    Watch(Watching),
    /// Do something about a file.
    File(FileCommand),
    /// List the commands, or explain one.
    Help(Option<&'static Verb>),
    /// Leave for good.
    Quit,
    /// What could not be understood.
    Mistake(Mistake),
}

impl Command {
    /// Whether the answer is a long list. A client that asks for many of them is served one at a time.
    pub fn has_long_answer(&self) -> bool {
        matches!(
            self,
            Self::ListRooms
                | Self::ListUsers
                | Self::ShowHistory(_)
                | Self::Moderate(Moderation::ListBans)
                | Self::Administer(Administration::ListAll(_) | Administration::ListNetworkBans)
                | Self::Muting(MutingCommand::List)
                | Self::Watch(_)
                | Self::Help(None)
        )
    }

    /// Whether others are told what it says. So much of it at a time is allowed, and none to the muted.
    pub fn is_speech(&self) -> bool {
        matches!(
            self,
            Self::Say(_)
                | Self::Act(_)
                | Self::Whisper { .. }
                | Self::Reply(_)
                | Self::SetTopic(_)
                | Self::Moderate(
                    Moderation::Kick { reason: Some(_), .. } | Moderation::Ban { reason: Some(_), .. }
                )
                | Self::Watch(Watching::Trace(_))
        )
    }

    /// Whether its sender wants to know how it travels.
    pub fn is_followed(&self) -> bool {
        matches!(self, Self::Watch(Watching::Trace(_)))
    }
}

/// Why a line is not a command.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mistake {
    /// No verb has this name.
    UnknownVerb(Box<str>),
    /// Something is missing after the verb.
    Usage(&'static Verb),
    /// Not a nickname.
    InvalidNick,
    /// A nickname that nobody can take.
    ReservedNick(Nick),
    /// A new password that is too short or too long, or any with what nobody can see.
    UnfitPassword,
    /// A command with a password, but for what stands before it.
    MisplacedSecret(&'static Verb),
    /// Not a room's name.
    InvalidRoom,
    /// Nobody can have this name.
    NoSuchUser(Box<str>),
    /// Not an address, nor a network.
    InvalidNetwork,
    /// A number that is too small or too large.
    OutOfRange {
        /// The smallest that will do.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// Not a name that a file may arrive with.
    InvalidFileName,
    /// A text of more than `max` bytes.
    TextTooLong {
        /// The limit in bytes.
        max: usize,
    },
    /// A line of more than `max` bytes on the wire.
    LineTooLong {
        /// The limit in bytes.
        max: usize,
    },
    /// A line that is not UTF-8.
    InvalidUtf8,
    /// A request of a web browser. Its sender quits with this.
    HttpRequest,
}

/// One row of the table of verbs.
pub struct Verb {
    /// The word after the slash.
    pub name: &'static str,
    /// A shorter word for the same, if there is one.
    pub alias: Option<&'static str>,
    /// What follows the word, as its usage shows it. The client completes `<user>`, `<room>`,
    /// `<path>` and `[command]`.
    pub parameters: &'static str,
    /// What it does, as one sentence.
    pub help: &'static str,
    /// Who may use it.
    pub rank: Rank,
    /// Whether a password follows the word: nobody may see it.
    pub is_secret: bool,
    /// Makes the command from what follows the word.
    make: fn(&Typed<'_>) -> Result<Command, Mistake>,
}

/// What was typed after a verb, for the verb to make a command of.
struct Typed<'a> {
    verb: &'static Verb,
    rest: &'a str,
    /// The longest text that may be said, in bytes.
    max_text: usize,
}

/// Every verb, in the order `/help` shows them.
#[rustfmt::skip]
pub static VERBS: &[Verb] = &[
    Verb::new("nick",     "<nickname>",       "Change your nickname.",                          rename),
    Verb::new("join",     "<room>",           "Go to a room; it is made if need be.",           join),
    Verb::new("leave",    "",                 "Go back to the lobby.",                          |_| Ok(Command::Leave)),
    Verb::new("rooms",    "",                 "List the rooms that have somebody in them.",     |_| Ok(Command::ListRooms)),
    Verb::new("users",    "",                 "List who is in your room.",                      |_| Ok(Command::ListUsers)),
    Verb::new("whisper",  "<user> <message>", "Say something to one user only.",                whisper).or("w"),
    Verb::new("reply",    "<message>",        "Whisper to whoever whispered to you last.",      |typed| typed.speech().map(Command::Reply)).or("r"),
    Verb::new("me",       "<action>",         "Tell your room what you are doing.",             |typed| typed.speech().map(Command::Act)),
    Verb::new("whois",    "<user>",           "Show somebody's room and how long they are here.", |typed| typed.user().map(Command::Whois)),
    Verb::new("topic",    "[text]",           "Show your room's topic, or (moderators) set it.", topic),
    Verb::new("history",  "[count]",          "Show what was said in your room before.",        history),
    Verb::new("emojis",   "[word]",           "List emoji that you can write as :name:, or search them.", |typed| Ok(Command::ShowEmojis(Found::search(typed.rest)))),
    Verb::new("kick",     "<user> [reason]",  "Send somebody from your room back to the lobby.", moderation::kick).by(Rank::Moderator),
    Verb::new("ban",      "<user> [reason]",  "Keep somebody out of your room: the nickname, its account, and the banned connection under any other name.", moderation::ban).by(Rank::Moderator),
    Verb::new("unban",    "<user>",           "Let somebody into your room again.",             moderation::unban).by(Rank::Moderator),
    Verb::new("bans",     "",                 "List who is banned from your room.",             |_| Ok(Command::Moderate(Moderation::ListBans))).by(Rank::Moderator),
    Verb::new("mods",     "",                 "List the moderators of your room.",              |_| Ok(Command::Moderate(Moderation::ListModerators))),
    Verb::new("mod",      "<user>",           "Make somebody in your room a moderator; with an account, for good.", moderation::promote).by(Rank::Moderator),
    Verb::new("unmod",    "<user>",           "Make somebody a moderator no longer.",           moderation::demote).by(Rank::Moderator),
    Verb::new("ignore",   "<user>",           "Hear nothing more from somebody.",               |typed| typed.user().map(Command::Ignore)),
    Verb::new("unignore", "<user>",           "Hear somebody again.",                           |typed| typed.user().map(Command::Unignore)),
    Verb::new("register", "<password>",       "Keep your nickname for yourself.",               account::register).secret(),
    Verb::new("login",    "<nickname> <password>", "Take the nickname that you have registered.", account::log_in).secret(),
    Verb::new("passwd",   "<old> <new>",      "Change your password.",                          account::change_password).secret(),
    Verb::new("unregister", "<password>",     "Give your nickname back.",                       account::unregister).secret(),
    Verb::new("admin",    "<password>",       "Become an administrator.",                       account::administrate).secret(),
    Verb::new("mutelist", "",                 "List who is muted.",                             |_| Ok(MutingCommand::List.into())).by(Rank::Administrator),
    Verb::new("mute",     "<user> [seconds]", "Let somebody say nothing for a while.",          muting::mute).by(Rank::Administrator),
    Verb::new("unmute",   "<user>",           "Let somebody speak again.",                      muting::unmute).by(Rank::Administrator),
    Verb::new("threads",  "",                 "See what every thread of the server is doing now.", |_| Ok(Command::Watch(Watching::Threads))),
    Verb::new("trace",    "<text>",           "Say something, and see its way through the threads.", watching::trace),
    Verb::new("stats",    "",                 "See how the server is doing.",                   |_| Ok(Command::Watch(Watching::Stats))).by(Rank::Administrator),
    Verb::new("shutdown", "[seconds|cancel]", "Stop the server, announced to everybody; or do not, after all.", administration::shut_down).by(Rank::Administrator),
    Verb::new("broadcast", "<message>",       "Say something to everybody in every room.",      administration::announce).by(Rank::Administrator),
    Verb::new("listall",  "[room]",           "List who is here: nickname, room, address, since when, idle for how long, bytes queued.", administration::list_all).by(Rank::Administrator),
    Verb::new("forcerename", "<old> <new>",   "Give somebody another nickname.",                administration::force_rename).by(Rank::Administrator),
    Verb::new("disconnect", "<user> [reason]", "Hang up on somebody.",                          administration::disconnect).by(Rank::Administrator),
    Verb::new("banip",    "<address|network> [minutes]", "Let nobody connect from there (one IPv6 address stands for its /64), for some minutes or until it is lifted.", administration::ban_network).by(Rank::Administrator),
    Verb::new("unbanip",  "[address|network]", "Let them connect again; or list what is banned.", administration::unban_network).by(Rank::Administrator),
    Verb::new("sendfile", "<user> <path>",    "Offer somebody a file.",                         files::send_by_hand),
    Verb::new("acceptfile", "[id]",           "Receive a file that is offered to you.",         files::accept_by_hand),
    Verb::new("rejectfile", "[id]",           "Refuse a file, stop it on its way, or take back your offer.", files::reject),
    Verb::new("help",     "[command]",        "List the commands, or explain one.",             help),
    Verb::new("quit",     "",                 "Say goodbye and leave.",                         |_| Ok(Command::Quit)),
];

impl Verb {
    const fn new(
        name: &'static str,
        parameters: &'static str,
        help: &'static str,
        make: fn(&Typed<'_>) -> Result<Command, Mistake>,
    ) -> Self {
        Self { name, alias: None, parameters, help, rank: Rank::Everybody, is_secret: false, make }
    }

    const fn or(self, alias: &'static str) -> Self {
        Self { alias: Some(alias), ..self }
    }

    const fn by(self, rank: Rank) -> Self {
        Self { rank, ..self }
    }

    const fn secret(self) -> Self {
        Self { is_secret: true, ..self }
    }

    /// The verb of this name or alias, in any case.
    pub fn find(word: &str) -> Option<&'static Self> {
        let is_called = |name: &str| name.eq_ignore_ascii_case(word);
        VERBS
            .iter()
            .chain(&files::UNLISTED)
            .find(|verb| is_called(verb.name) || verb.alias.is_some_and(is_called))
    }

    /// The command that follows from `rest`, what was typed after the verb and its spaces;
    /// `max_text` is the longest text in bytes.
    pub fn command(&'static self, rest: &str, max_text: usize) -> Command {
        (self.make)(&Typed { verb: self, rest, max_text }).unwrap_or_else(Command::Mistake)
    }
}

impl fmt::Debug for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", self.name)
    }
}

impl PartialEq for Verb {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Verb {}

/// The first word of a line and what follows it, less the spaces between.
pub fn split_word(line: &str) -> (&str, &str) {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    (word, rest.trim_start_matches(' '))
}

/// A text of at most `max` bytes; `None` when there is nothing to see in it.
///
/// # Errors
/// [`Mistake::TextTooLong`].
pub fn text(typed: &str, max: usize) -> Result<Option<Text>, Mistake> {
    Text::new(typed, max).map_err(|TooLong| Mistake::TextTooLong { max })
}

/// As [`text`], but it is said to people, and the names of emoji in it become emoji. When these are too
/// long for the limit, and what was typed is not, it is said as it was typed.
///
/// # Errors
/// [`Mistake::TextTooLong`].
pub fn speech(typed: &str, max: usize) -> Result<Option<Text>, Mistake> {
    text(&expand(typed), max).or_else(|_| text(typed, max))
}

impl<'a> Typed<'a> {
    fn usage(&self) -> Mistake {
        Mistake::Usage(self.verb)
    }

    /// What a single name can be made of.
    fn name(&self) -> Result<&'a str, Mistake> {
        let name = self.rest.trim_end();
        if name.is_empty() { Err(self.usage()) } else { Ok(name) }
    }

    fn user(&self) -> Result<Nick, Mistake> {
        existing(self.name()?)
    }

    fn speech(&self) -> Result<Text, Mistake> {
        speech(self.rest, self.max_text)?.ok_or_else(|| self.usage())
    }
}

fn existing(name: &str) -> Result<Nick, Mistake> {
    Nick::new(name).map_err(|_| Mistake::NoSuchUser(name.into()))
}

fn new_nick(name: &str) -> Result<Nick, Mistake> {
    let nick = Nick::new(name).map_err(|_| Mistake::InvalidNick)?;
    if nick.is_reserved() { Err(Mistake::ReservedNick(nick)) } else { Ok(nick) }
}

fn rename(typed: &Typed<'_>) -> Result<Command, Mistake> {
    new_nick(typed.name()?).map(Command::Rename)
}

fn join(typed: &Typed<'_>) -> Result<Command, Mistake> {
    Room::new(typed.name()?).map(Command::Join).map_err(|_| Mistake::InvalidRoom)
}

fn whisper(typed: &Typed<'_>) -> Result<Command, Mistake> {
    let (user, rest) = split_word(typed.rest);
    let text = Typed { rest, ..*typed }.speech()?;
    Ok(Command::Whisper { to: existing(user)?, text })
}

fn topic(typed: &Typed<'_>) -> Result<Command, Mistake> {
    Ok(speech(typed.rest, typed.max_text)?.map_or(Command::ShowTopic, Command::SetTopic))
}

fn history(typed: &Typed<'_>) -> Result<Command, Mistake> {
    let Ok(count) = typed.name() else { return Ok(Command::ShowHistory(None)) };
    match count.parse() {
        Ok(count @ 1..) => Ok(Command::ShowHistory(Some(count))),
        _ => Err(typed.usage()),
    }
}

fn help(typed: &Typed<'_>) -> Result<Command, Mistake> {
    let Ok(word) = typed.name() else { return Ok(Command::Help(None)) };
    let word = word.strip_prefix('/').unwrap_or(word);
    let verb = Verb::find(word).ok_or_else(|| Mistake::UnknownVerb(word.into()))?;
    Ok(Command::Help(Some(verb)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(verb: &str, rest: &str, expected: &Command) {
        let verb = Verb::find(verb).expect("the table has it");
        assert_eq!(&verb.command(rest, 10), expected);
    }

    fn usage(verb: &str) -> Command {
        Command::Mistake(Mistake::Usage(Verb::find(verb).expect("the table has it")))
    }

    fn nick(name: &str) -> Nick {
        Nick::new(name).expect("a valid nickname")
    }

    fn say(typed: &str) -> Text {
        text(typed, 99).expect("short").expect("something to see")
    }

    #[test]
    fn verbs_are_found_in_any_case_and_by_their_alias() {
        assert_eq!(Verb::find("WHISPER"), Verb::find("w"));
        assert_eq!(Verb::find("whisp"), None);
        assert_eq!(Verb::find(""), None);
    }

    #[test]
    fn names_and_aliases_are_unique() {
        let mut words: Vec<_> =
            VERBS.iter().chain(&files::UNLISTED).flat_map(|v| [Some(v.name), v.alias]).flatten().collect();
        let all = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), all);
    }

    #[test]
    fn a_verb_without_what_it_needs_is_answered_with_its_usage() {
        for verb in VERBS.iter().filter(|verb| verb.parameters.starts_with('<')) {
            check(verb.name, "", &usage(verb.name));
            check(verb.name, "   ", &usage(verb.name));
        }
        check("whisper", "bob", &usage("whisper"));
        check("whisper", "bob  ", &usage("whisper"));
    }

    #[test]
    fn a_whisper_keeps_the_spaces_inside_its_text() {
        check("w", "bob   a  b ", &Command::Whisper { to: nick("bob"), text: say("a  b ") });
    }

    #[test]
    fn a_name_that_nobody_can_have_is_nobody() {
        check("whois", "b@b", &Command::Mistake(Mistake::NoSuchUser("b@b".into())));
        check("whisper", "b@b hi", &Command::Mistake(Mistake::NoSuchUser("b@b".into())));
        check("nick", "b@b", &Command::Mistake(Mistake::InvalidNick));
        check("nick", "a b", &Command::Mistake(Mistake::InvalidNick));
        check("nick", "Admin", &Command::Mistake(Mistake::ReservedNick(nick("admin"))));
        check("join", "a b", &Command::Mistake(Mistake::InvalidRoom));
    }

    #[test]
    fn a_text_over_the_limit_is_refused_whole() {
        check("me", "12345678901", &Command::Mistake(Mistake::TextTooLong { max: 10 }));
        check("me", "1234567890", &Command::Act(say("1234567890")));
    }

    #[test]
    fn emoji_make_no_text_too_long() {
        check("me", ":smile:12", &Command::Act(say("😄12")));
        // Long to type, but short to say; then the other way round.
        check("me", ":smile: :x:", &Command::Act(say("😄 ❌")));
        check("me", ":a::b::a:", &Command::Act(say(":a::b::a:")));
        check("me", ":smile: :smile:..", &Command::Mistake(Mistake::TextTooLong { max: 10 }));
    }

    #[test]
    fn help_explains_a_verb_with_or_without_its_slash() {
        check("help", "", &Command::Help(None));
        check("help", "/JOIN", &Command::Help(Verb::find("join")));
        check("help", "x", &Command::Mistake(Mistake::UnknownVerb("x".into())));
    }
}

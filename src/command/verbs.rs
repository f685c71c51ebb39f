//! The one table of verbs, which the parser, `/help`, Tab completion, the rules and the log read.

use std::fmt;

use super::{
    Administration, Ask, Command, Mistake, Moderation, MutingCommand, Opening, Typed, account,
    administration, bots, existing, moderation, new_nick, speech, split_word, transfers, unlisted::UNLISTED,
};
use crate::{emoji::Found, names::Room};

/// One row of the table.
pub struct Verb {
    /// The word after the slash.
    pub name: &'static str,
    /// Other words for the same.
    pub aliases: &'static [&'static str],
    /// What follows the word. The client completes `<user>`, `<room>`, `<path>` and `[command]`.
    pub parameters: &'static str,
    /// What it does: one imperative sentence of fewer than 60 characters.
    pub help: &'static str,
    /// What else `/help <command>` tells.
    pub details: &'static str,
    /// Who may use it.
    pub rank: Rank,
    /// Who may use it with a text that others read, if that is not the same.
    pub rank_to_say: Option<Rank>,
    /// How it concerns others, and what it costs.
    pub kind: Kind,
    /// A password follows the word, so the line must not be seen by anyone.
    pub is_secret: bool,
    /// Makes what is asked of what follows the word.
    make: fn(&Typed<'_>) -> Result<Ask, Mistake>,
}

/// How a verb concerns others, and what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It changes something.
    Order,
    /// Only the client gets the answer, which is short.
    Question,
    /// Only the client gets the answer, which is long.
    Listing,
    /// It is all about a text that others read. The log has it as what was said.
    Speech,
    /// A program says it without its user, often. It is not logged and the client stays idle.
    Automatic,
}

/// Who may use a verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Every user.
    Everyone,
    /// The moderators of the room, and administrators in every room.
    Moderator,
    /// Users who have shown the administrators' password.
    Administrator,
}

/// Verbs that belong together.
pub struct Group {
    /// The heading in `/help`.
    pub title: &'static str,
    /// The group's rows, in the order in which `/help` shows them.
    pub verbs: &'static [Verb],
}

/// The table.
#[rustfmt::skip]
pub static GROUPS: &[Group] = &[
    Group { title: "Talking", verbs: &[
        Verb::new("whisper",  "<user> <message>", "Send a private message.",                       whisper).or(&["w", "msg"]).kind(Kind::Speech),
        Verb::new("reply",    "<message>",        "Whisper to the last user who whispered to you.", |typed| typed.speech().map(Ask::Reply)).or(&["r"]).kind(Kind::Speech),
        Verb::new("me",       "<action>",         "Describe what you are doing.",                  |typed| typed.speech().map(Ask::Act)).kind(Kind::Speech),
        Verb::new("away",     "[reason]",         "Show others that you are away.",                away).more("The next thing you say ends it."),
        Verb::new("bots",     "",                 "List the bots and what they do.",               |_| Ok(Ask::ListBots)).kind(Kind::Listing),
        Verb::new("emojis",   "[word]",           "List emoji that you can write as :name:.",      |typed| Ok(Ask::ShowEmojis(Found::search(typed.rest)))).kind(Kind::Question),
        Verb::new("ignore",   "<user>",           "Stop seeing messages from a user.",             |typed| typed.user().map(Ask::Ignore)),
        Verb::new("unignore", "<user>",           "See a user's messages again.",                  |typed| typed.user().map(Ask::Unignore)),
    ]},
    Group { title: "Rooms", verbs: &[
        Verb::new("join",     "<room>",           "Go to a room.",                                 join).more("It is created if it does not exist."),
        Verb::new("leave",    "",                 "Go back to the lobby.",                         |_| Ok(Ask::Leave)).or(&["part"]),
        Verb::new("rooms",    "",                 "List the rooms that have members.",             |_| Ok(Ask::ListRooms)).kind(Kind::Listing),
        Verb::new("users",    "",                 "List the members of your room.",                |_| Ok(Ask::ListUsers)).kind(Kind::Listing).or(&["names", "who"]),
        Verb::new("topic",    "[text]",           "Show your room's topic, or set it.",            topic).kind(Kind::Question).by_to_say(Rank::Moderator).more("Only moderators can set it."),
        Verb::new("history",  "[count|word]",     "Show your room's last messages, or those with a word.", history).kind(Kind::Listing).more("A number is how many. Several words are found next to each other."),
        Verb::new("mods",     "",                 "List the moderators of your room.",             |_| Ok(Ask::Moderate(Moderation::ListModerators))).kind(Kind::Question),
    ]},
    Group { title: "You and others", verbs: &[
        Verb::new("nick",     "<nickname>",       "Change your nickname.",                         rename),
        Verb::new("whois",    "<user>",           "Show a user's room and how long they have been here.", |typed| typed.user().map(Ask::Whois)).kind(Kind::Question),
        Verb::new("bot",      "<purpose>",        "Tell others that you are a bot, and what you do.", bots::be_bot).more("/bots lists you then. The bots of the server do not answer bots."),
        Verb::new("register", "<password>",       "Register your nickname.",                       account::register).secret().more("After that, only you can use it."),
        Verb::new("login",    "<nickname> <password>", "Take the nickname that you registered.",   account::log_in).secret(),
        Verb::new("passwd",   "<old> <new>",      "Change your password.",                         account::change_password).secret(),
        Verb::new("unregister", "<password>",     "Give up your registered nickname.",             account::unregister).secret(),
        Verb::new("admin",    "<password>",       "Become an administrator.",                      account::administrate).secret(),
    ]},
    Group { title: "Files", verbs: &[
        Verb::new("sendfile", "<user> <path>",    "Offer a file to a user.",                       transfers::send_by_hand),
        Verb::new("acceptfile", "[id]",           "Receive a file that was offered to you.",       transfers::accept_by_hand),
        Verb::new("rejectfile", "[id]",           "Refuse a file, stop it, or take back your offer.", transfers::reject),
    ]},
    Group { title: "Moderating your room", verbs: &[
        Verb::new("kick",     "<user> [reason]",  "Send a user back to the lobby.",                moderation::kick).by(Rank::Moderator),
        Verb::new("ban",      "<user> [reason]",  "Keep a user out of your room.",                 moderation::ban).by(Rank::Moderator).more("The ban covers the nickname, its account, and the connection under any other name."),
        Verb::new("unban",    "<user>",           "Let a user into your room again.",              |typed| typed.user().map(Moderation::Unban).map(Ask::Moderate)).by(Rank::Moderator),
        Verb::new("bans",     "",                 "List who is banned from your room.",            |_| Ok(Ask::Moderate(Moderation::ListBans))).kind(Kind::Listing).by(Rank::Moderator),
        Verb::new("mod",      "<user>",           "Make a user a moderator of your room.",         |typed| typed.user().map(Moderation::Promote).map(Ask::Moderate)).by(Rank::Moderator).more("A user with an account stays one for good."),
        Verb::new("unmod",    "<user>",           "Remove a moderator.",                           |typed| typed.user().map(Moderation::Demote).map(Ask::Moderate)).by(Rank::Moderator),
    ]},
    Group { title: "Running the server", verbs: &[
        Verb::new("broadcast", "<message>",       "Send a message to every room.",                 |typed| typed.speech().map(Administration::Broadcast).map(Ask::Administer)).by(Rank::Administrator),
        Verb::new("mute",     "<user> [seconds]", "Mute a user for a while.",                      administration::mute).by(Rank::Administrator),
        Verb::new("unmute",   "<user>",           "Let a muted user speak again.",                 |typed| typed.user().map(MutingCommand::Unmute).map(Ask::Muting)).by(Rank::Administrator),
        Verb::new("mutelist", "",                 "List who is muted.",                            |_| Ok(Ask::Muting(MutingCommand::List))).kind(Kind::Listing).by(Rank::Administrator),
        Verb::new("listall",  "[room]",           "List all users with their addresses.",          administration::list_all).kind(Kind::Listing).by(Rank::Administrator).more("It shows room, address, how long connected and idle, and the bytes queued."),
        Verb::new("forcerename", "<old> <new>",   "Change a user's nickname.",                     administration::force_rename).by(Rank::Administrator),
        Verb::new("disconnect", "<user> [reason]", "Disconnect a user.",                           administration::disconnect).by(Rank::Administrator),
        Verb::new("banip",    "<address|network> [minutes]", "Ban an address or a network.",       administration::ban_network).by(Rank::Administrator).more("The ban lasts for some minutes, or until it is lifted. An IPv6 address stands for its /64."),
        Verb::new("unbanip",  "[address|network]", "Lift a network ban, or list the banned networks.", administration::unban_network).kind(Kind::Listing).by(Rank::Administrator),
        Verb::new("stats",    "",                 "Show the server's figures.",                    |_| Ok(Ask::ShowStats)).kind(Kind::Listing).by(Rank::Administrator),
        Verb::new("shutdown", "[seconds|cancel]", "Stop the server, or cancel that.",              administration::shut_down).by(Rank::Administrator).more("All users are told beforehand."),
    ]},
    Group { title: "Help", verbs: &[
        Verb::new("threads",  "",                 "Show what every thread of the server is doing.", |_| Ok(Ask::ShowThreads)).kind(Kind::Listing),
        Verb::new("trace",    "<text>",           "Say something and show its journey.",           |typed| typed.speech().map(Ask::Trace)).kind(Kind::Speech),
        Verb::new("help",     "[command]",        "List your commands, or explain one.",           help).kind(Kind::Listing).more("/help all lists all commands."),
        Verb::new("quit",     "",                 "Leave the chat.",                               |_| Ok(Ask::Quit)).or(&["exit"]),
    ]},
];

/// A plain line has no verb; this stands for it.
pub(super) static SAY: Verb =
    Verb::new("say", "<text>", "Say something to your room.", |typed| typed.speech().map(Ask::Say))
        .kind(Kind::Speech);

/// Stands for a line that was not understood.
pub(super) static MISTAKE: Verb = Verb::new("", "", "", |typed| Err(typed.usage())).kind(Kind::Question);

/// All verbs, in the order in which `/help` shows them.
pub fn verbs() -> impl Iterator<Item = &'static Verb> {
    GROUPS.iter().flat_map(|group| group.verbs)
}

impl Verb {
    pub(super) const fn new(
        name: &'static str,
        parameters: &'static str,
        help: &'static str,
        make: fn(&Typed<'_>) -> Result<Ask, Mistake>,
    ) -> Self {
        Self {
            name,
            aliases: &[],
            parameters,
            help,
            details: "",
            rank: Rank::Everyone,
            rank_to_say: None,
            kind: Kind::Order,
            is_secret: false,
            make,
        }
    }

    const fn or(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    const fn more(self, details: &'static str) -> Self {
        Self { details, ..self }
    }

    const fn by(self, rank: Rank) -> Self {
        Self { rank, ..self }
    }

    const fn by_to_say(self, rank: Rank) -> Self {
        Self { rank_to_say: Some(rank), ..self }
    }

    pub(super) const fn kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    const fn secret(self) -> Self {
        Self { is_secret: true, ..self }
    }

    /// The verb of this name or alias, in any case.
    pub fn find(word: &str) -> Option<&'static Self> {
        let is_called = |name: &str| name.eq_ignore_ascii_case(word);
        verbs()
            .chain(&UNLISTED)
            .find(|verb| is_called(verb.name) || verb.aliases.iter().copied().any(is_called))
    }

    /// The command of a line: `rest` is what follows the verb, `max_text` the longest text in bytes.
    pub fn command(&'static self, rest: &str, max_text: usize) -> Command {
        match (self.make)(&Typed { verb: self, rest, max_text }) {
            Ok(ask) => Command::new(self, ask),
            Err(mistake) => Command::mistake(mistake),
        }
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

fn rename(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    new_nick(typed.name()?).map(Ask::Rename)
}

fn join(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    let room = Room::new(typed.name()?).map_err(|_| Mistake::InvalidRoom)?;
    Ok(Ask::Join(room, Opening::Any))
}

fn whisper(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    let (user, rest) = split_word(typed.rest);
    let text = Typed { rest, ..*typed }.speech()?;
    Ok(Ask::Whisper(existing(user)?, text))
}

fn away(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    speech(typed.rest, typed.max_text.min(moderation::LONGEST_REASON)).map(Ask::Away)
}

fn topic(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    Ok(speech(typed.rest, typed.max_text)?.map_or(Ask::ShowTopic, Ask::SetTopic))
}

fn history(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    let Ok(asked) = typed.name() else { return Ok(Ask::ShowHistory(None)) };
    if !asked.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(speech(asked, typed.max_text)?.map_or(Ask::ShowHistory(None), Ask::SearchHistory));
    }
    match asked.parse() {
        Ok(count @ 1..) => Ok(Ask::ShowHistory(Some(count))),
        _ => Err(typed.usage()),
    }
}

fn help(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    let Ok(word) = typed.name() else { return Ok(Ask::Help { all: false }) };
    let word = word.strip_prefix('/').unwrap_or(word);
    if word.eq_ignore_ascii_case("all") {
        return Ok(Ask::Help { all: true });
    }
    Verb::find(word).map(Ask::Explain).ok_or_else(|| Mistake::unknown_verb(word))
}

#[cfg(test)]
mod tests {
    use super::{super::text, *};
    use crate::{names::Nick, text::Text};

    #[track_caller]
    fn check(verb: &str, rest: &str, expected: &Ask) {
        let verb = Verb::find(verb).expect("the table has it");
        assert_eq!(&verb.command(rest, 10).ask, expected);
    }

    fn usage(verb: &str) -> Ask {
        Ask::Mistake(Mistake::Usage(Verb::find(verb).expect("the table has it")))
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
            verbs().chain(&UNLISTED).flat_map(|v| v.aliases.iter().copied().chain([v.name])).collect();
        let all = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), all);
    }

    #[test]
    fn a_verb_without_what_it_needs_is_answered_with_its_usage() {
        for verb in verbs().filter(|verb| verb.parameters.starts_with('<')) {
            check(verb.name, "", &usage(verb.name));
            check(verb.name, "   ", &usage(verb.name));
        }
        check("whisper", "bob", &usage("whisper"));
        check("whisper", "bob  ", &usage("whisper"));
    }

    #[test]
    fn a_whisper_keeps_the_spaces_inside_its_text() {
        check("w", "bob   a  b ", &Ask::Whisper(nick("bob"), say("a  b ")));
    }

    #[test]
    fn a_name_that_no_user_can_have_is_not_found() {
        check("whois", "b@b", &Ask::Mistake(Mistake::NoSuchUser("b@b".into())));
        check("whisper", "b@b hi", &Ask::Mistake(Mistake::NoSuchUser("b@b".into())));
        check("nick", "b@b", &Ask::Mistake(Mistake::InvalidNick));
        check("nick", "a b", &Ask::Mistake(Mistake::InvalidNick));
        check("nick", "Admin", &Ask::Mistake(Mistake::ReservedNick(nick("admin"))));
        check("join", "a b", &Ask::Mistake(Mistake::InvalidRoom));
    }

    #[test]
    fn a_text_over_the_limit_is_refused_whole() {
        check("me", "12345678901", &Ask::Mistake(Mistake::TextTooLong(10)));
        check("me", "1234567890", &Ask::Act(say("1234567890")));
    }

    #[test]
    fn a_muted_client_can_get_no_text_to_others() {
        // Only administrators may use two of these, and what the third looks for is not told to others.
        for verb in verbs().filter(|verb| !["broadcast", "disconnect", "history"].contains(&verb.name)) {
            for rest in ["text", "bob text"] {
                let command = verb.command(rest, 99);
                let has_text = format!("{:?}", command.ask).contains("Text(");
                assert_eq!(command.is_speech(), has_text, "/{} {rest}", verb.name);
            }
        }
    }

    #[test]
    fn emoji_make_no_text_too_long() {
        check("me", ":smile:12", &Ask::Act(say("😄12")));
        // Long to type, but short to say; then the other way round.
        check("me", ":smile: :x:", &Ask::Act(say("😄 ❌")));
        check("me", ":a::b::a:", &Ask::Act(say(":a::b::a:")));
        check("me", ":smile: :smile:..", &Ask::Mistake(Mistake::TextTooLong(10)));
    }

    #[test]
    fn help_texts_fit_into_a_line() {
        for verb in verbs() {
            assert!(verb.help.len() < 60 && verb.help.ends_with('.'), "{verb:?}");
        }
    }

    #[test]
    fn every_user_may_read_a_topic_and_moderators_may_set_it() {
        let topic = Verb::find("topic").expect("the table has it");
        let ranks = ["", "tea"].map(|rest| topic.command(rest, 99).rank());
        assert_eq!(ranks, [Rank::Everyone, Rank::Moderator]);
    }

    #[test]
    fn a_reason_is_speech_and_a_kick_without_one_is_not() {
        for verb in ["kick", "ban"] {
            let verb = Verb::find(verb).expect("the table has it");
            assert_eq!(["bob", "bob spam"].map(|rest| verb.command(rest, 99).is_speech()), [false, true]);
        }
    }

    #[test]
    fn a_history_is_asked_for_by_number_or_by_what_was_said() {
        check("history", " ", &Ask::ShowHistory(None));
        check("history", "20 ", &Ask::ShowHistory(Some(20)));
        check("history", "2  teas ", &Ask::SearchHistory(say("2  teas")));
        check("history", "-1", &Ask::SearchHistory(say("-1")));
        check("history", ":smile:", &Ask::SearchHistory(say("😄")));
        check("history", "12345678 teas", &Ask::Mistake(Mistake::TextTooLong(10)));
        for number in ["0", "99999999999999999999999"] {
            check("history", number, &usage("history"));
        }
    }

    #[test]
    fn help_explains_a_verb_with_or_without_its_slash() {
        check("help", "", &Ask::Help { all: false });
        check("help", "/JOIN", &Ask::Explain(Verb::find("join").unwrap()));
        check("help", "x", &Ask::Mistake(Mistake::unknown_verb("x")));
    }
}

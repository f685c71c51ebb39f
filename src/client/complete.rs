//! Tab completion, and the hint behind what is typed.

use std::path::PathBuf;

use super::{seal, transfers::home, verb};
use crate::{
    command::{Verb, split_word, verbs},
    emoji::{self, Emoji},
    text::clean,
};

/// The word before the cursor.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Word<'a> {
    /// The byte offset of the word in the line.
    pub(super) start: usize,
    pub(super) typed: &'a str,
    pub(super) kind: Kind,
}

/// What a word can be completed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The name of a command, after the slash at the start of the line.
    Command,
    /// The name of a command that `/help` explains.
    Topic,
    /// A room.
    Room,
    /// A user: the target of a command, or named in a text.
    User,
    /// A file.
    Path,
    /// A user addressed at the start of a text.
    Addressee,
    /// The name of an emoji in a text, with its first colon.
    Emoji,
}

/// What Tab does with a word.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Completion {
    /// The text that replaces the word.
    pub(super) replacement: String,
    /// The remaining possibilities, if there is more than one.
    pub(super) choices: Vec<String>,
}

impl<'a> Word<'a> {
    /// The word that ends at `cursor`, or `None` if there is nothing to complete.
    pub(super) fn before(line: &'a str, cursor: usize) -> Option<Self> {
        let head = &line[..cursor];
        let start = head.rfind([' ', '\n']).map_or(0, |space| space + 1);
        let typed = &head[start..];
        let Some(command) = head.strip_prefix('/').filter(|rest| !rest.starts_with('/')) else {
            let kind = if start == 0 { Kind::Addressee } else { Kind::User };
            return Some(match typed.strip_prefix('@') {
                Some(typed) => Self { start: start + 1, typed, kind: Kind::User },
                None => Self { start, typed, kind }.or_emoji(),
            });
        };
        if start == 0 {
            return Some(Self { start: 1, typed: command, kind: Kind::Command });
        }
        let (verb, arguments) = split_word(command);
        if seal::COMMANDS.contains(&verb) {
            return (start == verb.len() + 2).then_some(Self { start, typed, kind: Kind::User });
        }
        let (kind, is_text) = parameter(Verb::find(verb)?, arguments)?;
        if kind == Kind::Path {
            // A path is the rest of the line, with its spaces.
            let (_, path) = split_word(arguments);
            return Some(Self { start: cursor - path.len(), typed: path, kind });
        }
        let word = Self { start, typed, kind };
        Some(if is_text { word.or_emoji() } else { word })
    }

    /// If the word ends with the half-typed name of an emoji, that name is the word to complete.
    fn or_emoji(self) -> Self {
        let Some(typed) = emoji::half_typed(self.typed) else { return self };
        let start = self.start + self.typed.len() - typed.len();
        Self { start, typed, kind: Kind::Emoji }
    }

    /// Completes the name of an emoji to the shortest match, which is also what the hint shows. The
    /// other matches become choices.
    pub(super) fn complete_emoji(&self) -> Option<Completion> {
        let possible = self.emoji();
        let replacement = format!(":{}:", possible.first()?.name);
        let show = |Emoji { name, picture }| format!("{picture} :{name}:");
        let choices = if possible.len() > 1 { possible.into_iter().map(show).collect() } else { Vec::new() };
        Some(Completion { replacement, choices })
    }

    /// The emoji that match, the shortest name first. A single letter matches none.
    fn emoji(&self) -> Vec<Emoji> {
        let typed = self.typed.strip_prefix(':').filter(|name| name.len() > 1 && self.kind == Kind::Emoji);
        let Some(typed) = typed else { return Vec::new() };
        let mut possible: Vec<_> = emoji::all().filter(|emoji| starts_with(emoji.name, typed)).collect();
        possible.sort_by_key(|emoji| (emoji.name.len(), emoji.name));
        possible
    }

    /// Completes the word as far as all matching `names` agree.
    pub(super) fn complete<'n>(&self, names: impl Iterator<Item = &'n str>) -> Option<Completion> {
        let is_possible = |name: &&str| starts_with(name, self.typed);
        let mut choices: Vec<String> = names.filter(is_possible).map(str::to_owned).collect();
        choices.sort_unstable();
        choices.dedup();
        if let [only] = &choices[..] {
            let replacement = format!("{only}{}", self.kind.ending(only));
            return Some(Completion { replacement, choices: Vec::new() });
        }
        let common = common_prefix(&choices)?.to_owned();
        // If nothing is added, the spelling that was typed is kept.
        let replacement = if common.len() > self.typed.len() { common } else { self.typed.to_owned() };
        Some(Completion { replacement, choices })
    }
}

impl Completion {
    /// The choices as one line, or `None` if there are none.
    pub(super) fn listing(&self) -> Option<String> {
        /// About as many as fit on a small terminal. With more choices, typing a letter helps more.
        const SHOWN: usize = 50;
        let shown = &self.choices[..self.choices.len().min(SHOWN)];
        let more = self.choices.len() - shown.len();
        let end = if more > 0 { format!("  and {more} more") } else { String::new() };
        (!shown.is_empty()).then(|| shown.join("  ") + &end)
    }
}

impl Kind {
    /// What follows a complete word of this kind.
    fn ending(self, word: &str) -> &'static str {
        match self {
            Self::Addressee => ": ",
            Self::Room | Self::User => " ",
            Self::Command if seal::COMMANDS.contains(&word) => " ",
            Self::Command if Verb::find(word).is_some_and(|verb| !verb.parameters.is_empty()) => " ",
            Self::Command | Self::Topic | Self::Emoji | Self::Path => "",
        }
    }
}

/// The names of all commands: the server's, and those that the client carries out itself.
pub(super) fn commands() -> impl Iterator<Item = &'static str> {
    verbs().map(|verb| verb.name).chain(["clear", "mentions"]).chain(seal::COMMANDS)
}

/// The dimmed text behind the line: the parameters that are missing, or the emoji that Tab inserts.
pub(super) fn hint(line: &str) -> Option<String> {
    emoji_hint(line).or_else(|| usage_hint(line))
}

/// The rest of an emoji's name, and its picture: `le: 😄`.
fn emoji_hint(line: &str) -> Option<String> {
    let word = Word::before(line, line.len())?;
    let &Emoji { name, picture } = word.emoji().first()?;
    Some(format!("{}: {picture}", &name[word.typed.len() - 1..]))
}

/// The files and folders whose paths start with what was typed, in alphabetical order.
pub(super) fn paths(typed: &str) -> Vec<String> {
    let (folder, name) = typed.split_at(typed.rfind('/').map_or(0, |slash| slash + 1));
    let place = if folder.is_empty() { PathBuf::from(".") } else { home(folder) };
    let mut paths = Vec::new();
    for entry in place.read_dir().into_iter().flatten().flatten() {
        let Ok(found) = entry.file_name().into_string() else { continue };
        // A name with control characters cannot be typed. Hidden files need a typed dot.
        let is_offered = clean(&found) == found && name.starts_with('.') == found.starts_with('.');
        if is_offered && starts_with(&found, name) {
            let end = if entry.path().is_dir() { "/" } else { "" };
            paths.push(format!("{folder}{found}{end}"));
        }
    }
    paths.sort_unstable();
    paths
}

/// The parameters that a command still lacks: `<user> <message>`.
fn usage_hint(line: &str) -> Option<String> {
    let (verb, arguments) = verb(line)?;
    let missing: Vec<_> = verb.parameters.split(' ').skip(arguments.split_whitespace().count()).collect();
    let space = if line.ends_with(' ') { "" } else { " " };
    (!missing.is_empty() && missing != [""]).then(|| format!("{space}{}", missing.join(" ")))
}

/// The kind of the last word of `arguments`, and whether it is part of a text.
fn parameter(verb: &Verb, arguments: &str) -> Option<(Kind, bool)> {
    let complete = arguments.split(' ').count() - 1;
    let parameters: Vec<_> = verb.parameters.split(' ').collect();
    // The last parameter may be a text, which is the rest of the line.
    match *parameters.get(complete).or(parameters.last())? {
        "<user>" | "<old>" if complete == 0 => Some((Kind::User, false)),
        "<room>" | "[room]" if complete == 0 => Some((Kind::Room, false)),
        "[command]" if complete == 0 => Some((Kind::Topic, false)),
        "<message>" | "<action>" | "[text]" | "[reason]" => Some((Kind::User, true)),
        "<path>" => Some((Kind::Path, false)),
        _ => None,
    }
}

fn starts_with(name: &str, typed: &str) -> bool {
    name.get(..typed.len()).is_some_and(|head| head.eq_ignore_ascii_case(typed))
}

/// The longest prefix of all names, in the spelling of the first.
fn common_prefix(names: &[String]) -> Option<&str> {
    let (first, others) = names.split_first()?;
    let common = |other: &String| {
        first.bytes().zip(other.bytes()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count()
    };
    first.get(..others.iter().map(common).min().unwrap_or(first.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: [&str; 4] = ["Alice", "alan", "bob", "carol"];

    /// The line after Tab, with `|` where the cursor is, and the choices.
    #[track_caller]
    fn check(line: &str, expected: &str, choices: &[&str]) {
        let cursor = line.find('|').expect("a cursor");
        let line = line.replace('|', "");
        let word = Word::before(&line, cursor).expect("a word");
        let names: &[&str] = match word.kind {
            Kind::Command | Kind::Topic => &commands().collect::<Vec<_>>(),
            Kind::Room => &["lobby", "ops"],
            Kind::User | Kind::Addressee => &USERS,
            Kind::Emoji => &[],
            Kind::Path => &["my notes.txt", "my music/"],
        };
        let completion = match word.kind {
            Kind::Emoji => word.complete_emoji(),
            _ => word.complete(names.iter().copied()),
        };
        let Completion { replacement, choices: left } = completion.expect("a completion");
        assert_eq!(format!("{}{replacement}|{}", &line[..word.start], &line[cursor..]), expected);
        assert_eq!(left, choices);
    }

    #[track_caller]
    fn check_nothing(line: &str) {
        let word = Word::before(line, line.len());
        let complete = |word: Word<'_>| word.complete(USERS.into_iter()).or_else(|| word.complete_emoji());
        assert_eq!(word.and_then(complete), None, "{line}");
    }

    #[test]
    fn the_first_word_after_a_slash_becomes_a_command() {
        check("/whis|", "/whisper |", &[]);
        check("/wh|", "/wh|", &["whisper", "whois"]);
        check("/QU|", "/quit|", &[]);
        check("/ro| x", "/rooms| x", &[]);
        check("/sea|", "/seal |", &[]);
        check_nothing("/xyz");
        check_nothing("/dance al");
    }

    #[test]
    fn each_parameter_is_completed_to_its_own_kind() {
        check("/join o|", "/join ops |", &[]);
        check("/join |", "/join |", &["lobby", "ops"]);
        check("/W BO|", "/W bob |", &[]);
        check("/whisper bob is car|", "/whisper bob is carol |", &[]);
        check("/help whi|", "/help whisper|", &[]);
        check("/me waves at b|", "/me waves at bob |", &[]);
        check_nothing("/nick bo");
        check_nothing("/whois bob bo");
        check_nothing("/quit bo");
    }

    #[test]
    fn a_path_is_the_rest_of_the_line() {
        check("/sendfile b|", "/sendfile bob |", &[]);
        check("/sendfile bob m|", "/sendfile bob my |", &["my music/", "my notes.txt"]);
        check("/sendfile bob my n|", "/sendfile bob my notes.txt|", &[]);
        check("/sendfile bob  my mu|", "/sendfile bob  my music/|", &[]);
    }

    #[test]
    fn paths_are_read_from_the_folder() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let base = format!("{}/", folder.path().display());
        for name in ["b c", "b\u{1b}", ".hidden"] {
            std::fs::write(folder.path().join(name), "").expect("a file");
        }
        std::fs::create_dir(folder.path().join("a")).expect("a folder");
        let found = |typed: &str| paths(&(base.clone() + typed));
        assert_eq!(found(""), [format!("{base}a/"), format!("{base}b c")]);
        assert_eq!(found("B"), [format!("{base}b c")]);
        assert_eq!(found("."), [format!("{base}.hidden")]);
        assert_eq!(found("x"), [""; 0]);
        assert_eq!(found("a/"), [""; 0]);
        assert_eq!(found("none/"), [""; 0]);
    }

    #[test]
    fn a_word_of_a_text_becomes_a_nickname() {
        check("b|", "bob: |", &[]);
        check("hi b|", "hi bob |", &[]);
        check("//b b|", "//b bob |", &[]);
        check("al|", "al|", &["Alice", "alan"]);
        check("a|", "Al|", &["Alice", "alan"]);
        check("bob\ncar|", "bob\ncarol |", &[]);
        check("|", "|", &["Alice", "alan", "bob", "carol"]);
        check("@bo|", "@bob |", &[]);
        check("hi @c|", "hi @carol |", &[]);
        check("bob: |", "bob: |", &["Alice", "alan", "bob", "carol"]);
        check_nothing("é");
    }

    #[test]
    fn a_half_typed_emoji_becomes_the_shortest_match() {
        check("hi :ROCK|", "hi :rock:|", &["🪨 :rock:", "🚀 :rocket:"]);
        check("hi:pizz| there", "hi:pizza:| there", &[]);
        check("/me :thinki|", "/me :thinking:|", &[]);
        check("/w bob :thinki|", "/w bob :thinking:|", &[]);
        let word = Word::before(":smi", 4).expect("a word");
        assert_eq!(word.complete_emoji().expect("many of them").replacement, ":smile:");
        for line in
            [":", ":s", "10:30", ":xyzzy", "http://host:smi", ":smile:smi", "/nick :smi", "/whois :smi"]
        {
            check_nothing(line);
        }
    }

    #[test]
    fn the_hint_shows_the_emoji_that_tab_inserts() {
        assert_eq!(hint("hi :smi").as_deref(), Some("le: 😄"));
        assert_eq!(hint("/me :SMILE").as_deref(), Some(": 😄"));
        assert_eq!(hint(":smile:"), None);
    }

    #[test]
    fn a_long_list_of_choices_is_cut() {
        let names: Vec<_> = (10..70).map(|n| format!("a{n}")).collect();
        let word = Word::before("a", 1).expect("a word");
        let listing = word.complete(names.iter().map(String::as_str)).and_then(|all| all.listing());
        let listing = listing.expect("many choices");
        assert!(listing.starts_with("a10  a11") && listing.ends_with("a59  and 10 more"), "{listing}");
    }

    #[test]
    fn the_hint_shows_the_missing_parameters() {
        let hint = |line| hint(line).unwrap_or_default();
        assert_eq!(hint("/whisper "), "<user> <message>");
        assert_eq!(hint("/whisper"), " <user> <message>");
        assert_eq!(hint("/w bob"), " <message>");
        assert_eq!(hint("/w bob "), "<message>");
        assert_eq!(hint("/w bob hi"), "");
        assert_eq!(hint("/quit"), "");
        assert_eq!(hint("/whis"), "");
        assert_eq!(hint("//whisper "), "");
        assert_eq!(hint("hello"), "");
    }
}

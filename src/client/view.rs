//! How a line from the server is shown: its time, its colours, and the user's own name in it.

use std::fmt::Write as _;

use jiff::{Zoned, civil::Date};

use crate::{
    event::heard::Heard,
    names::Nick,
    screen::{Line, text_width},
};

#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    pub(super) colors: bool,
    pub(super) timestamps: bool,
}

// Parameters of SGR, "select graphic rendition" (ECMA-48 §8.3.117).
const DIM: &str = "2";
const MENTION: &str = "1;7";
const WHISPER: &str = "35";
const NOTICE: &str = "33";

impl View {
    /// Without colours and times.
    #[cfg(test)]
    pub(super) const PLAIN: Self = Self { colors: false, timestamps: false };

    /// A line from the server, as `me` sees it.
    pub(super) fn line(self, line: &str, heard: &Heard<'_>, me: Option<Nick>) -> String {
        let mut shown = self.timestamp();
        match *heard {
            Heard::Said { room, from, text } => {
                let (room, name) = (self.paint(DIM, &format!("[{room}]")), self.nick(from));
                let _ = write!(shown, "{room} {name}: {}", self.text(text, from, me));
            }
            Heard::Acted { from, text } => {
                let _ = write!(shown, "* {} {}", self.nick(from), self.text(text, from, me));
            }
            Heard::WhisperFrom => shown = bell(me).to_owned() + &shown + &self.paint(WHISPER, line),
            Heard::FileRequest => shown = bell(me).to_owned() + &shown + &self.paint(NOTICE, line),
            Heard::Past => shown = self.paint(DIM, line),
            Heard::WhisperTo => shown += &self.paint(WHISPER, line),
            _ => shown += line,
        }
        shown
    }

    /// As [`View::line`], with the rows after the first indented to where the text begins.
    pub(super) fn shown(self, line: &str, heard: &Heard<'_>, me: Option<Nick>) -> Line {
        let time = if *heard == Heard::Past { String::new() } else { self.timestamp() };
        Line { text: self.line(line, heard, me), indent: text_width(&time) + text_start(line, heard) }
    }

    /// A message of the client itself.
    pub(super) fn notice(self, words: &str) -> Line {
        let time = self.timestamp();
        Line { text: format!("{time}{}", self.paint(NOTICE, words)), indent: text_width(&time) }
    }

    /// A dimmed line without a time.
    pub(super) fn quiet(self, words: &str) -> Line {
        Line { text: self.paint(DIM, words), indent: 0 }
    }

    /// Whether a line is a whisper to `me`, or names `me` and is from another user.
    pub(super) fn mentions(heard: &Heard<'_>, me: Option<Nick>) -> bool {
        let Some(me) = me.as_ref().map(Nick::as_str) else { return false };
        match heard {
            Heard::Said { from, text, .. } | Heard::Acted { from, text } => {
                !from.eq_ignore_ascii_case(me) && mention(text, me).is_some()
            }
            Heard::WhisperFrom { .. } => true,
            _ => false,
        }
    }

    /// The day that is shown when it begins; `None` if no times are shown.
    pub(super) fn today(self) -> Option<Date> {
        self.timestamps.then(|| Zoned::now().date())
    }

    /// `[place] nick> `.
    pub(super) fn prompt(self, place: &str, nick: &str) -> String {
        format!("{} {}> ", self.paint(DIM, &format!("[{place}]")), self.nick(nick))
    }

    /// Dims a hint that is shown after the typed text.
    pub(super) fn hint(self, hint: &str) -> String {
        self.paint(DIM, hint)
    }

    fn timestamp(self) -> String {
        if !self.timestamps {
            return String::new();
        }
        let time = Zoned::now().strftime("%H:%M").to_string();
        format!("{} ", self.paint(DIM, &time))
    }

    fn nick(self, nick: &str) -> String {
        self.paint(&format!("1;38;5;{}", color(nick)), nick)
    }

    /// A text from another user. If it names `me`, the name is highlighted and the bell rings.
    fn text(self, text: &str, from: &str, me: Option<Nick>) -> String {
        let Some(me) = me.filter(|me| !from.eq_ignore_ascii_case(me.as_str())) else {
            return text.to_owned();
        };
        let mut shown = String::new();
        let mut rest = text;
        while let Some(at) = mention(rest, me.as_str()) {
            let (name, after) = rest[at..].split_at(me.as_str().len());
            shown += &rest[..at];
            shown += &self.paint(MENTION, name);
            rest = after;
        }
        if shown.is_empty() { text.to_owned() } else { shown + rest + bell(Some(me)) }
    }

    fn paint(self, style: &str, words: &str) -> String {
        if self.colors { format!("\x1b[{style}m{words}\x1b[0m") } else { words.to_owned() }
    }
}

/// Where the text of a line begins, in columns: after the sender, or in a list in its second column.
fn text_start(line: &str, heard: &Heard<'_>) -> usize {
    let speech = match heard {
        Heard::Said { text, .. } => Some(line.len() - text.len()),
        Heard::Acted { .. } => Some(2),
        Heard::WhisperFrom { .. } | Heard::WhisperTo { .. } | Heard::Past => line.find(": ").map(|at| at + 2),
        _ => None,
    };
    let list = || {
        let indented = line.len() - line.trim_start().len();
        let gap = indented + line[indented..].find("  ").filter(|_| indented > 0)?;
        Some(line.len() - line[gap..].trim_start().len())
    };
    text_width(&line[..speech.or_else(list).unwrap_or(0)])
}

/// The bell, but not on a pipe, where `me` is unknown.
fn bell(me: Option<Nick>) -> &'static str {
    if me.is_some() { "\x07" } else { "" }
}

/// Where `text` holds `name` as a word, in upper or lower case.
fn mention(text: &str, name: &str) -> Option<usize> {
    let is_in_name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'-';
    let bytes = text.as_bytes();
    (0..=bytes.len().checked_sub(name.len())?).find(|&start| {
        let end = start + name.len();
        bytes[start..end].eq_ignore_ascii_case(name.as_bytes())
            && !bytes[..start].last().is_some_and(is_in_name)
            && !bytes.get(end).is_some_and(is_in_name)
    })
}

/// The colour of a nickname, out of a terminal's 256. The same name has the same colour everywhere, in
/// upper or lower case.
fn color(nick: &str) -> u8 {
    /// Neither too dark for a black background nor too light for a white one.
    const READABLE: [u8; 16] = [33, 37, 64, 71, 97, 99, 130, 132, 136, 161, 166, 168, 172, 31, 28, 127];
    // FNV-1a: short, and good enough to spread names over a few colours.
    let hash = nick.bytes().fold(0x811c_9dc5_u32, |hash, b| {
        (hash ^ u32::from(b.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
    });
    READABLE[hash as usize % READABLE.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLORS: View = View { colors: true, timestamps: false };

    fn nick(name: &str) -> Nick {
        Nick::new(name).expect("a valid nickname")
    }

    fn seen(view: View, line: &str, me: Option<&str>) -> String {
        view.line(line, &Heard::new(line), me.map(nick))
    }

    #[track_caller]
    fn check_mention(text: &str, expected: Option<usize>) {
        assert_eq!(mention(text, "bob"), expected, "{text}");
    }

    #[test]
    fn without_colours_a_line_is_shown_as_it_is() {
        for line in ["[lobby] bob: hi", "* bob waves", "[Whisper from bob]: hi", "Usage: /nick <nickname>"] {
            assert_eq!(seen(View::PLAIN, line, None), line);
        }
        assert_eq!(View::PLAIN.prompt("ops", "bob"), "[ops] bob> ");
    }

    #[test]
    fn a_nickname_keeps_its_colour_in_any_case_and_most_have_different_ones() {
        assert_eq!(color("Alice"), color("aLICE"));
        let colors: std::collections::HashSet<_> =
            ["alice", "bob", "carol", "dave", "erin", "frank"].map(color).into();
        assert!(colors.len() >= 4, "{colors:?}");
    }

    #[test]
    fn a_mention_is_a_whole_word_in_any_case() {
        check_mention("bob", Some(0));
        check_mention("hi Bob!", Some(3));
        check_mention("é bob's", Some(3));
        check_mention("bobby and bob", Some(10));
        check_mention("bob-2 kebob bob_ 1bob", None);
        check_mention("bo", None);
    }

    #[test]
    fn a_mention_by_another_user_is_highlighted_and_rings_the_bell() {
        let shown = seen(COLORS, "[lobby] alice: ask Bob, or bob", Some("bob"));
        assert!(shown.ends_with("ask \x1b[1;7mBob\x1b[0m, or \x1b[1;7mbob\x1b[0m\x07"), "{shown:?}");
        let own = seen(View::PLAIN, "[lobby] bob: I am bob", Some("bob"));
        assert_eq!(own, "[lobby] bob: I am bob");
        let presence = seen(View::PLAIN, "bob has joined the chat!", Some("bob"));
        assert_eq!(presence, "bob has joined the chat!");
    }

    #[test]
    fn a_whisper_rings_the_bell() {
        let shown = seen(View::PLAIN, "[Whisper from alice]: psst", Some("bob"));
        assert_eq!(shown, "\x07[Whisper from alice]: psst");
    }

    #[test]
    fn the_time_is_shown_in_hours_and_minutes() {
        let shown = seen(View { timestamps: true, ..View::PLAIN }, "hi", None);
        let (time, line) = shown.split_once(' ').expect("a time and a line");
        let (hours, minutes) = time.split_once(':').expect("HH:MM");
        assert!(hours.parse::<u8>().unwrap() < 24 && minutes.parse::<u8>().unwrap() < 60, "{time}");
        assert_eq!(line, "hi");
    }
}

//! Reads a `.chat` file.

use std::{error, fmt};

use super::{Act, Conversation, Ending, Line, MadeUp, Pattern, Sent, Signal, Writes, byte, escaped_byte};

/// A reason why a text is not a valid conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The number of the line, from 1 on.
    pub line: usize,
    /// The mistake in that line.
    pub reason: String,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl error::Error for Invalid {}

impl Conversation {
    /// Parses the text of a `.chat` file.
    ///
    /// # Errors
    /// The first invalid line.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let mut conversation = Self {
            checking: String::new(),
            peers: Vec::new(),
            environment: Vec::new(),
            made_up: MadeUp::default(),
            counts: Vec::new(),
            lines: Vec::new(),
        };
        let mut is_head = true;
        let mut present = Present(Vec::new());
        for (i, line) in text.lines().enumerate() {
            let at = |reason| Invalid { line: i + 1, reason };
            match line.trim_end() {
                "" if is_head => {
                    is_head = false;
                    present.0.clone_from(&conversation.peers);
                }
                "" => {}
                comment if comment.starts_with('#') => conversation.comment(comment),
                line if is_head => conversation.head(line).map_err(at)?,
                line => {
                    let line = conversation.line(line).and_then(|line| present.acts(line)).map_err(at)?;
                    conversation.lines.push(line);
                }
            }
        }
        let missing = |what: &str| Invalid { line: 1, reason: format!("there is no {what}") };
        match (conversation.checking.is_empty(), conversation.lines.is_empty()) {
            (true, _) => Err(missing("comment that says what is checked")),
            (_, true) => Err(missing("body after an empty line")),
            _ => Ok(conversation),
        }
    }

    /// The body of a `.chat` file's text, as a page shows it.
    pub fn body(text: &str) -> &str {
        text.split_once("\n\n").map_or("", |(_, body)| body)
    }

    fn comment(&mut self, comment: &str) {
        if self.checking.is_empty() {
            comment.trim_start_matches('#').trim().clone_into(&mut self.checking);
        }
    }

    fn head(&mut self, line: &str) -> Result<(), String> {
        let (key, list) = line.split_once(':').ok_or("the head has lines like 'names: alice, bob'")?;
        let separator = if key == "texts" { " | " } else { "," };
        let list: Vec<_> = list.split(separator).map(|item| item.trim().to_owned()).collect();
        if list.iter().any(String::is_empty) {
            return Err(format!("an item of '{key}' is empty"));
        }
        match key {
            "peers" => {
                self.made_up.names.extend(list.iter().cloned());
                self.peers = list;
            }
            "names" => self.made_up.names.extend(list),
            "rooms" => self.made_up.rooms.extend(list),
            "texts" => self.made_up.texts.extend(list),
            "counts" => self.counts.extend(list),
            "with" => {
                let pairs = list
                    .iter()
                    .map(|item| item.split_once('=').ok_or("the environment has lines like 'A=b'"));
                for pair in pairs {
                    let (name, value) = pair?;
                    self.environment.push((name.to_owned(), value.to_owned()));
                }
            }
            _ => return Err(format!("'{key}' is not one of peers, names, rooms, texts, counts, with")),
        }
        self.made_up.check()
    }

    fn line(&self, line: &str) -> Result<Line, String> {
        let end = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(line.len());
        let (who, rest) = line.split_at(end);
        if who.is_empty() {
            return Err("a line begins with a name".to_owned());
        }
        let act = match (who, rest.trim_start()) {
            ("server", act) => server_act(act),
            (_, act) => self.act(act),
        };
        Ok(Line { who: who.to_owned(), act: act? })
    }

    fn act(&self, act: &str) -> Result<Act, String> {
        if let Some(text) = act.strip_prefix(">>") {
            return sent(text.trim(), Writes::EachByte);
        }
        let mut rest = act.chars();
        let sign = rest.next();
        let text = rest.as_str().trim();
        match (sign, text) {
            (Some('>'), _) => sent(text, Writes::Once),
            (Some('<'), _) => Ok(Act::Hears(Pattern::exactly(text))),
            (Some('~'), _) => Ok(Act::Hears(self.loosely(text)?)),
            (Some('?'), _) => Ok(Act::MayHear(self.loosely(text)?)),
            (Some('*'), _) => Ok(Act::SkipsLines(text.split_whitespace().map(str::to_owned).collect())),
            (Some('!'), "") => Ok(Act::HearsNothing),
            (Some('('), "connects)") => Ok(Act::Connects),
            (Some('('), "finishes)") => Ok(Act::Finishes),
            (Some('('), "closes)") => Ok(Act::Closes),
            (Some('('), "resets)") => Ok(Act::Resets),
            (Some('('), "hears the end)") => Ok(Act::HearsTheEnd),
            _ => Err(format!("'{act}' is not an action of a client")),
        }
    }

    /// A pattern in which only declared names, rooms, texts and words count, in the order of the line.
    fn loosely(&self, text: &str) -> Result<Pattern, String> {
        let MadeUp { names, rooms, texts } = &self.made_up;
        let lower = text.to_ascii_lowercase();
        let mut found = Vec::new();
        for part in names.iter().chain(rooms).chain(texts).chain(&self.counts) {
            let part = part.to_ascii_lowercase();
            found.extend(lower.match_indices(&part).map(|(at, part)| (at, part.len())));
        }
        found.sort_by_key(|(at, length)| (*at, usize::MAX - length));
        let mut counting = Vec::new();
        let mut end = 0;
        for (at, length) in found {
            if at >= end {
                counting.push(text[at..at + length].to_owned());
                end = at + length;
            }
        }
        if counting.is_empty() {
            return Err("nothing in this line counts; declare a word with 'counts:'".to_owned());
        }
        Ok(Pattern { text: text.to_owned(), counting: Some(counting) })
    }
}

/// The clients that are connected at a line of the body.
struct Present(Vec<String>);

impl Present {
    /// Accepts a line if its client is connected.
    fn acts(&mut self, line: Line) -> Result<Line, String> {
        let is_here = self.0.contains(&line.who);
        match line.act {
            Act::IsSignalled(_) | Act::EndsWell => {}
            Act::StartsAgain => self.0.clear(),
            Act::Connects if is_here => return Err(format!("{} is already connected", line.who)),
            Act::Connects => self.0.push(line.who.clone()),
            _ if !is_here => return Err(format!("{} is not connected", line.who)),
            Act::Closes | Act::Resets => self.0.retain(|who| *who != line.who),
            _ => {}
        }
        Ok(line)
    }
}

impl MadeUp {
    fn check(&self) -> Result<(), String> {
        for list in [&self.names, &self.rooms] {
            for (i, name) in list.iter().enumerate() {
                let first = |name: &str| name.chars().next().map(|c| c.to_ascii_lowercase());
                if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
                    return Err(format!("'{name}' does not begin with a letter"));
                }
                if let Some(other) = list[..i].iter().find(|other| first(other) == first(name)) {
                    return Err(format!(
                        "'{name}' and '{other}' begin with the same letter, so their order would be random"
                    ));
                }
            }
        }
        Ok(())
    }
}

fn server_act(act: &str) -> Result<Act, String> {
    match act {
        "(is terminated)" => Ok(Act::IsSignalled(Signal::Terminate)),
        "(is interrupted)" => Ok(Act::IsSignalled(Signal::Interrupt)),
        "(ends well)" => Ok(Act::EndsWell),
        "(starts again)" => Ok(Act::StartsAgain),
        _ => Err(format!("'{act}' is not an action of the server")),
    }
}

fn sent(typed: &str, writes: Writes) -> Result<Act, String> {
    let (typed, ending) = match typed.strip_suffix("\\c") {
        Some(typed) => (typed, Ending::Nothing),
        None => (typed, Ending::Newline),
    };
    Ok(Act::Sends(Sent { text: unescaped(typed)?, ending, writes }))
}

fn unescaped(typed: &str) -> Result<String, String> {
    let mut text = String::new();
    let mut rest = typed.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        text.push(match rest.next() {
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('\\') => '\\',
            Some('x') => {
                let digits: String = rest.by_ref().take(2).collect();
                let value = u8::from_str_radix(&digits, 16);
                value.map(byte).map_err(|_| format!("'\\x{digits}' is not a byte"))?
            }
            other => return Err(format!("'\\{}' is not an escape", other.unwrap_or(' '))),
        });
    }
    Ok(text)
}

/// Bytes from the wire as readable text: everything that is not visible is escaped.
pub fn escaped(bytes: &[u8]) -> String {
    let mut shown = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => shown.push_str("\\n"),
                '\r' => shown.push_str("\\r"),
                '\t' => shown.push_str("\\t"),
                '\\' => shown.push_str("\\\\"),
                c if c.is_control() => {
                    c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| shown.push_str(&escaped_byte(byte)));
                }
                c => shown.push(c),
            }
        }
        chunk.invalid().iter().for_each(|byte| shown.push_str(&escaped_byte(*byte)));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &str) -> Result<Conversation, Invalid> {
        Conversation::parse(&format!("# It works.\npeers: alice, bob\ncounts: taken\n\n{body}\n"))
    }

    #[track_caller]
    fn refused(text: &str) -> String {
        Conversation::parse(text).expect_err("it is invalid").to_string()
    }

    #[test]
    fn a_line_is_a_client_and_its_action() {
        let conversation = parsed("alice> a\\nb\\c\nbob<  x y\nbob!\nalice (hears the end)").expect("valid");
        assert_eq!(conversation.checking, "It works.");
        let [sends, hears, silent, end] = &conversation.lines[..] else { panic!("{conversation:?}") };
        let Act::Sends(sent) = &sends.act else { panic!("{sends:?}") };
        assert_eq!((sent.bytes(), sent.shown()), (b"a\nb".to_vec(), "a\\nb\\c".to_owned()));
        assert_eq!(hears.act, Act::Hears(Pattern::exactly("x y")));
        assert_eq!((silent.who.as_str(), &silent.act), ("bob", &Act::HearsNothing));
        assert_eq!(end.act, Act::HearsTheEnd);
    }

    #[test]
    fn bytes_that_are_not_text_are_sent_unchanged() {
        let conversation = parsed("alice>> h\\xF0\\x9F").expect("valid");
        let Act::Sends(sent) = &conversation.lines[0].act else { panic!("it sends") };
        assert_eq!((sent.bytes(), sent.shown()), (b"h\xf0\x9f\n".to_vec(), "h\\xF0\\x9F".to_owned()));
    }

    #[test]
    fn in_a_loose_line_names_and_declared_words_count() {
        let conversation = parsed("alice~ Nickname 'BOB' is already taken.").expect("valid");
        let Act::Hears(pattern) = &conversation.lines[0].act else { panic!("it hears") };
        assert_eq!(pattern.counting, Some(vec!["BOB".to_owned(), "taken".to_owned()]));
        assert!(parsed("alice~ Nothing here.").is_err());
    }

    #[test]
    fn an_invalid_line_is_refused_with_its_number() {
        assert_eq!(
            refused("# x\nfriends: alice\n\nalice!"),
            "line 2: 'friends' is not one of peers, names, rooms, texts, counts, with"
        );
        assert_eq!(
            refused("# x\nnames: anna, alice\n\nanna!"),
            "line 2: 'alice' and 'anna' begin with the same letter, so their order would be random"
        );
        assert_eq!(refused("# x\n\nalice (dances)"), "line 3: '(dances)' is not an action of a client");
        assert_eq!(refused("# x\n\nalice> \\q"), "line 3: '\\q' is not an escape");
        assert_eq!(refused("# x\n\nalice> hi"), "line 3: alice is not connected");
        assert_eq!(refused("# x\npeers: bob\n\nbob (closes)\nbob!"), "line 5: bob is not connected");
        assert_eq!(refused("# x\nwith: RATE\n\nbob!"), "line 2: the environment has lines like 'A=b'");
        assert_eq!(refused("alice!"), "line 1: the head has lines like 'names: alice, bob'");
        assert_eq!(refused("# x\n"), "line 1: there is no body after an empty line");
    }

    #[test]
    fn received_bytes_are_shown_with_nothing_invisible() {
        assert_eq!(escaped("a\t\\🦀\r\n\0\u{85}".as_bytes()), "a\\t\\\\🦀\\r\\n\\x00\\xC2\\x85");
        assert_eq!(escaped(b"caf\xc3"), "caf\\xC3");
    }
}

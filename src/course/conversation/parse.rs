//! Reads a `.chat` file.

use std::time::Duration;

use rustix::process::Signal;

use super::{Act, Conversation, Line, Pattern, Sent, Wire, byte, escaped_byte, object};

impl Conversation {
    /// Parses the text of a `.chat` file.
    ///
    /// # Errors
    /// The first invalid line and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut conversation = Self::default();
        let mut is_head = true;
        let mut present = Vec::new();
        for (i, line) in text.lines().enumerate() {
            let at = |reason| format!("line {}: {reason}", i + 1);
            match line.trim_end() {
                "" if is_head => {
                    is_head = false;
                    present.clone_from(&conversation.peers);
                }
                line if line.is_empty() || line.starts_with('#') => {}
                line if is_head => conversation.head(line).map_err(at)?,
                line => {
                    let line = conversation.line(line).map_err(at)?;
                    acts(&line, &mut present).map_err(at)?;
                    conversation.lines.push(line);
                }
            }
        }
        match (Self::checking(text).is_empty(), conversation.lines.is_empty()) {
            (true, _) => Err("line 1: there is no comment that says what is checked".to_owned()),
            (_, true) => Err("line 1: there is no body after an empty line".to_owned()),
            _ => Ok(conversation),
        }
    }

    /// The conversation of a check.
    pub(crate) fn of(text: &str) -> Self {
        Self::parse(text).expect("a test parses every conversation")
    }

    /// The comment of a `.chat` file's text that says what is checked.
    pub fn checking(text: &str) -> &str {
        text.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap_or_default()
    }

    /// The body of a `.chat` file's text, as a page shows it.
    pub fn body(text: &str) -> &str {
        text.split_once("\n\n").map_or("", |(_, body)| body)
    }

    fn head(&mut self, line: &str) -> Result<(), String> {
        let (key, list) = line.split_once(':').ok_or("the head has lines like 'names: alice, bob'")?;
        let separator = if ["texts", "file"].contains(&key) { " | " } else { "," };
        let list: Vec<_> = list.split(separator).map(|item| item.trim().to_owned()).collect();
        if list.iter().any(String::is_empty) {
            return Err(format!("an item of '{key}' is empty"));
        }
        match key {
            "peers" => {
                self.names.extend(list.iter().cloned());
                self.peers = list;
            }
            "names" => self.names.extend(list),
            "rooms" => self.rooms.extend(list),
            "texts" => self.texts.extend(list),
            "counts" => self.counts.extend(list),
            "wire" if list == ["json"] => self.wire = Wire::Json,
            "wire" => return Err("the only wire of a conversation, besides text, is json".to_owned()),
            "wait" => {
                let seconds =
                    list[0].parse().map_err(|_| "a wait is a number of seconds, as in 'wait: 4'")?;
                self.wait = Duration::from_secs(seconds);
            }
            "file" => {
                let (name, first) = list[0].split_once('=').ok_or("a file begins like 'A=first line'")?;
                let lines = [&[first.to_owned()], &list[1..]].concat().join("\n");
                self.files.push((name.to_owned(), lines + "\n"));
            }
            "with" => {
                for item in &list {
                    let (name, value) = item.split_once('=').ok_or("the environment has lines like 'A=b'")?;
                    self.environment.push((name.to_owned(), value.to_owned()));
                }
            }
            _ => {
                return Err(format!(
                    "'{key}' is not one of peers, names, rooms, texts, counts, with, file, wait, wire"
                ));
            }
        }
        begin_differently(&self.names)?;
        begin_differently(&self.rooms)
    }

    fn line(&self, line: &str) -> Result<Line, String> {
        let end = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(line.len());
        let (who, rest) = line.split_at(end);
        if who.is_empty() {
            return Err("a line begins with a name".to_owned());
        }
        let act = rest.trim_start();
        let act = if who == "server" { server_act(act)? } else { self.act(act)? };
        Ok(Line { who: who.to_owned(), act })
    }

    fn act(&self, act: &str) -> Result<Act, String> {
        if let Some(text) = act.strip_prefix(">>") {
            return Ok(Act::Sends(Sent { is_bytewise: true, ..self.sent(text.trim())? }));
        }
        let mut rest = act.chars();
        let sign = rest.next();
        let text = rest.as_str().trim();
        match (sign, text) {
            (Some('>'), _) => self.sent(text).map(Act::Sends),
            (Some('<'), _) => Ok(Act::Hears(self.exactly(text)?)),
            (Some('~'), _) => Ok(Act::Hears(self.loosely(text)?)),
            (Some('?'), _) => Ok(Act::MayHear(self.loosely(text)?)),
            (Some('*'), _) => Ok(Act::SkipsLines(text.split_whitespace().map(str::to_owned).collect())),
            (Some('!'), "") => Ok(Act::HearsNothing),
            (Some('('), "connects)") => Ok(Act::Connects),
            (Some('('), "finishes)") => Ok(Act::Finishes),
            (Some('('), "closes)") => Ok(Act::Closes),
            (Some('('), "resets)") => Ok(Act::Resets),
            (Some('('), "is refused)") => Ok(Act::IsRefused),
            (Some('('), "hears the end)") => Ok(Act::HearsTheEnd),
            _ => Err(format!("'{act}' is not an action of a client")),
        }
    }

    fn sent(&self, typed: &str) -> Result<Sent, String> {
        let part = typed.strip_suffix("\\c");
        let (text, is_raw) = (part.unwrap_or(typed), self.wire == Wire::Json);
        let text = if is_raw { text.to_owned() } else { unescaped(text)? };
        Ok(Sent { text, is_line: part.is_none(), is_bytewise: false, is_raw })
    }

    fn exactly(&self, text: &str) -> Result<Pattern, String> {
        if self.wire == Wire::Text {
            return Ok(Pattern::exactly(text));
        }
        object::text_of(text)?;
        Ok(Pattern::object(text))
    }

    /// A pattern in which only declared names, rooms, texts and words count, in the order of the line.
    fn loosely(&self, text: &str) -> Result<Pattern, String> {
        if self.wire == Wire::Text {
            return Ok(Pattern { counting: Some(self.counting(text)?), ..Pattern::exactly(text) });
        }
        let counting = object::text_of(text)?.map(|text| self.counting(&text)).transpose()?;
        Ok(Pattern { counting, ..Pattern::object(text) })
    }

    /// The parts of a text that count.
    fn counting(&self, text: &str) -> Result<Vec<String>, String> {
        let lower = text.to_ascii_lowercase();
        let mut found = Vec::new();
        for part in [&self.names, &self.rooms, &self.texts, &self.counts].into_iter().flatten() {
            let part = part.to_ascii_lowercase();
            found.extend(lower.match_indices(&part).map(|(at, part)| (at, part.len())));
        }
        found.sort_by_key(|(at, length)| (*at, usize::MAX - length));
        let mut counting: Vec<String> = Vec::new();
        let mut end = 0;
        for (at, length) in found {
            if at < end {
                continue;
            }
            match counting.last_mut() {
                // Of a list, the commas count, too.
                Some(list) if &text[end..at] == ", " => list.push_str(&text[end..at + length]),
                _ => counting.push(text[at..at + length].to_owned()),
            }
            end = at + length;
        }
        if counting.is_empty() {
            return Err("nothing in this line counts; declare a word with 'counts:'".to_owned());
        }
        Ok(counting)
    }
}

/// Accepts a line if its client is connected, and keeps the list of connected clients.
fn acts(line: &Line, present: &mut Vec<String>) -> Result<(), String> {
    let who = &line.who;
    let is_here = present.contains(who);
    match line.act {
        Act::IsSignalled(_) | Act::EndsWell => {}
        Act::StartsAgain => present.clear(),
        Act::Connects if is_here => return Err(format!("{who} is already connected")),
        Act::Connects => present.push(who.clone()),
        _ if !is_here => return Err(format!("{who} is not connected")),
        Act::Closes | Act::Resets => present.retain(|other| other != who),
        _ => {}
    }
    Ok(())
}

fn begin_differently(names: &[String]) -> Result<(), String> {
    let first = |name: &str| name.chars().next().map(|c| c.to_ascii_lowercase());
    for (i, name) in names.iter().enumerate() {
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Err(format!("'{name}' does not begin with a letter"));
        }
        if let Some(other) = names[..i].iter().find(|other| first(other) == first(name)) {
            return Err(format!(
                "'{name}' and '{other}' begin with the same letter, so their order would be random"
            ));
        }
    }
    Ok(())
}

fn server_act(act: &str) -> Result<Act, String> {
    match act {
        "(is terminated)" => Ok(Act::IsSignalled(Signal::TERM)),
        "(is interrupted)" => Ok(Act::IsSignalled(Signal::INT)),
        "(ends well)" => Ok(Act::EndsWell),
        "(starts again)" => Ok(Act::StartsAgain),
        _ => Err(format!("'{act}' is not an action of the server")),
    }
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
                '\n' | '\r' | '\t' | '\\' => shown.extend(c.escape_default()),
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

    fn parsed(body: &str) -> Result<Conversation, String> {
        Conversation::parse(&format!("# It works.\npeers: alice, bob\ncounts: taken\n\n{body}\n"))
    }

    #[track_caller]
    fn refused(text: &str) -> String {
        Conversation::parse(text).expect_err("it is invalid")
    }

    #[test]
    fn a_line_is_a_client_and_its_action() {
        let conversation = parsed("alice> a\\nb\\c\nbob<  x y\nbob!\nalice (hears the end)").expect("valid");
        assert_eq!(Conversation::checking("# It works.\n# More."), "It works.");
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
    fn over_json_an_object_is_sent_as_it_is_written_and_heard_by_its_keys() {
        let conversation = Conversation::parse(
            "# x\nwire: json\npeers: alice\ncounts: left\n\nalice> {\"a\":\"\\u00eb\"}\\c\n\
             alice~ {\"type\":\"system\",\"text\":\"alice has left.\"}",
        )
        .expect("valid");
        let [sends, hears] = &conversation.lines[..] else { panic!("{conversation:?}") };
        let Act::Sends(sent) = &sends.act else { panic!("{sends:?}") };
        assert_eq!(sent.bytes(), br#"{"a":"\u00eb"}"#);
        assert_eq!(sent.shown(), r#"{"a":"\u00eb"}\c"#);
        let Act::Hears(pattern) = &hears.act else { panic!("{hears:?}") };
        assert_eq!(pattern.counting(), Some("alice … left".to_owned()));
        assert!(pattern.matches(r#"{"seq":1,"text":"Alice left","type":"system"}"#));
        assert!(parsed("alice< {").is_ok());
        assert_eq!(
            refused("# x\nwire: udp\n\na!"),
            "line 2: the only wire of a conversation, besides text, is json"
        );
    }

    #[test]
    fn an_invalid_line_is_refused_with_its_number() {
        assert_eq!(
            refused("# x\nfriends: alice\n\nalice!"),
            "line 2: 'friends' is not one of peers, names, rooms, texts, counts, with, file, wait, wire"
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

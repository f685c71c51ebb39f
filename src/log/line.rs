//! How a fact becomes a line: `TIME LEVEL event room=… nick=… key="text"`.
//!
//! The characters of names have no meaning here, and all other text is quoted and escaped. So users
//! cannot forge a line or a field, and a program can parse each line.

use std::{
    fmt::{self, Write},
    io,
    net::{IpAddr, SocketAddr},
};

use super::stamp::Stamp;
use crate::{
    command::{About, Asked},
    ending::Ending,
    event::{Event, account::AccountEvent},
    fact::{Deed, Fact},
};

pub(super) fn write(out: &mut Vec<u8>, stamp: &Stamp, fact: &Fact, addresses: bool) {
    let Fact { who, peer, room, deed, .. } = fact;
    let (level, what) = kind(deed);
    begin(out, stamp, level, what);
    field(out, " room=", room.as_str());
    field(out, " nick=", who.as_str());
    if addresses && has_address(deed) {
        text(out, format_args!(" address={peer}"));
    }
    match deed {
        Deed::Connected | Deed::Entered | Deed::Left => {}
        Deed::Disconnected(why) => quote(out, " reason=", why),
        Deed::Said(text) | Deed::Acted(text) => quote_str(out, " text=", text.as_str()),
        Deed::Whispered { to, text } => {
            field(out, " to=", to.as_str());
            if let Some(text) = text {
                quote_str(out, " text=", text.as_str());
            }
        }
        Deed::Renamed(new) => field(out, " new=", new.as_str()),
        Deed::Asked(Asked { verb, about: About::Network(_) }) if !addresses => {
            field(out, " verb=/", verb);
        }
        Deed::Asked(Asked { verb, about }) => text(out, format_args!(" verb=/{verb}{about}")),
        Deed::Did(event) | Deed::Told(event) if addresses => quote(out, " what=", event),
        Deed::Did(event) | Deed::Told(event) => {
            quote_str(out, " what=", &without_addresses(&event.to_string()));
        }
    }
    out.push(b'\n');
}

/// Appends a line about the log itself.
pub(super) fn write_own(out: &mut Vec<u8>, stamp: &Stamp, level: &str, what: fmt::Arguments<'_>) {
    begin(out, stamp, level, "log");
    text(out, format_args!(" {what}\n"));
}

fn kind(deed: &Deed) -> (&'static str, &'static str) {
    match deed {
        Deed::Connected => ("INFO", "connect"),
        Deed::Disconnected(Ending::Failed) => ("ERROR", "disconnect"),
        Deed::Disconnected(Ending::TooSlow | Ending::Lost(_)) => ("WARN", "disconnect"),
        Deed::Disconnected(_) => ("INFO", "disconnect"),
        Deed::Said(_) => ("INFO", "message"),
        Deed::Acted(_) => ("INFO", "action"),
        Deed::Whispered { .. } => ("INFO", "whisper"),
        Deed::Renamed(_) => ("INFO", "rename"),
        Deed::Entered => ("INFO", "join"),
        Deed::Left => ("INFO", "leave"),
        Deed::Asked(_) => ("INFO", "command"),
        Deed::Did(_) => ("NOTICE", "did"),
        Deed::Told(event) if is_suspicious(event) => ("WARN", "told"),
        Deed::Told(_) => ("INFO", "told"),
    }
}

/// Whether a user who is told this may be guessing passwords.
fn is_suspicious(event: &Event) -> bool {
    use AccountEvent::{TooManyAttempts, WrongAdministrator, WrongPassword};
    matches!(event, Event::Account(WrongPassword | WrongAdministrator | TooManyAttempts(_)))
}

/// Whether the address belongs to the event.
fn has_address(deed: &Deed) -> bool {
    matches!(deed, Deed::Connected | Deed::Disconnected(_) | Deed::Did(_) | Deed::Told(_))
}

fn begin(out: &mut Vec<u8>, stamp: &Stamp, level: &str, what: &str) {
    stamp.write(out);
    field(out, " ", level);
    field(out, " ", what);
}

/// Appends a name or another word that needs no quotation marks. `fmt` is ten times slower than this,
/// and there may be hundreds of thousands of messages a second.
fn field(out: &mut Vec<u8>, key: &str, word: &str) {
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(word.as_bytes());
}

fn text(out: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    io::Write::write_fmt(out, text).expect("writing to memory does not fail");
}

fn quote(out: &mut Vec<u8>, key: &str, text: impl fmt::Display) {
    out.extend_from_slice(key.as_bytes());
    out.push(b'"');
    write!(Quoted(out), "{text}").expect("writing to memory does not fail");
    out.push(b'"');
}

fn quote_str(out: &mut Vec<u8>, key: &str, text: &str) {
    out.extend_from_slice(key.as_bytes());
    out.push(b'"');
    escape(out, text);
    out.push(b'"');
}

/// Appends text so that it can end neither the line nor the quotation, even with control characters.
fn escape(out: &mut Vec<u8>, text: &str) {
    // No early return: so the compiler can check many bytes with one instruction.
    if text.bytes().fold(0, |harm, b| harm | u8::from(!is_plain(b))) == 0 {
        return out.extend_from_slice(text.as_bytes());
    }
    let mut utf8 = [0; 4];
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend_from_slice(&[b'\\', c as u8]),
            c if c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => {
                self::text(out, format_args!("{}", c.escape_unicode()));
            }
            c => out.extend_from_slice(c.encode_utf8(&mut utf8).as_bytes()),
        }
    }
}

/// Whether a byte is never part of something to escape. 0xC2 and 0xE2 begin characters of both kinds.
fn is_plain(b: u8) -> bool {
    b >= b' ' && !matches!(b, b'"' | b'\\' | 0x7f | 0xc2 | 0xe2)
}

struct Quoted<'a>(&'a mut Vec<u8>);

impl fmt::Write for Quoted<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        escape(self.0, piece);
        Ok(())
    }
}

/// The same words without their addresses and networks.
fn without_addresses(words: &str) -> String {
    let belongs = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '/' | '[' | ']');
    let mut shown = String::with_capacity(words.len());
    let mut rest = words;
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.find(|c| !belongs(c)).unwrap_or(rest.len()));
        let core = word.trim_end_matches(['.', ':', '/']);
        shown.push_str(if is_address(core) { "…" } else { core });
        shown.push_str(&word[core.len()..]);
        let gap = after.find(belongs).unwrap_or(after.len());
        shown.push_str(&after[..gap]);
        rest = &after[gap..];
    }
    shown
}

fn is_address(word: &str) -> bool {
    let (address, _prefix) = word.split_once('/').unwrap_or((word, ""));
    address.parse::<IpAddr>().is_ok()
        || address.parse::<SocketAddr>().is_ok()
        || word.strip_prefix("unix:").is_some_and(|user| user.parse::<u32>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_quoted(text: &str, expected: &str) {
        let mut out = Vec::new();
        quote(&mut out, "", text);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn no_text_can_end_its_quotation() {
        check_quoted("hello", "\"hello\"");
        check_quoted("say \"hi\"", r#""say \"hi\"""#);
        check_quoted(r"\", r#""\\""#);
        check_quoted("\" nick=bob", r#""\" nick=bob""#);
        check_quoted("a\nb\r\u{85}\u{2028}c\u{1b}\u{7f}", r#""a\u{a}b\u{d}\u{85}\u{2028}c\u{1b}\u{7f}""#);
        check_quoted("“£5” 😄 你好", "\"“£5” 😄 你好\"");
    }

    #[test]
    fn addresses_are_hidden_in_every_position() {
        let check = |words, expected| assert_eq!(without_addresses(words), expected);
        check("banned 192.0.2.0/24 for 5 minutes.", "banned … for 5 minutes.");
        check("'192.0.2.7' and 192.0.2.7:4711.", "'…' and ….");
        check("(fe80::1) [::1]:99 2001:db8::/32", "(…) … …");
        check("at 10:30: 1.5 é, dead: a/b", "at 10:30: 1.5 é, dead: a/b");
    }
}

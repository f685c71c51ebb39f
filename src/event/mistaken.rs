//! What users are told about lines that were not understood.

use std::fmt;

use super::{Usage, no_such_user};
use crate::{
    command::{Mistake, Verb},
    names::{Nick, Room},
    password::Password,
};

pub(super) fn mistaken(f: &mut fmt::Formatter<'_>, mistake: &Mistake) -> fmt::Result {
    match mistake {
        Mistake::UnknownVerb(word, nearest) => {
            write!(f, "Unknown command: /{word}. Type /help for available commands.")?;
            nearest.map_or(Ok(()), |verb| write!(f, " Did you mean /{}?", verb.name))
        }
        Mistake::Usage(verb) => write!(f, "Usage: {}", Usage(verb)),
        Mistake::InvalidNick => name_rule(f, "A nickname", Nick::MAX),
        Mistake::ReservedNick(nick) => write!(f, "Nickname '{nick}' is reserved."),
        Mistake::UnfitPassword => {
            let (min, max) = (Password::MIN, Password::MAX);
            write!(f, "A password has at least {min} characters (at most {max} bytes), ")?;
            f.write_str("no spaces and no control characters.")
        }
        Mistake::MisplacedSecret(Verb { name, .. }) => {
            f.write_str("This line was not sent, because it contains a password. ")?;
            write!(f, "Start the line with /{name}.")
        }
        Mistake::InvalidRoom => name_rule(f, "A room name", Room::MAX),
        Mistake::NoSuchUser(name) => no_such_user(f, name),
        Mistake::InvalidNetwork => {
            f.write_str("Expected an address or a network, like 192.0.2.7 or 192.0.2.0/24.")
        }
        Mistake::OutOfRange(range) => {
            write!(f, "Expected a number from {} to {}.", range.start(), range.end())
        }
        Mistake::InvalidFileName => {
            f.write_str("This file name does not work on every system. Rename the file.")
        }
        Mistake::Malformed(why) => f.write_str(why),
        Mistake::TextTooLong(max) => write!(f, "Message too long (max {max} bytes)."),
        Mistake::LineTooLong(max) => write!(f, "Line too long (max {max} bytes)."),
        Mistake::NotYourNick(nick) => write!(f, "That is not your nickname. Use '{nick}'."),
        Mistake::NotYourRoom(room) => write!(f, "You are not in that room. You are in '{room}'."),
        Mistake::InvalidUtf8 => f.write_str("That line is not valid UTF-8."),
        Mistake::HttpRequest => http_answer(f),
        Mistake::Unencrypted => {
            f.write_str("This port is encrypted. Connect to it with TLS: chat_client --tls HOST:PORT.")
        }
    }
}

/// A whole answer (RFC 9112 §6), except for the newline at the end of its body.
fn http_answer(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let body = "This is a chat server, not a web server. Connect with chat_client or nc.";
    f.write_str("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n")?;
    write!(f, "Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len() + 1)
}

fn name_rule(f: &mut fmt::Formatter<'_>, what: &str, max: usize) -> fmt::Result {
    write!(f, "{what} is 1 to {max} letters (A-Z, a-z), digits, '_' or '-', and starts with a letter.")
}

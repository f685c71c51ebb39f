//! JSON objects with little more than who says what: [`Dialect::Terse`], in both directions.

use super::{Decoder, Object, encode::Writer, field, one_line, required, typed, unknown};
use crate::{
    command::Mistake,
    dialect::{Dialect, Greeting, Input, text},
    event::Event,
    names::{Nick, Room},
    record::{Line, Manner},
};

/// Whether a `join` is of this dialect: it has a name, and neither a room nor a user.
pub(super) fn is_join(object: &Object) -> bool {
    field(object, "data").is_some() && field(object, "room").is_none() && field(object, "user").is_none()
}

impl Decoder {
    /// Whether the client speaks this dialect.
    pub(super) fn is_terse(&self) -> bool {
        self.greeting.as_ref().is_some_and(|greeting| greeting.dialect == Dialect::Terse)
    }

    /// Comes in under any name.
    pub(super) fn join_tersely(&mut self, object: &Object) -> Result<(), Mistake> {
        let nick = Nick::fit(required(object, "data")?);
        let greeting = Greeting { nick, room: Room::lobby(), dialect: Dialect::Terse };
        self.rest.push_back(Input::Greeting(Some(greeting)));
        Ok(())
    }

    /// Reads what the client sends after its first `join`. Another `join` changes its name.
    pub(super) fn understand_tersely(&mut self, kind: &str, object: &Object) -> Result<(), Mistake> {
        let command = match kind {
            "join" => Some(typed("nick", Nick::fit(required(object, "data")?).as_str(), self.limits)),
            "chat" => text::read_line(one_line(required(object, "data")?).as_bytes(), self.limits)?,
            _ => return Err(unknown(kind)),
        };
        self.rest.extend(command.map(Input::Command));
        Ok(())
    }
}

/// Adds an event to `out`, as objects on lines of their own: a message for what a user says in the room, and a
/// server message for everything else that the text dialect says.
pub fn encode_tersely(event: &Event, out: &mut Vec<u8>) {
    match event {
        Event::Said(room, line) => said(out, room, line),
        Event::History(room, lines) => lines.iter().for_each(|line| said(out, room, line)),
        _ => server_message(out, event),
    }
}

fn said(out: &mut Vec<u8>, room: &Room, line: &Line) {
    if line.manner == Manner::Acted {
        return server_message(out, &Event::Said(*room, line.clone()));
    }
    let mut out = Writer(out);
    out.open("message");
    out.string("from", line.from.as_str());
    out.string("data", line.text.as_str());
    out.literal("}\n");
}

fn server_message(out: &mut Vec<u8>, event: &Event) {
    let sentence = event.to_string();
    if !sentence.is_empty() {
        let mut out = Writer(out);
        out.open("server_message");
        out.string("data", &sentence);
        out.literal("}\n");
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use serde_json::json;

    use super::*;
    use crate::{
        command::{Command, Rank},
        dialect::{Decode, Limits, Scene},
        text::Text,
    };

    const LIMITS: Limits = Limits { line: 200, text: 100 };

    fn greeting(nick: &str) -> Greeting {
        Greeting { nick: Nick::new(nick).unwrap(), room: Room::lobby(), dialect: Dialect::Terse }
    }

    /// The inputs of a client that is let in as it wants.
    fn decode(pieces: &[&[u8]]) -> Vec<Input> {
        let (mut decoder, mut inputs) = (Decoder::new(LIMITS), Vec::new());
        for piece in pieces {
            decoder.feed(piece);
            while let Some(input) = decoder.next_input() {
                if let Input::Greeting(greeting) = &input {
                    decoder.welcome(greeting.clone());
                }
                inputs.push(input);
            }
        }
        inputs
    }

    /// Checks the commands of a client that comes in as Alice, wherever its bytes are cut.
    #[track_caller]
    fn check(objects: &str, expected: &[Command]) {
        let bytes = format!("{}{objects}", json!({"type": "join", "data": "Alice"})).into_bytes();
        let mut inputs = vec![Input::Greeting(Some(greeting("Alice")))];
        inputs.extend(expected.iter().cloned().map(Input::Command));
        for cut in 0..=bytes.len() {
            assert_eq!(decode(&[&bytes[..cut], &bytes[cut..]]), inputs, "cut at {cut}");
        }
        assert_eq!(decode(&bytes.chunks(1).collect::<Vec<_>>()), inputs, "byte by byte");
    }

    fn chat(line: &str) -> String {
        json!({"type": "chat", "data": line}).to_string()
    }

    fn text(typed: &str) -> Text {
        Text::new(typed, 99).unwrap().unwrap()
    }

    fn malformed(why: &str) -> Command {
        Command::mistake(Mistake::Malformed(why.into()))
    }

    #[test]
    fn a_client_comes_in_with_any_name() {
        for (name, nick) in [("Zoë Müller", "Zoe_Muller"), ("42", "n42"), ("", "user")] {
            let join = json!({"type": "join", "data": name}).to_string();
            assert_eq!(decode(&[join.as_bytes()]), [Input::Greeting(Some(greeting(nick)))]);
        }
    }

    #[test]
    fn what_it_says_is_a_typed_line() {
        check(&chat("Hello World!"), &[Command::say(text("Hello World!"))]);
        check(&(chat("a\nb\r\nc") + &chat("//d")), &[Command::say(text("a b c")), Command::say(text("/d"))]);
        check(&chat("/nick bob"), &[Command::typed("nick", "bob")]);
        check(r#"{"type":"join","data":"7"}"#, &[Command::typed("nick", "n7")]);
    }

    #[test]
    fn what_is_not_understood_is_answered() {
        check(r#"{"type":"dance"}"#, &[malformed("Unknown message type: dance")]);
        check(r#"{"type":"message","text":"a","id":7}"#, &[malformed("Unknown message type: message")]);
        check(r#"{"type":"chat"}"#, &[malformed("Missing fields: data")]);
        check(&chat(" "), &[]);
        check(&chat(&"x".repeat(101)), &[Command::mistake(Mistake::TextTooLong(100))]);
        check("[1]\n", &[malformed("Payload must be a JSON object")]);
    }

    #[test]
    fn a_join_with_a_room_or_a_user_is_of_the_other_dialect() {
        let inputs = decode(&[br#"{"type":"join","data":"x","user":"bob"}"#]);
        assert_eq!(inputs, [Input::Command(malformed("Missing fields: room"))]);
    }

    #[track_caller]
    fn check_encoded(event: &Event, expected: &str) {
        let units = Dialect::Terse.encoded(event, &Scene::default());
        assert_eq!(str::from_utf8(&units), Ok(expected));
    }

    #[test]
    fn everything_is_a_message_or_a_server_message() {
        let (bob, lobby) = (Nick::new("bob").unwrap(), Room::lobby());
        let line = |manner| Line { seq: 1, at: UNIX_EPOCH, from: bob, text: text("h\"i ë"), manner };
        let (said, acted) = (line(Manner::Said), line(Manner::Acted));
        let message = "{\"type\":\"message\",\"from\":\"bob\",\"data\":\"h\\\"i ë\"}\n";
        let action = "{\"type\":\"server_message\",\"data\":\"* bob h\\\"i ë\"}\n";
        check_encoded(&Event::Said(lobby, said.clone()), message);
        check_encoded(&Event::Said(lobby, acted.clone()), action);
        check_encoded(&Event::History(lobby, vec![said, acted]), &format!("{message}{action}"));
        check_encoded(
            &Event::Departed(bob),
            "{\"type\":\"server_message\",\"data\":\"bob has left the chat.\"}\n",
        );
        let help = Dialect::Terse.encoded(&Event::Commands(Rank::Administrator), &Scene::default());
        assert_eq!(str::from_utf8(&help).unwrap().lines().count(), 1);
    }
}

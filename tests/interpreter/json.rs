//! The JSON dialect, for clients that speak text.

use serde_json::Value;

use super::{Interpreter, take_unit};

/// A client that has no name yet, or has one.
#[derive(Default)]
pub(super) struct Json {
    is_inside: bool,
    room: String,
}

impl Interpreter for Json {
    /// A program names itself before it comes in, so there is no guest, and only the client is told of one.
    fn begin(&mut self, to_client: &mut Vec<u8>, _to_server: &mut Vec<u8>) {
        to_client.extend(b"Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.\n");
        "lobby".clone_into(&mut self.room);
    }

    fn ask(&mut self, line: &[u8], _to_client: &mut Vec<u8>, to_server: &mut Vec<u8>) {
        let (before, text, after): (&[u8], _, &[u8]) = match line {
            line if !self.is_inside && line.starts_with(b"/nick ") => {
                (br#"{"type":"join","room":"lobby","user":""#, &line[6..], br#""}"#)
            }
            [b'/', ..] => (br#"{"type":"command","text":""#, line, br#""}"#),
            _ => (br#"{"type":"message","text":""#, line, br#""}"#),
        };
        to_server.extend(before);
        for &byte in text {
            match byte {
                b'"' | b'\\' => to_server.extend([b'\\', byte]),
                ..0x20 => to_server.extend(format!("\\u{byte:04x}").bytes()),
                _ => to_server.push(byte),
            }
        }
        to_server.extend(after);
    }

    fn answer(&mut self, bytes: &mut Vec<u8>, to_client: &mut Vec<u8>, _to_server: &mut Vec<u8>) {
        while let Some(unit) = take_unit(bytes) {
            let object: Value = serde_json::from_slice(&unit).expect("the server speaks JSON");
            to_client.extend(self.sentence(&object).bytes());
            to_client.push(b'\n');
        }
    }
}

impl Json {
    fn sentence(&mut self, object: &Value) -> String {
        let field = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
        let list = |key: &str| {
            let names = object[key].as_array().into_iter().flatten().filter_map(Value::as_str);
            names.collect::<Vec<_>>().join(", ")
        };
        let event = field("event");
        if event == "joined" {
            self.room = field("name");
        }
        match field("type").as_str() {
            "message" if event == "acted" => format!("* {} {}", field("user"), field("text")),
            "message" => format!("[{}] {}: {}", field("room"), field("user"), field("text")),
            "system" if event == "welcome" => {
                self.is_inside = true;
                format!("Nickname changed to '{}'.", field("nick"))
            }
            "rooms" => format!("Active rooms: {}", list("rooms")),
            "users" => format!("Users in {}: {}", self.room, list("users")),
            "error" if field("text") == "Already in that room" && self.room == "lobby" => {
                "You are already in the lobby.".to_owned()
            }
            "error" if field("text") == "Already in that room" => {
                format!("You are already in room '{}'.", self.room)
            }
            _ => field("text"),
        }
    }
}

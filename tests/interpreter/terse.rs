//! Terse JSON, for clients that speak text.

use serde_json::{Value, json};

use super::{Interpreter, take_unit};

/// A client that has no name yet, or has one.
#[derive(Default)]
pub(super) struct Terse {
    name: Option<String>,
}

impl Interpreter for Terse {
    fn ask(&mut self, line: &[u8], to_client: &mut Vec<u8>, to_server: &mut Vec<u8>) {
        let line = String::from_utf8_lossy(line);
        let object = match (&self.name, line.strip_prefix("/nick ")) {
            (None, Some(name)) => {
                self.name = Some(name.to_owned());
                to_client.extend(format!("Nickname changed to '{name}'.\n").bytes());
                json!({"type": "join", "data": name})
            }
            _ => json!({"type": "chat", "data": line}),
        };
        to_server.extend(object.to_string().bytes());
    }

    fn answer(&mut self, bytes: &mut Vec<u8>, to_client: &mut Vec<u8>, _to_server: &mut Vec<u8>) {
        while let Some(unit) = take_unit(bytes) {
            assert!(unit.len() < 1024, "the client reads no more at once");
            let object: Value = serde_json::from_slice(&unit).expect("the server speaks JSON");
            let field = |key: &str| object[key].as_str().unwrap_or_default();
            let sentence = match field("type") {
                // The object does not name the room, which is the one where the client is.
                "message" => format!("[lobby] {}: {}", field("from"), field("data")),
                _ => field("data").to_owned(),
            };
            to_client.extend(sentence.bytes());
            to_client.push(b'\n');
        }
    }
}

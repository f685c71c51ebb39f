//! Verbs, for clients that speak text.

use super::{Interpreter, take_unit};

/// A client that has no name yet, or has one.
#[derive(Default)]
pub(super) struct Verbs {
    name: Option<String>,
}

impl Interpreter for Verbs {
    fn ask(&mut self, line: &[u8], to_client: &mut Vec<u8>, to_server: &mut Vec<u8>) {
        let line = String::from_utf8_lossy(line);
        let verb = match (&self.name, line.strip_prefix("/nick ")) {
            (None, Some(name)) => {
                self.name = Some(name.to_owned());
                to_client.extend(format!("Nickname changed to '{name}'.\n").bytes());
                format!("HELLO lobby:{name}\n")
            }
            (Some(name), _) => format!("SEND lobby:{name} {line}\n"),
            (None, None) => format!("{line}\n"),
        };
        to_server.extend(verb.bytes());
    }

    fn answer(&mut self, bytes: &mut Vec<u8>, to_client: &mut Vec<u8>, _to_server: &mut Vec<u8>) {
        while let Some(unit) = take_unit(bytes) {
            let unit = str::from_utf8(&unit).expect("the server speaks UTF-8");
            let sentence = match unit.strip_prefix("MSG FROM ").map(|said| said.split_once([':', ' '])) {
                Some(Some((room, said))) => {
                    let (from, text) = said.split_once(' ').expect("a text follows the name");
                    format!("[{room}] {from}: {text}")
                }
                _ => unit.trim_start_matches("MSG ").trim_start_matches("ERROR: ").to_owned(),
            };
            to_client.extend(sentence.bytes());
            to_client.push(b'\n');
        }
    }
}

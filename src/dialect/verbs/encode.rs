//! Events as lines that begin with `MSG` or `ERROR:`.

use std::fmt::Write;

use crate::{
    command::Mistake,
    dialect::text::{self, Utf8},
    event::Event,
    record::{Line, Manner},
};

/// Adds an event to `out`, as lines.
pub fn encode(event: &Event, out: &mut Vec<u8>) {
    match event {
        Event::Said(room, Line { from, text, manner: Manner::Said, .. }) => {
            writeln!(Utf8(out), "MSG FROM {room}:{from} {text}").expect("writing to memory does not fail");
        }
        // A web browser gets an HTTP response.
        Event::Mistaken(Mistake::HttpRequest) => text::encode(event, out),
        _ => {
            let kind = if event.is_refusal() { "ERROR:" } else { "MSG" };
            for line in event.to_string().lines().filter(|line| !line.is_empty()) {
                writeln!(Utf8(out), "{kind} {line}").expect("writing to memory does not fail");
            }
        }
    }
}

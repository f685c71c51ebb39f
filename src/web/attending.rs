//! The WebSocket of a client that has registered: it hears lines of text, and says `SEND TEXT` and `QUIT`.
//!
//! While it is open, the client has no other stream. When it closes, the client stays, and can open another one.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use uuid::Uuid;

use super::{
    House,
    call::{Call, Caller},
    guests::Guest,
    rest,
    routes::{Answer, Then},
    websocket::handshake,
};
use crate::{
    command::{Ask, Command, Mistake, Opening, speech},
    dialect::{self, Decode, Input, Limits},
    framing::websocket::{self, Decoder, Messages},
    http::{Problem, Status},
    transport::{Incoming, SealedSink, Stream, is_early},
    watch::{self, Activity},
};

/// How often a client that is silent is looked at, in case another stream has taken over.
const LOOK: Duration = Duration::from_millis(200);

/// How long a client may take to close its side.
const CLOSING: Duration = Duration::from_secs(1);

/// A client that is about to hear and speak over WebSocket.
pub(super) struct Attending {
    id: Uuid,
    guest: Arc<Guest>,
    /// The head of the response.
    head: Vec<u8>,
}

/// Changes to WebSocket for a client that goes to this room, if it is not there.
pub(super) fn open(call: &Call<'_>, caller: &Caller) -> Result<Answer, Problem> {
    if call.parts[0].parse() != Ok(caller.id) {
        return Err(Problem::new(Status::Forbidden, "This token belongs to another client."));
    }
    let response = handshake(call.request)?;
    rest::go(call, caller, rest::room(&call.parts[1])?, Opening::Existing)?;
    let attending = Attending { id: caller.id, guest: Arc::clone(&caller.guest), head: response.head(false) };
    Ok(Answer { response, then: Then::Attend(attending) })
}

impl Attending {
    /// Serves the client until one side closes the WebSocket. `first` was read already.
    pub(super) fn run(self, house: &House<'_>, stream: &dyn Stream, first: &[u8]) {
        let Ok(sink) = stream.writer() else { return };
        let sink = SealedSink::around(sink, Some(Box::new(Messages::default())));
        // The client may rely on hearing everything that is said after it has seen the response.
        let attached = house.guests.attach(&self.guest, sink, &websocket::opening(&self.head));
        let mut decoder = Decoder::new(dialect::Decoder::other(Lines::new(house.lines)), house.lines);
        decoder.feed(first);
        let incoming = stream.incoming();
        while house.guests.is_attached(self.id, attached) {
            if self.apply(house, &mut decoder).is_none() || read(incoming, &mut decoder).is_none() {
                break;
            }
        }
        // The writing end of a stream that was replaced can fail, too; that ends nothing else.
        match incoming.hung_up().filter(|_| house.guests.is_attached(self.id, attached)) {
            Some(why) => house.guests.remove(self.id, why),
            None => house.guests.detach(self.id, attached),
        }
        watch::doing(Activity::Closing);
        incoming.drain(CLOSING);
    }

    /// Carries out what has come; `None` if that is the end.
    fn apply(&self, house: &House<'_>, decoder: &mut Decoder) -> Option<()> {
        while let Some(input) = decoder.next_input() {
            let Input::Command(command) = input else { continue };
            if command.ask == Ask::Quit {
                return None;
            }
            if command.is_speech() {
                house.guests.resume(&self.guest);
            }
            house.guests.apply(&self.guest, command);
        }
        Some(())
    }
}

/// Reads once; `None` at the end of the stream. Never inlined: its buffer would take room on the stack of everything
/// that is carried out.
#[inline(never)]
fn read(incoming: &dyn Incoming, decoder: &mut Decoder) -> Option<()> {
    watch::doing(Activity::Reading);
    let mut bytes = [0; 4096];
    incoming.set_patience(Some(LOOK)).ok()?;
    match incoming.read(&mut bytes) {
        Ok(0) => None,
        Ok(length) => {
            watch::doing(Activity::Working);
            decoder.feed(&bytes[..length]);
            Some(())
        }
        Err(error) => is_early(&error).then_some(()),
    }
}

/// Reads lines that begin with `SEND` or `QUIT`.
struct Lines {
    limits: Limits,
    bytes: VecDeque<u8>,
}

impl Lines {
    fn new(limits: Limits) -> Self {
        Self { limits, bytes: VecDeque::new() }
    }

    fn read(&self, line: &[u8]) -> Result<Option<Command>, Mistake> {
        let line = str::from_utf8(line).map_err(|_| Mistake::InvalidUtf8)?.trim_end_matches('\r');
        let (word, text) = line.split_once(' ').unwrap_or((line, ""));
        match &*word.to_ascii_uppercase() {
            "" => Ok(None),
            "SEND" => {
                let said = speech(text, self.limits.text)?;
                said.map(|text| Some(Command::say(text))).ok_or_else(|| malformed("Usage: SEND TEXT"))
            }
            "QUIT" => Ok(Some(Command::quit())),
            _ => Err(malformed("Unknown verb. Use one of: SEND TEXT, QUIT.")),
        }
    }
}

impl Decode for Lines {
    fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    fn next_input(&mut self) -> Option<Input> {
        while let Some(end) = self.bytes.iter().position(|&byte| byte == b'\n') {
            let line: Vec<_> = self.bytes.drain(..=end).collect();
            match self.read(&line[..end]) {
                Ok(None) => {}
                Ok(Some(command)) => return Some(Input::Command(command)),
                Err(mistake) => return Some(Input::Command(Command::mistake(mistake))),
            }
        }
        if self.bytes.is_empty() {
            // An idle client keeps no memory for its lines.
            self.bytes = VecDeque::new();
        }
        None
    }
}

fn malformed(why: &str) -> Mistake {
    Mistake::Malformed(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_however_they_are_cut() {
        let all = b"SEND hi :smile:\r\n\nsend  /quit\nSEND\nDANCE\nSEND \xff\nQUIT now\nSEND half";
        let read = |piece: usize| {
            let (mut lines, mut asks) = (Lines::new(Limits { line: 100, text: 20 }), Vec::new());
            for bytes in all.chunks(piece) {
                lines.feed(bytes);
                while let Some(Input::Command(Command { ask, .. })) = lines.next_input() {
                    asks.push(ask);
                }
            }
            asks
        };
        let whole = read(all.len());
        let said = |ask: &Ask| if let Ask::Say(text) = ask { text.to_string() } else { format!("{ask:?}") };
        assert_eq!(whole.len(), 6);
        assert_eq!([said(&whole[0]), said(&whole[1])], ["hi 😄", " /quit"]);
        assert_eq!(whole[4..], [Ask::Mistake(Mistake::InvalidUtf8), Ask::Quit]);
        for piece in 1..all.len() {
            assert_eq!(read(piece), whole, "in pieces of {piece}");
        }
    }
}

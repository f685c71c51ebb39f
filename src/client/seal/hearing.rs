//! What seals make of the server's lines.

use super::{
    Deed, MOST_SEALS, Seals, Sent, State,
    exchange::{Answer, Commitment, Key, Names, Refused, Seal},
    message::Message,
    send, tell,
};
use crate::{client::presence::renaming, names::Nick};

impl Seals {
    /// Takes a line from the server; `None` if it has nothing to do with seals.
    pub(in crate::client) fn heard(&mut self, line: &str, me: Option<Nick>) -> Option<Vec<Deed>> {
        if let Some((peer, text)) = whisper(line, "[Whisper from ") {
            self.last = Some(peer);
            return Some(self.take(Message::read(text)?, peer, me));
        }
        if let Some((_, text)) = whisper(line, "[Whisper to ") {
            Message::read(text)?;
            return Some(self.echoed(text).into_iter().collect());
        }
        let (old, new) = renaming(line)?;
        let (old, new) = (Nick::new(old).ok()?, Nick::new(new).ok()?);
        // The line itself is shown, too.
        if old == new || !self.with.contains_key(&old) {
            return None;
        }
        self.with.insert(old, State::Doubtful(None));
        let words = format!("it ends, because that user is {new} now. Use /seal {new} for a new one.");
        let shown = Deed::Tell(line.to_owned());
        Some(vec![shown, Deed::Withdraw(old), tell(old, &words)])
    }

    fn take(&mut self, message: Message, peer: Nick, me: Option<Nick>) -> Vec<Deed> {
        let Some(me) = me else { return Vec::new() };
        if self.with.get(&peer).is_some_and(|state| state.is_for_other_than(me)) {
            self.with.insert(peer, State::Doubtful(None));
            let words = format!("not made, because your name has changed meanwhile. Use /seal {peer} again.");
            return vec![tell(peer, &words)];
        }
        match message {
            Message::Hail(commitment) => self.hailed(Names { me, peer }, commitment),
            Message::Key(key) => self.take_key(peer, key),
            Message::Open(key) => self.take_open(peer, key),
            Message::Text(part) => self.open(peer, &part),
            Message::None => self.ended(peer),
            Message::Damaged => vec![tell(peer, "a message that cannot be read has come, and is ignored.")],
        }
    }

    fn hailed(&mut self, names: Names, commitment: Commitment) -> Vec<Deed> {
        let Names { me, peer } = names;
        match self.with.get(&peer) {
            // Both have asked at once. The lower name goes on; the other answers. Ours may have been lost.
            Some(State::Hailing(hail)) if me < peer => vec![send(peer, &Message::Hail(hail.commitment()))],
            Some(State::Answering(answer)) if answer.commitment == commitment => Vec::new(),
            Some(State::Sealed(_) | State::Doubtful(_)) => {
                self.with.insert(peer, State::Doubtful(Some(commitment)));
                vec![Deed::Withdraw(peer), changed(peer, "wants a new seal with another key")]
            }
            None if self.with.len() >= MOST_SEALS => {
                vec![tell(peer, "not answered, because you have too many seals.")]
            }
            None | Some(State::Hailing(_) | State::Answering(_)) => {
                self.told.remove(&peer);
                self.answer(names, commitment)
            }
        }
    }

    pub(super) fn answer(&mut self, names: Names, commitment: Commitment) -> Vec<Deed> {
        let peer = names.peer;
        let Ok(answer) = Answer::new(names, commitment) else { return vec![self.helpless(peer)] };
        let key = send(peer, &Message::Key(answer.key()));
        self.with.insert(peer, State::Answering(answer));
        vec![Deed::Withdraw(peer), key, tell(peer, "that user asks for it. The keys are being exchanged.")]
    }

    fn take_key(&mut self, peer: Nick, key: Key) -> Vec<Deed> {
        match self.with.remove(&peer) {
            Some(State::Hailing(hail)) => match hail.agree(key) {
                Ok((seal, ours)) => vec![send(peer, &Message::Open(ours)), self.sealed(peer, seal)],
                Err(refused) => self.refused(peer, &refused),
            },
            state => self.unexpected(peer, state),
        }
    }

    fn take_open(&mut self, peer: Nick, key: Key) -> Vec<Deed> {
        match self.with.remove(&peer) {
            Some(State::Answering(answer)) => match answer.agree(key) {
                Ok(seal) => vec![self.sealed(peer, seal)],
                Err(refused) => self.refused(peer, &refused),
            },
            state => self.unexpected(peer, state),
        }
    }

    fn sealed(&mut self, peer: Nick, seal: Seal) -> Deed {
        let words = format!(
            "ready. Its words are: {}. Compare them with {peer} by another way, such as by telephone. \
             If yours differ, the server reads along: use /unseal {peer}.",
            seal.words
        );
        self.with.insert(peer, State::Sealed(Box::new(seal)));
        tell(peer, &words)
    }

    fn refused(&mut self, peer: Nick, refused: &Refused) -> Vec<Deed> {
        self.with.insert(peer, State::Doubtful(None));
        vec![changed(
            peer,
            match refused {
                Refused::OtherKey => "has shown another key than the one that was announced",
                Refused::WeakKey => "has sent a key that hides nothing",
            },
        )]
    }

    /// A key has come that this client has not asked for.
    fn unexpected(&mut self, peer: Nick, state: Option<State>) -> Vec<Deed> {
        match state {
            None => self.say_none(peer),
            Some(State::Sealed(_)) => {
                self.with.insert(peer, State::Doubtful(None));
                vec![Deed::Withdraw(peer), changed(peer, "has sent another key")]
            }
            Some(state) => {
                self.with.insert(peer, state);
                Vec::new()
            }
        }
    }

    fn open(&mut self, peer: Nick, part: &[u8]) -> Vec<Deed> {
        let seal = match self.with.get_mut(&peer) {
            Some(State::Sealed(seal)) => seal,
            Some(_) => return vec![tell(peer, "a sealed whisper has come that is not shown: decide first.")],
            None => {
                let told = tell(
                    peer,
                    &format!(
                        "there is none, so a sealed whisper from {peer} is not shown. Use /seal {peer} for a new one."
                    ),
                );
                return [told].into_iter().chain(self.say_none(peer)).collect();
            }
        };
        match seal.opener.open(part) {
            Ok(None) => Vec::new(),
            Ok(Some(opened)) => {
                let lost = match opened.lost {
                    0 => None,
                    1 => Some(tell(peer, "a part of what was whispered before this is lost.")),
                    lost => {
                        Some(tell(peer, &format!("{lost} parts of what was whispered before this are lost.")))
                    }
                };
                let shown = Deed::ShowFrom(format!("[Sealed whisper from {peer}]: {}", opened.text));
                lost.into_iter().chain([shown]).collect()
            }
            Err(fault) => vec![tell(peer, &format!("{fault}."))],
        }
    }

    fn ended(&mut self, peer: Nick) -> Vec<Deed> {
        match self.with.remove(&peer) {
            // The user has not asked for this one.
            None | Some(State::Answering(_)) => Vec::new(),
            Some(_) => {
                self.with.insert(peer, State::Doubtful(None));
                vec![Deed::Withdraw(peer), changed(peer, "has no seal with you any more")]
            }
        }
    }

    /// Tells a user once that there is no seal.
    fn say_none(&mut self, peer: Nick) -> Vec<Deed> {
        let is_new = self.told.len() < MOST_SEALS && self.told.insert(peer);
        if is_new { vec![send(peer, &Message::None)] } else { Vec::new() }
    }

    /// The server has repeated a message of ours. Returns the text that ends with it.
    fn echoed(&mut self, message: &str) -> Option<Deed> {
        let is_last = |sent: &Sent| sent.parts.last().is_some_and(|part| part == message);
        let at = self.sent.iter().position(is_last)?;
        let Sent { to, text, .. } = self.sent.remove(at)?;
        Some(Deed::ShowTo(format!("[Sealed whisper to {to}]: {text}")))
    }
}

/// The user and the text in the server's words about a whisper.
fn whisper<'a>(line: &'a str, begin: &str) -> Option<(Nick, &'a str)> {
    let (nick, text) = line.strip_prefix(begin)?.split_once("]: ")?;
    Some((Nick::new(nick).ok()?, text))
}

fn changed(peer: Nick, what: &str) -> Deed {
    Deed::Tell(format!(
        "Seal with {peer}: WARNING! {peer} {what}. Perhaps the client was started again; perhaps the server \
         reads along. Nothing is whispered to {peer} until you decide: /seal {peer} for a new seal, whose \
         words you compare again, or /unseal {peer} to whisper unsealed."
    ))
}

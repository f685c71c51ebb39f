//! What people say: to their room, and to one another.

use super::{Client, State};
use crate::{
    broadcaster::Post,
    event::Event,
    fact::Deed,
    names::{ClientId, Nick},
    record::Manner,
    text::Text,
};

impl State {
    pub(super) fn say(&mut self, client: ClientId, text: Text) {
        let (from, room, seq) = (self.nick(client), self.room(client).name, self.next_seq());
        self.remember(client, &text, Manner::Said, seq);
        self.note_with(client, || Deed::Said(text.clone()));
        self.tell_hearers(client, Event::Said { room, from, text, seq, at: self.now.wall });
    }

    pub(super) fn act(&mut self, client: ClientId, text: Text) {
        let (from, seq) = (self.nick(client), self.next_seq());
        self.remember(client, &text, Manner::Acted, seq);
        self.note_with(client, || Deed::Acted(text.clone()));
        self.tell_hearers(client, Event::Acted { from, text, seq, at: self.now.wall });
    }

    pub(super) fn whisper(&mut self, client: ClientId, to: Nick, text: Text) {
        match self.nicks.get(&to) {
            Some(&target) => self.whisper_to(client, target, text),
            None => self.tell(client, Event::NoSuchUser(to)),
        }
    }

    pub(super) fn reply(&mut self, client: ClientId, text: Text) {
        match self.clients[client].last_whisperer {
            Some((target, _)) if self.clients.contains_key(target) => self.whisper_to(client, target, text),
            Some((_, nick)) => self.tell(client, Event::NoSuchUser(nick)),
            None => self.tell(client, Event::NobodyWhispered),
        }
    }

    /// Whoever ignores the whisperer hears nothing; the whisperer is not told so.
    pub(super) fn whisper_to(&mut self, client: ClientId, target: ClientId, text: Text) {
        if !self.may_whisper_to(client, target) {
            return;
        }
        let (from, to) = (self.nick(client), self.nick(target));
        self.throughput.count(self.now.instant);
        self.note_whisper(client, to, &text);
        let is_heard = !self.clients[target].ignores.contains(&from);
        self.have_met(client, target, is_heard);
        if is_heard {
            self.clients[target].last_whisperer = Some((client, from));
            self.tell(target, Event::WhisperFrom { from, text: text.clone() });
        }
        self.tell(client, Event::WhisperTo { to, text });
    }

    /// Tells what a client said to everybody in its room who wants to hear it.
    pub(super) fn tell_hearers(&mut self, client: ClientId, event: Event) {
        let Client { nick, room, .. } = self.clients[client];
        self.posts.push(Post::TellRoom(room, self.ignoring(nick), event));
    }

    pub(super) fn next_seq(&mut self) -> u64 {
        self.throughput.count(self.now.instant);
        self.seq += 1;
        self.seq
    }
}

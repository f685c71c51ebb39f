//! What seals have the client do on a terminal.

use std::time::Instant;

use super::Chat;
use crate::{
    client::{
        seal::{Deed, is_for},
        speech,
    },
    event::heard::Heard,
};

impl Chat {
    /// Does what follows for seals from a line that was typed or heard.
    pub(super) fn carry_out(&mut self, deeds: Vec<Deed>, now: Instant) {
        for deed in deeds {
            match deed {
                Deed::Send(line) => self.way.speech.say(speech::Typed::new(&line)),
                Deed::Tell(words) | Deed::Refuse(words) => self.output.notice(&words),
                Deed::ShowFrom(line) => {
                    self.output.show(&line, &Heard::WhisperFrom, self.status.nick, now);
                }
                Deed::ShowTo(line) => self.output.show(&line, &Heard::WhisperTo, self.status.nick, now),
                Deed::Withdraw(peer) => {
                    for line in self.way.speech.withdraw(|line| is_for(line, peer)) {
                        self.output.notice(&format!("Not delivered: {}", self.seals.readable(&line)));
                    }
                }
            }
        }
    }
}

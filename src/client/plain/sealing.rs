//! What seals have the client do on a pipe.

use super::{Error, Plain, speech, tell};
use crate::{
    client::seal::{Deed, is_for},
    event::heard::Heard,
};

impl Plain {
    /// Takes the line that is held back, when everything before it was answered. Seals are for our
    /// nickname, so they need to know it.
    pub(super) fn take_held(&mut self) {
        let is_under_way = self.speech.expects_mark() || self.speech.open().next().is_some();
        if self.status.nick.is_none() || self.standing.is_waiting() || is_under_way {
            return;
        }
        let Some(line) = self.held.take() else { return };
        match self.seals.typed(&line, self.status.nick) {
            // Nothing is shown, so nothing can fail.
            Some(deeds) => drop(self.carry_out(deeds)),
            None => self.give(&line),
        }
    }

    /// Does what follows for seals from a line that was typed or heard.
    pub(super) fn carry_out(&mut self, deeds: Vec<Deed>) -> Result<(), Error> {
        for deed in deeds {
            match deed {
                Deed::Send(line) => self.speech.say(speech::Typed::new(&line)),
                Deed::Tell(words) => self.notice(&words),
                Deed::Refuse(words) => {
                    self.refused += 1;
                    self.notice(&words);
                }
                Deed::ShowFrom(line) => self.show(&line, &Heard::WhisperFrom)?,
                Deed::ShowTo(line) => self.show(&line, &Heard::WhisperTo)?,
                Deed::Withdraw(peer) => {
                    for line in self.speech.withdraw(|line| is_for(line, peer)) {
                        self.refuse(&self.seals.readable(&line), "a seal with that user has begun or ended");
                    }
                }
            }
        }
        Ok(())
    }

    /// Tells the user something, on standard error and in the log.
    fn notice(&mut self, words: &str) {
        tell(words);
        self.log.note_shown(words).into_iter().for_each(|words| tell(&words));
    }
}

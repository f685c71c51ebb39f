//! Whether a client is who and where its program thinks.

use super::State;
use crate::{
    command::{Claim, Command, Mistake},
    names::ClientId,
};

impl State {
    /// Makes a command a mistake if its client is not who or where its program thinks.
    #[inline(never)]
    pub fn check_claim(&self, client: ClientId, claim: &Claim, command: &mut Command) {
        let Some(asking) = self.people.get(client) else { return };
        let (nick, own) = (asking.nick, self.room(client).name);
        if claim.user != nick {
            *command = Command::mistake(Mistake::NotYourNick(nick));
        } else if claim.room.is_some_and(|room| room != own) {
            *command = Command::mistake(Mistake::NotYourRoom(own));
        }
    }
}

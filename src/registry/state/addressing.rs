//! Whether a client has the nickname, and is in the room, that its command names.

use super::State;
use crate::{
    command::{Claim, Command, Mistake},
    names::ClientId,
};

impl State {
    /// Turns a command into a mistake if its client has another nickname, or is in another room.
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

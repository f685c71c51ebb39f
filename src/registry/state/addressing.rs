//! Whether a client is who and where its program thinks.

use super::State;
use crate::{
    command::{Addressed, Command, Mistake},
    names::ClientId,
};

impl State {
    /// What a client asks that has said who and where it is: a mistake, if that is not so.
    #[inline(never)]
    pub fn resolved(&self, client: ClientId, addressed: Addressed) -> Command {
        let Addressed { user, room, command } = addressed;
        let Some(asking) = self.people.get(client) else { return command };
        let (nick, own) = (asking.nick, self.room(client).name);
        if user != nick {
            Command::mistake(Mistake::NotYourNick(nick))
        } else if room.is_some_and(|room| room != own) {
            Command::mistake(Mistake::NotYourRoom(own))
        } else {
            command
        }
    }
}

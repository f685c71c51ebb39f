//! Whether a client is who and where its program thinks.

use super::State;
use crate::{
    command::{Addressed, Ask, Command, Mistake},
    names::ClientId,
};

impl State {
    /// Replaces a command that says who and where its client is by what is asked: a mistake, if that is not so.
    #[inline(never)]
    pub fn resolve(&self, client: ClientId, command: &mut Command) {
        let Ask::Addressed(addressed) = &mut command.ask else { return };
        let Some(asking) = self.people.get(client) else { return };
        let (nick, own) = (asking.nick, self.room(client).name);
        let Addressed { user, room, command: asked } = &mut **addressed;
        *command = if *user != nick {
            Command::mistake(Mistake::NotYourNick(nick))
        } else if room.is_some_and(|room| room != own) {
            Command::mistake(Mistake::NotYourRoom(own))
        } else {
            asked.clone()
        };
    }
}

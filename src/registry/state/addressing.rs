//! Whether a client has the nickname, and is in the room, that its command names.

use super::State;
use crate::{
    command::{Addressed, Ask, Command, Mistake},
    names::ClientId,
};

impl State {
    /// Replaces an [`Addressed`] command by the command in it, or by a mistake if its user or room is wrong.
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

//! Whether a client has the nickname, and is in the room, that its program takes for granted.

use super::State;
use crate::{
    command::{Command, Condition, Mistake},
    names::ClientId,
};

impl State {
    /// Whether a command is to be carried out, which can become a mistake here.
    #[inline(never)]
    pub fn meets(&self, client: ClientId, condition: &Condition, command: &mut Command) -> bool {
        let Some(asking) = self.people.get(client) else { return true };
        let (nick, own) = (asking.nick, self.room(client).name);
        match condition {
            // A change of capitals is one, too.
            Condition::IsNot(user) => return user.as_str() != nick.as_str(),
            Condition::Is { user, .. } if *user != nick => {
                *command = Command::mistake(Mistake::NotYourNick(nick));
            }
            Condition::Is { room: Some(room), .. } | Condition::In(room) if *room != own => {
                *command = Command::mistake(Mistake::NotYourRoom(own));
            }
            Condition::Is { .. } | Condition::In(_) => {}
        }
        true
    }
}

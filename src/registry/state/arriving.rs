//! How clients come in.

use std::sync::Arc;

use super::{State, Turn};
use crate::{
    broadcaster::{Post, Sink},
    command::Mistake,
    dialect::{Dialect, Greeting},
    event::{
        Event, account::AccountEvent, administration::Administered, moderation::Refused, pace::PaceEvent,
    },
    fact::Deed,
    names::{ClientId, Origin, Peer},
    wire::Wire,
};

/// A client that wants to come in.
#[derive(Clone, Debug)]
pub struct Newcomer {
    /// Where it is.
    pub peer: Peer,
    /// The wire of its door, or the one that it chose there.
    pub wire: &'static Wire,
    /// Its dialect.
    pub dialect: Dialect,
    /// Whether what it sends is encrypted.
    pub is_private: bool,
    /// Who it says it is. `None` means a guest, who comes into the lobby.
    pub greeting: Option<Box<Greeting>>,
}

impl Newcomer {
    /// A client that has not said who it is.
    pub fn new(peer: impl Into<Peer>, wire: &'static Wire) -> Self {
        Self { peer: peer.into(), wire, dialect: wire.dialect, is_private: false, greeting: None }
    }

    /// A person who comes in at the text port.
    #[cfg(test)]
    pub(crate) fn guest(peer: impl Into<Peer>) -> Self {
        Self::new(peer, crate::wire::TEXT)
    }
}

impl State {
    /// Checks whether a client may come in now. If so, it counts as an arrival.
    ///
    /// # Errors
    /// Why it may not, which the client is told.
    #[inline(never)]
    pub fn admit(&mut self, turn: &Turn, newcomer: &Newcomer) -> Result<(), Event> {
        if let Some(why) = self.refusal_at_door(newcomer.peer, turn) {
            return Err(why);
        }
        let (origin, now) = (Origin::of(newcomer.peer), turn.now.instant);
        if let Some(greeting) = &newcomer.greeting {
            self.admit_by_name(greeting)?;
        }
        self.pace.admit(origin, now).map_err(PaceEvent::TooManyArrivals)?;
        // Only an arrival that is let in uses up one of its origin's new rooms.
        if let Some(greeting) = &newcomer.greeting
            && self.rooms.remembered(greeting.room).is_none()
        {
            self.pace.create_room(origin, now).map_err(PaceEvent::TooManyRooms)?;
        }
        Ok(())
    }

    /// The same client with a number behind its nickname, if its dialect allows that. This is part of the decision
    /// that lets the client in, so any number of clients can ask for the same nickname at once.
    #[inline(never)]
    pub fn numbered(&self, newcomer: &Newcomer) -> Option<Box<Newcomer>> {
        let greeting = newcomer.greeting.as_ref().filter(|greeting| greeting.dialect.numbers_names())?;
        let with = |number| Greeting { nick: greeting.nick.numbered(number), ..**greeting };
        let number = first_free(|number| self.admit_by_name(&with(number)).is_ok())?;
        Some(Box::new(Newcomer { greeting: Some(Box::new(with(number))), ..newcomer.clone() }))
    }

    #[inline(never)]
    fn admit_by_name(&self, &Greeting { nick, room, .. }: &Greeting) -> Result<(), Event> {
        if nick.is_reserved() {
            Err(Event::Mistaken(Mistake::ReservedNick(nick)))
        } else if self.accounts.contains(nick) {
            Err(AccountEvent::LoginRequired(nick).into())
        } else if self.people.find(nick).is_some() {
            Err(Event::NickTaken(nick))
        } else if self.rooms.remembered(room).is_some_and(|remembered| remembered.bans.forbid(nick)) {
            Err(Refused::Banned.into())
        } else {
            Ok(())
        }
    }

    /// Replaces the sink through which a client is told everything, and what it speaks. It hears `first` first. The sink
    /// is taken only if the client is there.
    pub fn attach(
        &mut self,
        turn: &mut Turn,
        client: ClientId,
        dialect: Dialect,
        sink: &mut Option<Box<dyn Sink>>,
        first: &[u8],
    ) {
        let Some(attached) = self.people.get_mut(client).filter(|client| !client.is_dismissed) else {
            return;
        };
        if self.closing.is_stopping {
            return;
        }
        attached.link.dialect = dialect;
        let (room, backlog) = (attached.room, Arc::clone(&attached.link.backlog));
        turn.post(Post::Detach(client));
        turn.post(Post::Attach(client, dialect, sink.take().expect("a sink is attached once"), backlog));
        turn.post(Post::Enter(client, room, self.rooms[room].name));
        turn.client = client;
        turn.answer_in_bytes(first);
    }

    /// Lets a client in that was admitted.
    #[inline(never)]
    pub fn enter(&mut self, turn: &mut Turn, newcomer: &Newcomer, sink: Box<dyn Sink>) -> ClientId {
        let (now, lobby) = (turn.now.instant, self.rooms.lobby());
        let room = newcomer.greeting.as_ref().map_or(lobby, |greeting| self.rooms.open(greeting.room));
        let client = self.people.enter(newcomer, room, now);
        turn.client = client;
        let entering = &self.people[client];
        let (nick, origin) = (entering.nick, entering.origin());
        turn.post(Post::Attach(client, newcomer.dialect, sink, Arc::clone(&entering.link.backlog)));
        self.pace.enter(client, origin, now);
        self.mutes.enter(client, origin, now);
        self.note(turn, || Deed::Connected);
        self.enter_room(turn, room);
        turn.answer(Event::Welcome(nick));
        if room != lobby {
            turn.answer(Event::Joined(self.rooms[room].name));
        }
        self.replay(turn);
        self.announce(turn, if room == lobby { Event::Arrived(nick) } else { Event::Entered(nick) });
        if let Some(left) = self.closing.left(turn.now.instant) {
            turn.answer(Administered::ShuttingDownIn(left));
        }
        client
    }
}

/// A free number whose predecessor is taken. If the taken numbers have no gaps, it is the smallest free number. It
/// is found in at most 64 tries, even if thousands are taken.
fn first_free(is_free: impl Fn(u32) -> bool) -> Option<u32> {
    let mut free = (0..u32::BITS).map(|power| 1 << power).find(|&number| is_free(number))?;
    let mut taken = free / 2;
    while free - taken > 1 {
        let between = u32::midpoint(free, taken);
        *(if is_free(between) { &mut free } else { &mut taken }) = between;
    }
    Some(free)
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, collections::BTreeSet};

    use super::*;

    #[test]
    fn a_free_number_is_found_in_few_tries() {
        for taken in 0..1000 {
            assert_eq!(first_free(|number| number > taken), Some(taken + 1));
        }
        let (with_gaps, tries) = (BTreeSet::from([1, 2, 4, 8, 9, 16]), Cell::new(0));
        let found = first_free(|number| {
            tries.set(tries.get() + 1);
            !with_gaps.contains(&number)
        });
        assert_eq!((found, tries.get()), (Some(17), 10));
        assert_eq!(first_free(|_| false), None);
    }
}

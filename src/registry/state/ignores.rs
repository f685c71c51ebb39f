//! Which clients ignore which users.
//!
//! A client that ignores a user ignores the nickname and the connection that has it. The connection is
//! ignored until it ends, so a new nickname does not help. The nickname stays ignored when the user leaves,
//! so reconnecting does not help either: a connection that takes an ignored nickname is ignored, too. No
//! other nickname is ever added, so a user cannot make others ignore a nickname that is not in use.
//! Ignoring a guest concerns the connection only, because the next guest of that number is another user.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::{
    broadcaster::Except,
    event::ignoring::Ignoring,
    names::{ClientId, Nick},
};

/// The most users that one client can ignore.
const MOST: usize = 100;

#[derive(Default)]
pub(super) struct Ignores {
    lists: HashMap<ClientId, Vec<Ignored>>,
    /// Who ignores a nickname, whether it is in use or not.
    by_nick: HashMap<Nick, HashSet<ClientId>>,
    by_client: HashMap<ClientId, Deaf>,
}

struct Ignored {
    /// The nickname, as it was spelled then.
    nick: Nick,
    /// The connections that are ignored for it.
    connections: Vec<ClientId>,
}

/// The clients that do not hear another one.
#[derive(Default)]
struct Deaf {
    clients: HashSet<ClientId>,
    /// The same, as a list for the posts. It is made when the other client speaks: making it for each
    /// client that is added would take quadratic time when thousands ignore one.
    shared: Option<Arc<[ClientId]>>,
}

impl Ignores {
    /// The clients that do not hear what a client says.
    pub(super) fn deaf_to(&mut self, client: ClientId) -> Except {
        let Some(Deaf { clients, shared }) = self.by_client.get_mut(&client) else { return Except::NoOne };
        let shared = shared.get_or_insert_with(|| clients.iter().copied().collect());
        Except::These(Arc::clone(shared))
    }

    pub(super) fn contain(&self, client: ClientId, other: ClientId) -> bool {
        self.by_client.get(&other).is_some_and(|deaf| deaf.clients.contains(&client))
    }

    pub(super) fn has_list(&self, client: ClientId) -> bool {
        self.lists.get(&client).is_some_and(|list| !list.is_empty())
    }

    pub(super) fn contain_nick(&self, client: ClientId, nick: Nick) -> bool {
        self.lists.get(&client).is_some_and(|list| list.iter().any(|ignored| ignored.nick == nick))
    }

    pub(super) fn add(&mut self, client: ClientId, other: ClientId, nick: Nick) -> Ignoring {
        if self.contain(client, other) {
            return Ignoring::Already(nick);
        }
        let list = self.lists.entry(client).or_default();
        if list.len() >= MOST {
            return Ignoring::TooMany(MOST);
        }
        list.push(Ignored { nick, connections: vec![other] });
        if nick.guest_number().is_none() {
            self.by_nick.entry(nick).or_default().insert(client);
        }
        self.by_client.entry(other).or_default().add(client);
        Ignoring::Begun(nick)
    }

    /// Ends ignoring a user, by the nickname that was ignored or by the client that has it now; returns
    /// the nickname as it was spelled when it was ignored.
    pub(super) fn remove(&mut self, client: ClientId, nick: Nick, named: Option<ClientId>) -> Option<Nick> {
        let list = self.lists.get_mut(&client)?;
        let by_nick = list.iter().position(|ignored| ignored.nick == nick);
        let by_client =
            || list.iter().position(|ignored| ignored.connections.iter().any(|&id| Some(id) == named));
        let place = by_nick.or_else(by_client)?;
        let Ignored { nick, connections } = list.remove(place);
        let still: HashSet<_> = list.iter().flat_map(|ignored| ignored.connections.iter().copied()).collect();
        self.forget_nick(client, nick);
        for connection in connections.into_iter().filter(|connection| !still.contains(connection)) {
            self.forget_connection(client, connection);
        }
        Some(nick)
    }

    /// A client has taken a nickname: clients that ignore the nickname now ignore this client, too.
    pub(super) fn rename(&mut self, other: ClientId, new: Nick) {
        let Some(clients) = self.by_nick.get(&new) else { return };
        let deaf = self.by_client.entry(other).or_default();
        for &client in clients.iter().filter(|&&client| client != other) {
            let list = self.lists.entry(client).or_default();
            if let Some(ignored) = list.iter_mut().find(|ignored| ignored.nick == new)
                && !ignored.connections.contains(&other)
            {
                ignored.connections.push(other);
                deaf.add(client);
            }
        }
        if deaf.clients.is_empty() {
            self.by_client.remove(&other);
        }
    }

    /// A client leaves: it ignores no one any more, and its connection is not ignored any more.
    pub(super) fn leave(&mut self, client: ClientId) {
        for Ignored { nick, connections } in self.lists.remove(&client).unwrap_or_default() {
            self.forget_nick(client, nick);
            for connection in connections {
                self.forget_connection(client, connection);
            }
        }
        for deaf in self.by_client.remove(&client).unwrap_or_default().clients {
            let list = self.lists.entry(deaf).or_default();
            for ignored in &mut *list {
                ignored.connections.retain(|&connection| connection != client);
            }
            list.retain(|ignored| !ignored.connections.is_empty() || ignored.nick.guest_number().is_none());
        }
    }

    fn forget_nick(&mut self, client: ClientId, nick: Nick) {
        let Some(clients) = self.by_nick.get_mut(&nick) else { return };
        clients.remove(&client);
        if clients.is_empty() {
            self.by_nick.remove(&nick);
        }
    }

    fn forget_connection(&mut self, client: ClientId, connection: ClientId) {
        let Some(Deaf { clients, shared }) = self.by_client.get_mut(&connection) else { return };
        clients.remove(&client);
        *shared = None;
        if clients.is_empty() {
            self.by_client.remove(&connection);
        }
    }

    /// All sides agree.
    #[cfg(test)]
    #[track_caller]
    pub(super) fn check(&self) {
        let (mut by_nick, mut by_client) = (HashSet::new(), HashSet::new());
        for (&client, list) in &self.lists {
            by_nick.extend(list.iter().map(|ignored| (client, ignored.nick)));
            by_client
                .extend(list.iter().flat_map(|ignored| &ignored.connections).map(|&other| (client, other)));
        }
        by_nick.retain(|(_, nick)| nick.guest_number().is_none());
        let nicks = self.by_nick.iter().flat_map(|(&nick, clients)| clients.iter().map(move |&c| (c, nick)));
        assert_eq!(by_nick, nicks.collect());
        let others = self.by_client.iter();
        let others = others.flat_map(|(&other, deaf)| deaf.clients.iter().map(move |&c| (c, other)));
        assert_eq!(by_client, others.collect());
    }
}

impl Deaf {
    fn add(&mut self, client: ClientId) {
        if self.clients.insert(client) {
            self.shared = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use slotmap::SlotMap;

    use super::*;

    #[test]
    fn a_client_that_is_deaf_already_costs_no_new_list() {
        let mut ids = SlotMap::with_key();
        let [client, first, second] = [(); 3].map(|()| ids.insert(()));
        let (bob, carol) = (Nick::new("bob").expect("valid"), Nick::new("carol").expect("valid"));
        let mut ignores = Ignores::default();
        ignores.add(client, first, bob);
        ignores.add(client, second, carol);
        let Except::These(before) = ignores.deaf_to(first) else { panic!("the client is deaf") };
        ignores.leave(second);
        ignores.rename(first, carol);
        ignores.check();
        let Except::These(after) = ignores.deaf_to(first) else { panic!("it still is") };
        assert!(Arc::ptr_eq(&before, &after));
    }
}

//! Which clients are bots: `/bot` and `/bots`.

use std::{
    net::TcpStream,
    sync::{Arc, Weak},
};

use parking_lot::Mutex;

use crate::{
    chat::{Client, words},
    outbox::Outbox,
    shared::Chat,
};

/// The clients that are bots, and what they do. A client is known by its connection.
static BOTS: Mutex<Vec<(Weak<TcpStream>, String)>> = Mutex::new(Vec::new());

/// Carries out `/bot` and `/bots`. Returns whether it was one of them.
pub(crate) fn take(chat: &mut Chat, id: usize, line: &str) -> bool {
    let (command, rest) = words(line);
    match (command.to_ascii_lowercase().as_str(), rest) {
        ("/bot", "") => chat.answer(id, "Usage: /bot <purpose>"),
        ("/bot", purpose) => {
            let stream = Arc::downgrade(&chat.clients[&id].outlet.stream);
            let mut bots = BOTS.lock();
            bots.retain(|(bot, _)| bot.strong_count() > 0 && !bot.ptr_eq(&stream));
            bots.push((stream, purpose.into()));
            chat.answer(id, &format!("Others see that you are a bot: {purpose}"));
        }
        ("/bots", _) => {
            let line = |client: &Client<Outbox>| {
                Some(format!("{} in '{}': {}", client.nick, client.room, purpose(client)?))
            };
            let bots: Vec<_> = chat.clients.values().filter_map(line).collect();
            chat.answer(id, &format!("Bots:\n{}", bots.join("\n")));
        }
        _ => return false,
    }
    true
}

pub(crate) fn is_bot(chat: &Chat, nick: &str) -> bool {
    chat.find(nick).is_some_and(|id| purpose(&chat.clients[&id]).is_some())
}

fn purpose(client: &Client<Outbox>) -> Option<String> {
    let stream = Arc::downgrade(&client.outlet.stream);
    BOTS.lock().iter().find(|(bot, _)| bot.ptr_eq(&stream)).map(|(_, purpose)| purpose.clone())
}

//! What step 31 added: the same objects in datagrams. The later steps share this file, too.

use std::{
    collections::{BTreeMap, VecDeque, btree_map::Entry},
    env, io,
    net::{SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    chat::Chat,
    json::{act, connect, object},
    signal::is_stopping,
};

/// How many ids of a client are remembered. A copy of a datagram is never later than that.
const IDS: usize = 1000;

/// The time from one look at the clock to the next.
const TICK: Duration = Duration::from_millis(50);

/// A client. Its address with its port, which is the key in the list of clients, tells it from the others.
struct Station {
    /// Its number in the chat.
    id: usize,
    /// When the last datagram came.
    heard: Instant,
    /// The ids of what was carried out, the newest last.
    done: VecDeque<i64>,
}

/// One thread does everything: there is nothing to wait for but the next datagram.
pub(crate) fn run(port: u16) -> io::Result<()> {
    let socket = UdpSocket::bind(("127.0.0.1", port))?;
    socket.set_read_timeout(Some(TICK))?;
    let idle = idle(120);
    let mut chat = Chat::new();
    let mut stations = BTreeMap::new();
    let mut datagram = vec![0; 65_536];
    while !is_stopping() {
        if let Ok((length, from)) = socket.recv_from(&mut datagram) {
            hear(&socket, &mut chat, &mut stations, from, &datagram[..length]);
        }
        stations.retain(|_, station| {
            let is_here = station.heard.elapsed() < idle;
            if !is_here {
                leave(&mut chat, station.id);
            }
            is_here
        });
        deliver(&socket, &mut chat);
    }
    chat.tell("Server shutting down.", |_, _| true);
    deliver(&socket, &mut chat);
    Ok(())
}

/// How long a client may be silent: `$CHAT_IDLE` seconds, or else this many.
pub(crate) fn idle(usual: u64) -> Duration {
    let seconds = env::var("CHAT_IDLE").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(usual))
}

/// Acknowledges a datagram, and carries out what is new.
fn hear(
    socket: &UdpSocket,
    chat: &mut Chat<SocketAddr>,
    stations: &mut BTreeMap<SocketAddr, Station>,
    from: SocketAddr,
    datagram: &[u8],
) {
    let Ok(object) = serde_json::from_slice::<Value>(datagram) else { return };
    let station = match stations.entry(from) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(place) => {
            // There is no client if there are too many: forged addresses must not fill the memory.
            let Some(id) = connect(chat, from) else { return };
            place.insert(Station { id, heard: Instant::now(), done: VecDeque::new() })
        }
    };
    station.heard = Instant::now();
    if let Some(id) = object["id"].as_i64() {
        // This comes first, and each time: the client repeats the datagram until the acknowledgement arrives.
        let _ = socket.send_to(json!({"type": "ack", "id": id}).to_string().as_bytes(), from);
        if station.done.contains(&id) {
            return;
        }
        station.done.push_back(id);
        if station.done.len() > IDS {
            station.done.pop_front();
        }
    }
    if object["type"] == "leave" {
        leave(chat, station.id);
        stations.remove(&from);
    } else {
        act(chat, station.id, Ok(object));
    }
}

fn leave(chat: &mut Chat<SocketAddr>, id: usize) {
    let Some(gone) = chat.clients.remove(&id) else { return };
    chat.tell(&format!("{} has left the chat.", gone.nick), |_, room| room == gone.room);
}

/// Sends the lines of the chat. Each is sent once, and can be lost.
fn deliver(socket: &UdpSocket, chat: &mut Chat<SocketAddr>) {
    for post in chat.posts.drain(..) {
        let datagram = object(&post.line);
        for to in post.to {
            let _ = socket.send_to(datagram.as_bytes(), to);
        }
    }
}

//! The chat in JSON objects, one in each datagram.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    error::Error,
    io,
    net::{SocketAddr, UdpSocket},
    sync::{Arc, atomic::Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::bounded;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::{
    broadcaster::{Outbox, broadcast},
    chat::{Chat, decide},
    fault,
    json::{act, object},
    server::{STOPPING, idle},
};

/// A client, as the thread that receives knows it.
struct Station {
    id: usize,
    heard: Instant,
    /// The ids of what was carried out.
    done: Vec<i64>,
}

/// Serves until the server stops.
pub(crate) fn run(port: u16) -> Result<(), Box<dyn Error>> {
    let socket = UdpSocket::bind(("127.0.0.1", port))?;
    socket.set_read_timeout(Some(Duration::from_millis(50)))?;
    let socket = Arc::new(socket);
    let (posts, inbox) = bounded(64);
    thread::Builder::new().name("broadcaster".into()).spawn(move || broadcast(&inbox))?;
    let chat = Mutex::new(Chat::new(posts));
    let mut stations = BTreeMap::new();
    let mut datagram = vec![0; 65_536];
    while !STOPPING.load(SeqCst) {
        if let Ok((length, from)) = socket.recv_from(&mut datagram)
            && let Ok(object) = serde_json::from_slice(&datagram[..length])
        {
            hear(&socket, &chat, &mut stations, from, object)?;
        }
        stations.retain(|_, station: &mut Station| {
            let is_here = station.heard.elapsed() < idle(120) || fault::is("silent-stays");
            if !is_here {
                decide(&chat, |chat| chat.leave(station.id));
            }
            is_here
        });
    }
    Ok(())
}

/// Acknowledges a datagram, and carries out what is new.
fn hear(
    socket: &Arc<UdpSocket>,
    chat: &Mutex<Chat>,
    stations: &mut BTreeMap<SocketAddr, Station>,
    from: SocketAddr,
    object: Value,
) -> io::Result<()> {
    let mut key = from;
    if fault::is("one-per-address") {
        key.set_port(0);
    }
    let station = match stations.entry(key) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(place) => {
            let id = connect(socket, chat, from)?;
            place.insert(Station { id, heard: Instant::now(), done: Vec::new() })
        }
    };
    station.heard = Instant::now();
    if let Some(id) = object["id"].as_i64() {
        let is_done = station.done.contains(&id) && !fault::is("repeats-said");
        if !is_done || !fault::is("acknowledged-once") {
            socket.send_to(json!({"type": "ack", "id": id}).to_string().as_bytes(), from)?;
        }
        if is_done {
            return Ok(());
        }
        if fault::is("only-the-last-id") {
            station.done.clear();
        }
        station.done.push(id);
    }
    let id = station.id;
    if object["type"] == "leave" {
        decide(chat, |chat| chat.leave(id));
        stations.remove(&key);
    } else {
        decide(chat, |chat| act(chat, id, Ok(object)));
    }
    Ok(())
}

/// Adds a client, and starts the thread that sends to it.
fn connect(socket: &Arc<UdpSocket>, chat: &Mutex<Chat>, to: SocketAddr) -> io::Result<usize> {
    let (outbox, queue) = Outbox::without_stream();
    let socket = Arc::clone(socket);
    let send = move || {
        let _ = queue.iter().try_for_each(|line| socket.send_to(object(&line).as_bytes(), to).map(drop));
    };
    thread::Builder::new().spawn(send)?;
    Ok(decide(chat, |chat| chat.connect(outbox)))
}

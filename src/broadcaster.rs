//! The one thread that writes to clients: it drains the channel and fans messages out.
//!
//! The registry decides *who* hears *what*, in *which order*. The broadcaster decides nothing: it
//! carries out the posts in that order. Posts also keep its own copy of who is in which room up to date,
//! so a post to a room costs its sender the same however many clients are in it.
//!
//! Writing is batched, and that makes it fast. A batch is what the channel holds at the moment, up to a
//! bound. Each post to a room is encoded once, at the end of the room's bytes of this batch; a member
//! only stores the offset from which on these bytes are for it (`from`). At the end of the batch each
//! member gets *one* send: first the bytes for it alone, then its part of the room's bytes.

use std::{
    collections::HashMap,
    mem,
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use slotmap::SecondaryMap;

use crate::{
    dialect::{Dialect, Scene},
    ending::Ending,
    event::Event,
    names::{ClientId, Room, RoomId},
    watch::{self, Activity, Gauge, Load, Watch},
};

mod outbox;
mod post;
mod retry;
mod room;
#[cfg(test)]
mod tests;
mod traced;

pub use outbox::{Outbox, Sink};
pub use post::{Encoded, Except, Post, Posts, Traced};

use retry::{LINGER, Leaving, Retry};
use room::RoomMembers;
use traced::ToReport;

/// How much memory and time the broadcaster may spend on a client.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most bytes that wait for one client because its socket is full.
    pub outbox: usize,
    /// How long clients may take to read what is queued for them when the server stops.
    pub grace: Duration,
}

/// How many [`Posts`] the channel holds before senders must wait: enough for a good batch. Each has at
/// most 64 texts or one long listing: together a few megabytes.
const CHANNEL: usize = 64;

/// A batch ends after so many posts or so many encoded bytes, whichever comes first. A longer batch
/// would save no more system calls, and its first post waits for its last.
const BATCH_POSTS: usize = 1024;
const BATCH_BYTES: usize = 64 * 1024;

/// How long a client may take to close the connection when the server stops. To hang up at once would
/// reset the connection of a client that is just sending, which then loses what it has not read.
const PATIENCE: Duration = Duration::from_millis(500);

/// How many buffers are kept, so that a busy room does not allocate and an idle one holds no memory.
const SPARE_BUFFERS: usize = 16;

/// Makes a broadcaster and the channel to it. It runs until every sender is dropped. `seq` is the number of the
/// newest line that is remembered.
pub fn channel(limits: Limits, seq: u64, watch: Watch) -> (Sender<Posts>, Broadcaster) {
    let (sender, channel) = bounded(CHANNEL);
    let broadcaster = Broadcaster {
        channel,
        limits,
        clients: SecondaryMap::new(),
        rooms: SecondaryMap::new(),
        touched_rooms: Vec::new(),
        touched_clients: Vec::new(),
        batch_bytes: 0,
        to_report: Vec::new(),
        leaving: HashMap::new(),
        retry: Retry::new(),
        hang_up_at: None,
        stop_at: None,
        spare: Vec::new(),
        seq,
        watch,
    };
    (sender, broadcaster)
}

/// How full the channel is.
pub fn load(channel: &Sender<Posts>) -> Load {
    Load { held: channel.len(), holds: channel.capacity().unwrap_or(usize::MAX) }
}

/// The state of the broadcaster's thread. No other thread can see it, so it needs no lock.
pub struct Broadcaster {
    channel: Receiver<Posts>,
    limits: Limits,
    clients: SecondaryMap<ClientId, Client>,
    rooms: SecondaryMap<RoomId, RoomMembers>,
    /// Rooms and clients that this batch has bytes for.
    touched_rooms: Vec<RoomId>,
    touched_clients: Vec<ClientId>,
    batch_bytes: usize,
    /// The traced messages of this batch.
    to_report: Vec<ToReport>,
    /// Clients that have left and are still owed something.
    leaving: HashMap<ClientId, Leaving>,
    retry: Retry,
    /// When to hang up on clients that do not close the connection; `None` until the server stops.
    hang_up_at: Option<Instant>,
    /// When to give up on clients that do not read; `None` until the server stops.
    stop_at: Option<Instant>,
    spare: Vec<Vec<u8>>,
    /// The number of the newest line.
    seq: u64,
    watch: Watch,
}

struct Client {
    outbox: Outbox,
    /// Shows other threads how many bytes wait in the outbox.
    backlog: Arc<Gauge>,
    room: Option<RoomId>,
    /// Its index in the room's list of members.
    place: usize,
    /// The offset from which on the room's bytes of this batch, in this client's dialect, are for it.
    from: usize,
    /// Whether it is in [`Retry`] and in the figures because its socket is full.
    is_noted: bool,
}

fn keep_spare(spare: &mut Vec<Vec<u8>>, mut bytes: Vec<u8>) {
    if spare.len() < SPARE_BUFFERS && bytes.capacity() > 0 {
        bytes.clear();
        spare.push(bytes);
    }
}

impl Broadcaster {
    /// Delivers posts until every sender is dropped and what is queued is delivered or given up.
    pub fn run(mut self) {
        loop {
            match self.wait() {
                Ok(first) => self.take_batch(first),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.flush();
            if self.retry.next().is_some() {
                self.try_again(Instant::now());
            }
            if self.hang_up_at.is_some_and(|at| Instant::now() >= at) {
                self.hang_up();
            }
        }
        self.finish();
    }

    /// Waits for posts, but not longer than until a full socket is to be tried again. The channel spins
    /// for some microseconds before the thread sleeps; to spin longer would take time from the senders.
    fn wait(&self) -> Result<Posts, RecvTimeoutError> {
        watch::doing(Activity::Idle);
        match [self.retry.next(), self.hang_up_at].into_iter().flatten().min() {
            Some(deadline) => self.channel.recv_deadline(deadline),
            None => Ok(self.channel.recv()?),
        }
    }

    fn take_batch(&mut self, first: Posts) {
        watch::doing(Activity::Encoding);
        let (mut next, mut count) = (Some(first), 0);
        while let Some(Posts(posts)) = next {
            count += posts.len();
            for post in posts {
                self.carry_out(post);
            }
            let is_full = count >= BATCH_POSTS || self.batch_bytes >= BATCH_BYTES;
            next = if is_full { None } else { self.channel.try_recv().ok() };
        }
        self.batch_bytes = 0;
        self.watch.gauges().note_batch(count as u64);
    }

    fn carry_out(&mut self, post: Post) {
        match post {
            Post::Attach(client, dialect, sink, backlog) => self.attach(client, dialect, sink, backlog),
            Post::Enter(client, id, room) => self.enter(client, id, room),
            Post::Tell(client, event) => self.tell(client, &event),
            Post::TellEncoded(client, encoded, _under_way) => self.tell_encoded(client, encoded),
            Post::TellRoom(room, except, event) => self.tell_room(room, &except, &event),
            Post::TellTraced(traced) => self.tell_traced(*traced),
            Post::TellAll(event) => self.tell_all(&event),
            Post::Dismiss(client, event) => self.dismiss(client, &event),
            Post::Detach(client) => self.detach(client),
            Post::Limit(limits) => self.limit(limits),
            Post::Stop(event) => self.stop(&event),
        }
    }

    fn attach(&mut self, client: ClientId, dialect: Dialect, sink: Box<dyn Sink>, backlog: Arc<Gauge>) {
        // The sink that it had before is not waited for.
        self.leaving.remove(&client);
        let outbox = Outbox::new(sink, dialect, self.limits.outbox);
        let is_noted = false;
        self.clients.insert(client, Client { outbox, backlog, room: None, place: 0, from: 0, is_noted });
    }

    fn enter(&mut self, client: ClientId, id: RoomId, name: Room) {
        self.leave_room(client);
        let (Some(entering), Some(entry)) = (self.clients.get_mut(client), self.rooms.entry(id)) else {
            return;
        };
        let room = entry.or_insert_with(|| RoomMembers::new(name));
        entering.room = Some(id);
        entering.place = room.members.len();
        room.members.push(client);
        let part = room.part_mut(entering.outbox.dialect());
        entering.from = part.bytes.len();
        part.hearers += 1;
    }

    /// Takes a client out of its room. It still hears what was told there before.
    fn leave_room(&mut self, client: ClientId) {
        self.settle(client);
        let Some(leaver) = self.clients.get_mut(client) else { return };
        let (place, Some(room)) = (leaver.place, leaver.room.take()) else { return };
        let Some(left) = self.rooms.get_mut(room) else { return };
        left.part_mut(leaver.outbox.dialect()).hearers -= 1;
        left.members.swap_remove(place);
        match left.members.get(place) {
            Some(&moved) => self.clients[moved].place = place,
            None if left.members.is_empty() => drop(self.rooms.remove(room)),
            None => {}
        }
    }

    /// Moves a client's part of the room's bytes into its outbox, before what is queued there next.
    fn settle(&mut self, client: ClientId) {
        let Some(hearer) = self.clients.get_mut(client) else { return };
        self.touched_clients.push(client);
        let Some(room) = hearer.room.and_then(|room| self.rooms.get(room)) else { return };
        let bytes = &room.part(hearer.outbox.dialect()).bytes;
        hearer.outbox.queue(&bytes[hearer.from..]);
        hearer.from = bytes.len();
    }

    fn tell(&mut self, client: ClientId, event: &Event) {
        self.settle(client);
        let Some(hearer) = self.clients.get_mut(client) else { return };
        let room = hearer.room.and_then(|room| self.rooms.get(room)).map(|room| room.name);
        let length = hearer.outbox.queue_event(event, &Scene { room, seq: self.seq });
        self.batch_bytes += length;
        self.watch.gauges().deliveries.add(u64::from(length > 0));
    }

    /// It is sent at once, so that its client's next question finds in the gauge what is left of it.
    fn tell_encoded(&mut self, client: ClientId, Encoded(lines): Encoded) {
        self.settle(client);
        let Some(hearer) = self.clients.get_mut(client) else { return };
        self.batch_bytes += lines.len();
        hearer.outbox.send_long(lines);
        self.watch.gauges().deliveries.add(1);
        hearer.note_blocked(client, &mut self.retry, self.watch.gauges());
    }

    fn tell_room(&mut self, id: RoomId, except: &Except, event: &Event) {
        for &client in except.as_slice() {
            self.settle(client);
        }
        if let Event::Said(_, line) = event {
            self.seq = line.seq;
        }
        let Some(room) = self.rooms.get_mut(id) else { return };
        if !mem::replace(&mut room.is_touched, true) {
            self.touched_rooms.push(id);
        }
        let scene = Scene { room: Some(room.name), seq: self.seq };
        let mut told = 0;
        for (dialect, part) in Dialect::ALL.into_iter().zip(&mut room.parts) {
            if part.hearers > 0 {
                let before = part.begin(&mut self.spare);
                dialect.encode(event, &scene, &mut part.bytes);
                self.batch_bytes += part.bytes.len() - before;
                told += part.hearers_after(before);
            }
        }
        for &client in except.as_slice() {
            if let Some(client) = self.clients.get_mut(client)
                && client.room == Some(id)
            {
                let part = room.part(client.outbox.dialect());
                told -= part.hearers_after(client.from).min(1);
                client.from = part.bytes.len();
            }
        }
        self.watch.gauges().deliveries.add(told as u64);
    }

    /// Every client is in a room, so this tells each room. The event is encoded once in each dialect and
    /// copied, so it names no room.
    fn tell_all(&mut self, event: &Event) {
        let scene = Scene { room: None, seq: self.seq };
        let encoded = Dialect::ALL.map(|dialect| dialect.encoded(event, &scene));
        for (id, room) in &mut self.rooms {
            if !mem::replace(&mut room.is_touched, true) {
                self.touched_rooms.push(id);
            }
            for (part, bytes) in room.parts.iter_mut().zip(&encoded) {
                if part.hearers > 0 {
                    part.begin(&mut self.spare);
                    part.bytes.extend_from_slice(bytes);
                    self.batch_bytes += bytes.len();
                }
            }
        }
        self.watch.gauges().deliveries.add(self.clients.len() as u64);
    }

    /// The session notices the end and removes the client as it removes any other.
    fn dismiss(&mut self, client: ClientId, event: &Event) {
        self.tell(client, event);
        let Some(told) = self.clients.get_mut(client) else { return };
        told.outbox.hang_up(Ending::Dismissed);
        told.outbox.close(Some(event));
        told.note_blocked(client, &mut self.retry, self.watch.gauges());
    }

    fn detach(&mut self, client: ClientId) {
        self.leave_room(client);
        let Some(mut left) = self.clients.remove(client) else { return };
        let is_scheduled = left.forget_blocked(self.watch.gauges());
        left.outbox.close(None);
        if left.outbox.is_pending() {
            let now = Instant::now();
            self.leaving.insert(client, Leaving { outbox: left.outbox, give_up: now + LINGER });
            if !is_scheduled {
                self.retry.add(client, now);
            }
        }
    }

    fn limit(&mut self, limits: Limits) {
        self.limits = limits;
        self.clients.values_mut().for_each(|client| client.outbox.limit(limits.outbox));
    }

    fn stop(&mut self, event: &Event) {
        let (now, grace) = (Instant::now(), self.limits.grace);
        (self.stop_at, self.hang_up_at) = (Some(now + grace), Some(now + PATIENCE.min(grace)));
        for client in self.clients.keys().collect::<Vec<_>>() {
            self.tell(client, event);
            let told = &mut self.clients[client];
            told.outbox.close(Some(event));
            told.note_blocked(client, &mut self.retry, self.watch.gauges());
        }
    }

    /// Ends the sessions of clients that were told to go and have not gone.
    fn hang_up(&mut self) {
        self.hang_up_at = None;
        for client in self.clients.values_mut() {
            client.outbox.hang_up(Ending::Dismissed);
        }
    }

    /// Ends a batch with one send to each client that has something to hear.
    fn flush(&mut self) {
        watch::doing(Activity::Sending);
        while let Some(id) = self.touched_rooms.pop() {
            let Some(room) = self.rooms.get_mut(id) else { continue };
            room.is_touched = false;
            for &id in &room.members {
                let member = &mut self.clients[id];
                let bytes = &room.part(member.outbox.dialect()).bytes;
                member.outbox.send(&bytes[mem::take(&mut member.from)..]);
                member.note_blocked(id, &mut self.retry, self.watch.gauges());
            }
            for bytes in room.parts.each_mut().map(|part| mem::take(&mut part.bytes)) {
                keep_spare(&mut self.spare, bytes);
            }
        }
        while let Some(id) = self.touched_clients.pop() {
            let Some(client) = self.clients.get_mut(id) else { continue };
            client.outbox.send(&[]);
            client.note_blocked(id, &mut self.retry, self.watch.gauges());
        }
        self.report_traced();
    }
}

//! The rules about looking at the server itself: `/threads`, `/trace` and `/stats`.
//!
//! A rule cannot look: it knows no thread, and it runs under the lock that everybody waits for. So it
//! hands out the looking as a [`Task`], and tells what came of it when the task is done.

use super::{Done, State, Task, Throughput, Work, task};
use crate::{
    broadcaster::{Post, Traced},
    command::Watching,
    event::{
        Event,
        watched::{Stats, Watched},
    },
    names::ClientId,
    text::Text,
    watch::{self, Seen},
};

/// What there was to look for.
#[derive(Debug)]
pub enum Then {
    /// What the threads are doing.
    Threads,
    /// How the server is doing.
    Stats,
    /// How a message travelled.
    Journey,
}

impl State {
    pub(super) fn watch(&mut self, client: ClientId, watching: Watching) {
        match watching {
            Watching::Threads => self.hand_out(Work::Look, Then::Threads),
            Watching::Trace(text) => self.trace(client, text),
            Watching::Stats => self.hand_out(Work::Look, Then::Stats),
        }
    }

    /// Says it as any other text is said, under the same rules. If it was said, its post is one that
    /// is reported on.
    fn trace(&mut self, client: ClientId, text: Text) {
        let before = self.posts.len();
        self.say(client, text);
        let is_said = |post: &mut Post| matches!(post, Post::TellRoom(..));
        let said = (self.posts.len() > before).then(|| self.posts.pop_if(is_said)).flatten();
        let Some(Post::TellRoom(room, except, event)) = said else { return };
        let (report, seen) = watch::report();
        self.posts.push(Post::TellTraced(Box::new(Traced { room, except, event, report })));
        self.hand_out(Work::Follow(seen), Then::Journey);
    }

    fn hand_out(&mut self, work: Work, then: Then) {
        self.task = Some(Task { work, then: task::Then::Watch(then) });
    }

    /// Tells what was seen.
    pub(super) fn show(&mut self, client: ClientId, then: Then, done: Done) {
        let watched = match (then, done) {
            (Then::Threads, Done::Seen(seen)) => Watched::Threads(seen),
            (Then::Stats, Done::Seen(seen)) => Watched::Stats(Box::new(self.stats(*seen))),
            (Then::Journey, Done::Followed(journey)) => Watched::Journey(journey),
            (then, done) => unreachable!("{then:?} was asked for, and {done:?} came"),
        };
        self.tell(client, Event::Watched(watched));
    }

    fn stats(&mut self, seen: Seen) -> Stats {
        Stats {
            clients: self.clients.len(),
            rooms: self.active_rooms(),
            messages: self.throughput.total(),
            recent_messages: self.throughput.recent(self.now.instant),
            recent_seconds: Throughput::SECONDS as u64,
            unsaved: self.unsaved.len(),
            seen,
        }
    }
}

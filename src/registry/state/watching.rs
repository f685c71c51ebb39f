//! The rules about looking at the server itself: `/threads`, `/trace` and `/stats`.
//!
//! A rule knows no thread and runs under the lock, so it cannot look. It asks for the looking as a
//! [`Task`] and tells the result when the task is done.

use super::{Next, State, Task, Turn, tally::Tally};
use crate::{
    event::{Event, watched::Stats},
    names::ClientId,
    watch::{Journey, Seen},
};

/// `/threads`.
pub(super) fn show_threads(turn: &mut Turn) {
    turn.wait_for(Task::Look(Next::new(|_, turn, client, seen| {
        turn.tell(client, Event::Threads(seen));
    })));
}

/// `/stats`.
pub(super) fn show_stats(turn: &mut Turn) {
    turn.wait_for(Task::Look(Next::new(State::tell_stats)));
}

impl State {
    fn tell_stats(&mut self, turn: &mut Turn, client: ClientId, seen: Box<Seen>) {
        let stats = Stats {
            clients: self.people.len(),
            rooms: self.rooms.active_count(),
            messages: self.tally.total(),
            recent_messages: self.tally.recent(turn.now.instant),
            recent_seconds: Tally::SECONDS as u64,
            unsaved: self.unsaved.len(),
            seen: *seen,
        };
        turn.tell(client, Event::Stats(Box::new(stats)));
    }
}

/// Shows a client how its message travelled.
pub(super) fn show_journey(_: &mut State, turn: &mut Turn, client: ClientId, journey: Journey) {
    turn.tell(client, Event::Journey(journey));
}

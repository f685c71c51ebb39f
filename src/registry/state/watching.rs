//! `/threads` and `/stats`. A rule runs under the lock, so the client's thread looks at the server for it.

use super::{Next, State, Task, Turn, tally::Tally};
use crate::{
    event::{Event, watched::Stats},
    watch::Seen,
};

pub(super) fn show_threads(turn: &mut Turn) {
    let next = Next::new(|_, turn, seen| turn.answer(Event::Threads(seen)));
    turn.wait_for(Task::Look(next));
}

pub(super) fn show_stats(turn: &mut Turn) {
    turn.wait_for(Task::Look(Next::new(State::tell_stats)));
}

impl State {
    fn tell_stats(&mut self, turn: &mut Turn, seen: Box<Seen>) {
        let stats = Stats {
            clients: self.people.len(),
            rooms: self.rooms.active_count(),
            messages: self.tally.total,
            recent_messages: self.tally.recent(turn.now.instant),
            recent_seconds: Tally::SECONDS as u64,
            unsaved: self.unsaved.len(),
            seen: *seen,
        };
        turn.answer(Event::Stats(Box::new(stats)));
    }
}

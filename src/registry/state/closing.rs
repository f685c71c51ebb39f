//! Closing time: a stop that users are warned of.
//!
//! The rules have no clock that ticks. They say *when* they want to be asked again
//! ([`State::count_down`]). A thread that has nothing else to do waits until then, and stops the server
//! when the rules say that it is time.

use std::time::{Duration, Instant};

use super::{State, Turn};
use crate::event::administration::Administered;

/// The seconds before closing time at which all users are reminded.
const CALLS: [u64; 12] = [3600, 1800, 600, 300, 60, 30, 10, 5, 4, 3, 2, 1];

/// Whether and when the server stops.
#[derive(Default)]
pub(super) struct Closing {
    /// All users have been told that the server stops. That was the last word.
    pub(super) is_stopping: bool,
    planned: Option<Planned>,
}

struct Planned {
    at: Instant,
    /// How much time was left at the last reminder.
    called: Duration,
}

/// What the rules ask of the thread that waits for closing time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Countdown {
    /// Wait until something changes.
    Idle,
    /// Ask again at this time, or when something changes.
    Until(Instant),
    /// Stop the server now.
    Over,
}

impl Closing {
    /// Sets closing time. Said again, it replaces what was set before.
    pub(super) fn set(&mut self, notice: Duration, now: Instant) {
        self.planned = Some(Planned { at: now + notice, called: notice });
    }

    /// Cancels closing time; whether it was set.
    pub(super) fn cancel(&mut self) -> bool {
        self.planned.take().is_some()
    }

    /// The time that is left, in whole seconds, rounded up.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        let Planned { at, .. } = self.planned.as_ref()?;
        let seconds = at.saturating_duration_since(now).as_millis().div_ceil(1000);
        Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX)))
    }

    /// What to do next, and the reminder that is due.
    fn next(&mut self, now: Instant) -> (Countdown, Option<Duration>) {
        if self.is_stopping {
            return (Countdown::Over, None);
        }
        let Some(Planned { at, called }) = &mut self.planned else { return (Countdown::Idle, None) };
        let left = at.saturating_duration_since(now);
        if left.is_zero() {
            return (Countdown::Over, None);
        }
        // A late caller gives only the last of the reminders that are due.
        let due = calls().filter(|&call| left <= call && call < *called).last();
        *called = due.unwrap_or(*called);
        let next = calls().find(|call| call < called).unwrap_or_default();
        (Countdown::Until(at.checked_sub(next).unwrap_or(now)), due)
    }
}

impl State {
    /// Reminds all users of the time that is left, if that is due, and says what to do next.
    pub fn count_down(&mut self, turn: &mut Turn) -> Countdown {
        let (countdown, due) = self.closing.next(turn.now.instant);
        if let Some(due) = due {
            turn.tell_everyone(Administered::ShuttingDownIn(due));
        }
        countdown
    }
}

fn calls() -> impl Iterator<Item = Duration> {
    CALLS.into_iter().map(Duration::from_secs)
}

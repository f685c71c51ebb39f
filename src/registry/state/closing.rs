//! Closing time: a planned stop, which users are warned about.
//!
//! The rules have no timer. They say when they must be asked again ([`State::count_down`]). A thread that
//! has nothing else to do waits until then, and stops the server when the rules say so.

use std::time::{Duration, Instant};

use super::{State, Task, Turn, administering::Done};
use crate::event::administration::Administered;

/// The seconds before closing time at which all users are reminded.
const CALLS: [u64; 12] = [3600, 1800, 600, 300, 60, 30, 10, 5, 4, 3, 2, 1];

/// Whether and when the server stops.
#[derive(Default)]
pub(super) struct Closing {
    /// All users have been told that the server stops, and are told nothing after that.
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
    /// The time that is left, in whole seconds, rounded up.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        let Planned { at, .. } = self.planned.as_ref()?;
        let seconds = at.saturating_duration_since(now).as_millis().div_ceil(1000);
        Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX)))
    }
}

impl State {
    /// Sets closing time. A new closing time replaces the old one.
    pub(super) fn shut_down(&mut self, turn: &mut Turn, notice: Duration) -> Administered {
        self.closing.planned = Some(Planned { at: turn.now.instant + notice, called: notice });
        if !notice.is_zero() {
            turn.tell_everyone(Administered::ShuttingDownIn(notice));
        }
        turn.wait_for(Task::WakeTimer);
        Administered::ShuttingDownIn(notice)
    }

    pub(super) fn cancel_shutdown(&mut self, turn: &mut Turn) -> Done {
        if self.closing.planned.take().is_none() {
            return Err(Administered::NoShutdown.into());
        }
        let told = Administered::ShutdownCalledOff(self.people[turn.client].nick);
        turn.tell_everyone(told.clone());
        turn.wait_for(Task::WakeTimer);
        Ok(told)
    }

    /// Reminds all users of the time that is left, if that is due, and says what to do next.
    pub fn count_down(&mut self, turn: &mut Turn) -> Countdown {
        let Closing { is_stopping, planned } = &mut self.closing;
        let Some(Planned { at, called }) = planned else {
            return if *is_stopping { Countdown::Over } else { Countdown::Idle };
        };
        let left = at.saturating_duration_since(turn.now.instant);
        if *is_stopping || left.is_zero() {
            return Countdown::Over;
        }
        // A late caller gives only the last of the reminders that are due.
        if let Some(due) = calls().filter(|&call| left <= call && call < *called).last() {
            *called = due;
            turn.tell_everyone(Administered::ShuttingDownIn(due));
        }
        let next = calls().find(|call| call < called).unwrap_or_default();
        Countdown::Until(at.checked_sub(next).unwrap_or(turn.now.instant))
    }
}

fn calls() -> impl Iterator<Item = Duration> {
    CALLS.into_iter().map(Duration::from_secs)
}

//! Closing time: a stop that is announced beforehand.
//!
//! The rules have no clock that ticks. They say *when* they want to be asked again
//! ([`State::count_down`]); a thread that has nothing else to do waits until then, and stops the
//! server when they say that it is time.

use std::time::{Duration, Instant};

use super::{State, Task, Then, Work};
use crate::{
    broadcaster::Post,
    clock::Now,
    event::{Event, administration::Administered},
    names::ClientId,
};

/// With how many seconds left the time is called.
const CALLS: [u64; 12] = [3600, 1800, 600, 300, 60, 30, 10, 5, 4, 3, 2, 1];

/// A stop to come.
pub(super) struct Closing {
    at: Instant,
    /// How much time was left when it was last called.
    called: Duration,
}

/// What the rules ask of whoever watches the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Countdown {
    /// Nothing, until something changes.
    Idle,
    /// To be asked again then, or when something changes.
    Until(Instant),
    /// To stop the server now.
    Over,
}

impl State {
    /// Sets closing time; said again, it replaces what was set before.
    pub(super) fn shut_down(&mut self, seconds: u64) -> Administered {
        let notice = Duration::from_secs(seconds);
        self.closing = Some(Closing { at: self.now.instant + notice, called: notice });
        if !notice.is_zero() {
            self.tell_everybody(Administered::ShuttingDownIn(notice).into());
        }
        self.look_at_the_clock();
        Administered::ShuttingDownIn(notice)
    }

    pub(super) fn call_shutdown_off(&mut self, client: ClientId) -> Result<Administered, Event> {
        self.closing.take().ok_or(Administered::NoShutdown)?;
        let told = Administered::ShutdownCalledOff { by: self.nick(client) };
        self.tell_everybody(told.clone().into());
        self.look_at_the_clock();
        Ok(told)
    }

    fn look_at_the_clock(&mut self) {
        self.task = Some(Task { work: Work::LookAtTheClock, then: Then::Nothing });
    }

    /// Calls the time that is left, if that is due; and says what to do next.
    pub fn count_down(&mut self, now: Now) -> Countdown {
        if self.is_stopping {
            return Countdown::Over;
        }
        let Some(closing) = &mut self.closing else { return Countdown::Idle };
        let left = closing.at.saturating_duration_since(now.instant);
        if left.is_zero() {
            return Countdown::Over;
        }
        // Whoever comes late calls only the last of the calls that are due.
        let due = calls().filter(|&call| left <= call && call < closing.called).last();
        closing.called = due.unwrap_or(closing.called);
        let next = calls().find(|&call| call < closing.called).unwrap_or_default();
        let then = closing.at.checked_sub(next).unwrap_or(now.instant);
        if let Some(due) = due {
            self.tell_everybody(Administered::ShuttingDownIn(due).into());
        }
        Countdown::Until(then)
    }

    /// Lets somebody who has just come know that it will not be for long.
    pub(super) fn warn_of_closing_time(&mut self, client: ClientId) {
        let Some(Closing { at, .. }) = self.closing else { return };
        let left = at.saturating_duration_since(self.now.instant).as_millis().div_ceil(1000);
        let left = Duration::from_secs(u64::try_from(left).unwrap_or(u64::MAX));
        self.tell(client, Administered::ShuttingDownIn(left).into());
    }

    /// Tells everybody in every room.
    pub(super) fn tell_everybody(&mut self, event: Event) {
        self.posts.push(Post::TellAll(event));
    }
}

fn calls() -> impl Iterator<Item = Duration> {
    CALLS.into_iter().map(Duration::from_secs)
}

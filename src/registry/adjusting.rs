//! Limits that change while the server runs.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::{Registry, state::Limits};
use crate::{
    broadcaster::{self, Post},
    fact::Noting,
    password::Password,
};

/// What the rules note for the log. It is read before the lock is taken, and changes without the lock.
#[derive(Default)]
pub(super) struct Noted {
    /// `None` without a log.
    whispers: Option<AtomicBool>,
}

impl Noted {
    pub(super) fn now(&self) -> Option<Noting> {
        self.whispers.as_ref().map(|whispers| Noting { whispers: whispers.load(Relaxed) })
    }

    /// Whether there is a log does not change.
    fn change(&self, noting: Option<Noting>) {
        if let Some((whispers, noting)) = self.whispers.as_ref().zip(noting) {
            whispers.store(noting.whispers, Relaxed);
        }
    }
}

impl From<Noting> for Noted {
    fn from(Noting { whispers }: Noting) -> Self {
        Self { whispers: Some(whispers.into()) }
    }
}

impl Registry {
    /// Sets other limits, another administrators' password and what is logged. All clients stay, and the limits hold
    /// for what they do next.
    pub fn adjust(
        &self,
        limits: Limits,
        administrator: Option<&Password>,
        outboxes: broadcaster::Limits,
        noting: Option<Noting>,
    ) {
        let hash = administrator.and_then(|password| self.backstage.hasher.hash(password));
        self.noting.change(noting);
        self.decide(|state, turn| {
            state.adjust(limits, hash);
            turn.posts.push(Post::Limit(outboxes));
        });
    }
}

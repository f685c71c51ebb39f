//! Limits that change while the server runs.

use std::sync::atomic::Ordering::Relaxed;

use super::{Registry, state::Limits};
use crate::{
    broadcaster::{self, Post},
    fact::Noting,
    password::Password,
};

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
        if let Some((logs_whispers, noting)) = self.logs_whispers.as_ref().zip(noting) {
            logs_whispers.store(noting.whispers, Relaxed);
        }
        self.decide(|state, turn| {
            state.adjust(limits, hash);
            turn.posts.push(Post::Limit(outboxes));
        });
    }
}

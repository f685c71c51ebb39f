//! Limits that change while clients are in the chat.

use super::{FileLimits, Limits, State};
use crate::password::Hashed;

impl State {
    /// Sets other limits, and the hash of the administrators' password. The port for files and the length of lines
    /// stay: doors keep these.
    pub fn adjust(&mut self, limits: Limits, administrator: Option<Hashed>) {
        self.pace.adjust(limits.rate, self.people.ids());
        let files = FileLimits { port: self.limits.files.port, ..limits.files };
        self.limits = Limits { files, lines: self.limits.lines, ..limits };
        self.accounts.administrator = administrator;
    }
}

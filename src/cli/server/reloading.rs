//! SIGHUP: the settings are read again, and what can change while the server runs is changed.

use super::{InForce, diagnostics::Level};
use crate::server::Adjustable;

/// What can change while the server runs, by the names of the options in the program.
const ADJUSTABLE: &[&str] = &[
    "verbose",
    "quiet",
    "max_clients",
    "max_per_address",
    "outbox_limit",
    "admin_password_file",
    "shutdown_grace",
    "rate",
    "burst",
    "presence_limit",
    "history",
    "history_replay",
    "max_file_size",
    "log_max_size",
    "log_keep",
    "log_whispers",
    "no_log_addresses",
];

/// What is needed to read the settings again.
pub(super) struct Reloading {
    in_force: InForce,
    level: Level,
    server: Adjustable,
}

impl Reloading {
    pub(super) fn new(in_force: InForce, level: Level, server: Adjustable) -> Self {
        Self { in_force, level, server }
    }

    /// Whether there are files that can be reread: a settings file or a certificate.
    pub(super) fn has_files(&self) -> bool {
        self.in_force.arguments.config.is_some() || self.server.has_certificate()
    }

    /// Reads the files again, and adjusts the server to what they say. If they are wrong, everything stays as it is.
    pub(super) fn reread(&mut self) {
        self.server.reread_certificate();
        if self.in_force.arguments.config.is_none() {
            return;
        }
        let read = self.in_force.reread().map_err(|error| in_one_line(&error));
        match read.and_then(|new| self.adjust(new)) {
            Ok(0) => tracing::info!("the settings were reread, and are as they were"),
            Ok(count) => tracing::info!("the settings were reread; changed: {count}"),
            Err(why) => tracing::error!("the settings stay as they are: {why}"),
        }
    }

    /// Returns how many settings are different now.
    fn adjust(&mut self, new: InForce) -> Result<usize, String> {
        let config = new.arguments.config()?;
        self.server.adjust(&config).map_err(|error| error.to_string())?;
        self.level.change(&new.arguments);
        let mut changed = 0;
        for (old, new) in self.in_force.settings.iter_mut().zip(new.settings) {
            if old.is_as(&new) {
                continue;
            }
            if ADJUSTABLE.contains(&old.option.get_id().as_str()) {
                *old = new;
                changed += 1;
            } else {
                let place = new.origin().map_or("not set".to_owned(), ToString::to_string);
                tracing::warn!("restart the server to change {} ({place})", old.key());
            }
        }
        Ok(changed)
    }
}

/// What clap would print, in one line.
fn in_one_line(error: &clap::Error) -> String {
    let words = error.to_string();
    let words = words.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
    words.trim().replace("\nerror: ", " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::{super::Arguments, *};

    #[test]
    fn what_can_change_is_an_option() {
        let command = Arguments::command();
        for id in ADJUSTABLE {
            assert!(command.get_arguments().any(|option| option.get_id() == id), "{id}");
        }
    }
}

//! What the server reports on standard error, and how much of it.

use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Registry, fmt, layer::SubscriberExt, reload, util::SubscriberInitExt};

use super::Arguments;

/// Changes how much is reported while the server runs.
pub(super) struct Level(reload::Handle<LevelFilter, Registry>);

impl Level {
    /// Starts reporting as much as was asked for.
    pub(super) fn start(arguments: &Arguments) -> Self {
        let (level, handle) = reload::Layer::new(level(arguments));
        let lines = fmt::layer()
            .with_target(false)
            .with_ansi(io::stderr().is_terminal())
            .with_writer(io::stderr)
            // Standard error may be closed, and there is nowhere else to say so.
            .log_internal_errors(false);
        tracing_subscriber::registry().with(level).with(lines).init();
        Self(handle)
    }

    /// Reports as much as is asked for now.
    pub(super) fn change(&self, arguments: &Arguments) {
        // It fails only if no one reports any more.
        let _ = self.0.reload(level(arguments));
    }
}

fn level(arguments: &Arguments) -> LevelFilter {
    match (arguments.quiet, arguments.verbose) {
        (0, 0) => LevelFilter::WARN,
        (0, 1) => LevelFilter::INFO,
        (0, _) => LevelFilter::DEBUG,
        (1, _) => LevelFilter::ERROR,
        _ => LevelFilter::OFF,
    }
}

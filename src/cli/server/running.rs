//! How `chat_server` starts, obeys signals, and ends.

use std::{
    error::Error,
    io::{self, Write},
    sync::Arc,
    thread,
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use super::{Arguments, InForce, diagnostics::Level, reloading::Reloading, report};
use crate::{
    cli::{end_at_once, inherited::inherited},
    server::{Server, Stopper, Supervisor},
};

impl InForce {
    /// Runs the server until SIGINT, SIGTERM or SIGHUP stops it; a second signal ends it at once. With a settings
    /// file, a certificate or a service manager, SIGHUP does not stop it, but rereads them.
    ///
    /// # Errors
    /// If the address cannot be used, the machine cannot serve so many clients, or the server fails.
    pub fn run(self) -> Result<(), Box<dyn Error>> {
        if let Some(written) = self.arguments.generate.write::<Arguments>() {
            return Ok(written?);
        }
        if let Some(probe) = &self.arguments.probe {
            // The exit status says it, too.
            let _ = writeln!(io::stdout(), "{}", probe.ask(self.arguments.tls_ca.as_deref())?);
            return Ok(());
        }
        let level = Level::start(&self.arguments);
        let config = self.arguments.config()?;
        if self.arguments.check_config {
            config.check()?;
            return Ok(io::stdout().write_all(report::report(&self, &config).as_bytes())?);
        }
        prefer_throughput();
        let supervisor = Supervisor::of_this_process()?.map(Arc::new);
        let server = Server::bind(&config, inherited()?)?;
        drop(config);
        let reloading = Reloading::new(self, level, server.adjustable());
        obey_signals(server.stopper(), reloading, supervisor.clone())?;
        announce(&server);
        Ok(server.run(supervisor.as_deref())?)
    }
}

/// Stops the server at a signal, and ends the program at the second. If there is something to reread, SIGHUP
/// rereads it instead. A service manager never means a stop by it.
fn obey_signals(
    stopper: Stopper,
    mut reloading: Reloading,
    supervisor: Option<Arc<Supervisor>>,
) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let obey = move || {
        for signal in &mut signals {
            match &supervisor {
                Some(supervisor) if signal == SIGHUP => supervisor.reloading(|| reloading.reread()),
                None if signal == SIGHUP && reloading.has_files() => reloading.reread(),
                _ if stopper.stop() => {}
                _ => end_at_once(),
            }
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(obey)?;
    Ok(())
}

/// Writes the one line that a script can wait for. The server runs even if nothing reads the line.
fn announce(server: &Server) {
    if let Err(error) = writeln!(io::stdout(), "Chat server started on {}", server.address()) {
        tracing::warn!(%error, "cannot write to standard output");
    }
    for door in server.doors() {
        let what = if door.is_page() { "Chat page" } else { "Listening" };
        // A reader of the first line may be gone.
        let _ = writeln!(io::stdout(), "{what} on {door}");
    }
}

/// Lets a thread that is woken wait for its turn instead of interrupting the one that runs. So the
/// broadcaster gets larger batches, with fewer switches. If the policy cannot be set, only this is lost.
fn prefer_throughput() {
    #[cfg(target_os = "linux")]
    if scheduler::set_self_policy(scheduler::Policy::Batch, 0).is_err() {
        tracing::debug!("the scheduling policy stays as it is");
    }
}

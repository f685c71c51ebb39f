//! What the service manager that has started the server is told (`sd_notify(3)`).

use std::{
    env,
    ffi::OsStr,
    io,
    os::unix::{
        ffi::OsStrExt,
        net::{SocketAddr, UnixDatagram},
    },
    time::Duration,
};

use rustix::time::{ClockId, clock_gettime};

use super::Stopper;
use crate::{
    registry::Registry,
    watch::{self, Activity},
};

/// How often the service manager is told how many clients there are.
const STATUS: Duration = Duration::from_secs(10);

/// How long it may take to receive a message. It usually takes it at once.
const PATIENCE: Duration = Duration::from_secs(1);

/// A service manager that wants to hear from the server.
pub struct Supervisor {
    socket: UnixDatagram,
    address: SocketAddr,
    /// It restarts a server from which it has heard nothing for so long.
    watchdog: Option<Duration>,
}

impl Supervisor {
    /// The one that the environment names; `None` if there is none.
    ///
    /// # Errors
    /// It cannot be told anything.
    pub fn of_this_process() -> io::Result<Option<Self>> {
        let Some(name) = env::var_os("NOTIFY_SOCKET") else { return Ok(None) };
        let number = |name| env::var(name).ok()?.parse().ok();
        let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let watchdog = number("WATCHDOG_USEC").filter(|_| is_ours).map(Duration::from_micros);
        let socket = UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Some(Self { socket, address: address(&name)?, watchdog }))
    }

    /// Does something that changes what is in force, between the two messages that belong to that.
    pub fn reloading(&self, reload: impl FnOnce()) {
        let now = clock_gettime(ClockId::Monotonic);
        let microseconds = now.tv_sec * 1_000_000 + now.tv_nsec / 1000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={microseconds}"));
        reload();
        self.tell("READY=1");
    }

    /// Says that the server listens, then from time to time that it lives, and at last that it stops.
    pub(super) fn keep_informed(&self, registry: &Registry, stopper: &Stopper) {
        let (pause, sign) = match self.watchdog {
            Some(watchdog) => (STATUS.min(watchdog / 2), "WATCHDOG=1\n"),
            None => (STATUS, ""),
        };
        let mut state = "READY=1\n";
        while !stopper.is_stopping() {
            // This takes the registry's lock. If that is never free, no sign of life follows.
            let clients = registry.census().clients;
            watch::doing(Activity::Idle);
            self.tell(&format!("{state}{sign}STATUS=Clients: {clients}"));
            state = "";
            stopper.wait(pause);
        }
        self.tell("STOPPING=1\nSTATUS=");
    }

    fn tell(&self, what: &str) {
        if let Err(error) = self.socket.send_to_addr(what.as_bytes(), &self.address) {
            tracing::warn!(%error, "cannot tell the service manager: {what:?}");
        }
    }
}

/// A path, or an abstract name of Linux, which is written with an `@`.
fn address(name: &OsStr) -> io::Result<SocketAddr> {
    #[cfg(target_os = "linux")]
    if let Some(name) = name.as_bytes().strip_prefix(b"@") {
        return <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(name);
    }
    SocketAddr::from_pathname(name)
}

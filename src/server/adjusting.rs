//! What can be changed while the server runs.

use std::sync::{Arc, Weak};

use super::{Config, Error, capacity::Capacity, doors};
use crate::{
    broadcaster, certificate::Certificate, fact::Noting, log, registry::Registry, transport::ConnectionLimit,
    wire::Options,
};

impl Config {
    /// Checks what can be checked without opening anything: the files of keys and certificates, and whether this
    /// machine can hold so many clients.
    ///
    /// # Errors
    /// Why a server could not start with this.
    pub fn check(&self) -> Result<(), Error> {
        Capacity::of_this_machine().clients(self.max_clients)?;
        let certificate = doors::certificate(self)?;
        doors::staff(self)?;
        doors::terms(self, certificate.as_ref(), self.wire, &Options::default())?;
        for url in &self.listen {
            doors::terms(self, certificate.as_ref(), url.scheme, &url.options)?;
        }
        Ok(())
    }

    /// What the broadcaster may spend on a client.
    pub(super) fn outboxes(&self) -> broadcaster::Limits {
        broadcaster::Limits { outbox: self.outbox_limit, grace: self.grace }
    }
}

/// Changes a server from another thread while it runs.
pub struct Adjustable {
    /// The server stops when its registry is dropped, so this must not keep it.
    pub(super) registry: Weak<Registry>,
    pub(super) clients: Arc<ConnectionLimit>,
    pub(super) log: Option<log::Changes>,
    pub(super) certificate: Option<Arc<Certificate>>,
}

impl Adjustable {
    /// Adjusts the limits, the administrators' password and what is logged to these. The doors, the data file, the
    /// folder of the log and the length of lines stay as they are. No client is disconnected.
    ///
    /// # Errors
    /// Why a server could not start with this. Then nothing has changed.
    pub fn adjust(&self, config: &Config) -> Result<(), Error> {
        config.check()?;
        let max_clients = Capacity::of_this_machine().clients(config.max_clients)?;
        let Some(registry) = self.registry.upgrade() else { return Ok(()) };
        self.clients.allow(max_clients, config.max_per_address.unwrap_or(usize::MAX));
        if let (Some(log), Some(config)) = (&self.log, &config.log) {
            log.change(config.clone());
        }
        let noting = config.log.as_ref().map(|log| Noting { whispers: log.whispers });
        registry.adjust(config.rules, config.administrator.as_ref(), config.outboxes(), noting);
        Ok(())
    }

    /// Whether there is a certificate that can be read again.
    pub fn has_certificate(&self) -> bool {
        self.certificate.is_some()
    }

    /// Reads the certificate again, if there is one.
    pub fn reread_certificate(&self) {
        if let Some(certificate) = &self.certificate {
            certificate.reread();
        }
    }
}

//! What step 12 added: how a signal stops the server. The later steps share this file, too.

use std::{
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering::SeqCst},
};

static STOPPING: AtomicBool = AtomicBool::new(false);

pub(crate) fn is_stopping() -> bool {
    STOPPING.load(SeqCst)
}

/// From now on, SIGINT and SIGTERM stop the server that listens at `address`.
pub(crate) fn stop_at_a_signal(address: SocketAddr) -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(move || {
        STOPPING.store(true, SeqCst);
        // This connection wakes the accept loop.
        let _ = TcpStream::connect(address);
    })
}

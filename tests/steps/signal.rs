//! What step 12 has made: how a signal stops the server. The later steps share this file, too.

use std::{
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering::SeqCst},
};

static STOPPING: AtomicBool = AtomicBool::new(false);

pub(crate) fn is_stopping() -> bool {
    STOPPING.load(SeqCst)
}

/// From now on a signal, SIGINT or SIGTERM, stops the server that listens there.
pub(crate) fn stop_at_a_signal(address: SocketAddr) -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(move || {
        STOPPING.store(true, SeqCst);
        // The server is waiting for a client; here is one.
        let _ = TcpStream::connect(address);
    })
}

//! Sockets that a service manager has opened for the server (`sd_listen_fds(3)`).

use std::{env, io, os::fd::OwnedFd};

use listenfd::ListenFd;

use crate::server::{Error, Inherited};

/// Takes them, once. They are the descriptors from 3 on.
pub(super) fn inherited() -> Result<Vec<Inherited>, Error> {
    let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':');
    let mut passed = ListenFd::from_env();
    let mut inherited = Vec::new();
    for index in 0..passed.len() {
        let name = names.next().unwrap_or_default().to_owned();
        match take(&mut passed, index) {
            Ok(socket) => inherited.push(Inherited { name, socket }),
            Err(error) => return Err(Error::Inherited(name, error.to_string())),
        }
    }
    Ok(inherited)
}

fn take(passed: &mut ListenFd, index: usize) -> io::Result<OwnedFd> {
    let socket = match passed.take_tcp_listener(index) {
        Ok(socket) => socket.map(OwnedFd::from),
        Err(_) => passed.take_unix_listener(index)?.map(OwnedFd::from),
    };
    Ok(socket.expect("each is taken once"))
}

//! Clients that ask for more than their socket takes, and read nothing.

use std::{
    io::{ErrorKind, Write},
    net::TcpStream,
    time::Duration,
};

use super::{
    attack::{Attack, Target},
    questions::{SPEAKERS, filling},
};
use crate::{address::connect_from, process::pause};

/// Questions in one write. Each answer is up to 256 KiB long.
const QUESTIONS: usize = 40;

/// How often each client asks again.
const INTERVAL: Duration = Duration::from_millis(20);

/// Returns how many times the server has hung up on a client.
pub(super) fn ask_and_not_read(attack: &Attack, target: &Target<'_>) -> u64 {
    let questions = "/history 1000\n".repeat(QUESTIONS);
    let mut clients: Vec<Option<TcpStream>> = (0..attack.clients).map(|_| None).collect();
    let mut count = 0;
    while !target.is_over() {
        for (id, client) in clients.iter_mut().enumerate() {
            let Some(stream) = client else {
                // It fails while the server is full.
                *client = connect_from(id % attack.origin_count(), target.chat).ok();
                if let Some(stream) = client {
                    let filling = if id < SPEAKERS { filling() } else { String::new() };
                    // The next round sees whether the server still listens.
                    let _ = stream.set_nonblocking(true).and_then(|()| stream.write(filling.as_bytes()));
                }
                continue;
            };
            match stream.write(questions.as_bytes()) {
                Err(error) if error.kind() != ErrorKind::WouldBlock => {
                    *client = None;
                    count += 1;
                }
                // If the socket takes only a part, the next write ends a question that has no meaning. The server
                // answers that, too.
                Ok(_) | Err(_) => {}
            }
        }
        pause(INTERVAL);
    }
    count
}

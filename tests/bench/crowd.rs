//! The load generator's sockets: one thread, one epoll, and one buffer for all reads.

use std::{os::fd::OwnedFd, time::Duration};

use rustix::{
    buffer::spare_capacity,
    event::epoll::{self, CreateFlags, Event, EventData, EventFlags},
    io::{Errno, ioctl_fionbio},
    net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown},
};

use crate::{
    address::{Address, connect_from},
    failure::{Failure, Result},
    layer::Layer,
    process::timespec,
};

/// The most bytes in one read: large enough for few system calls, small enough for the cache.
const BUFFER: usize = 128 * 1024;

/// Receives what the clients hear.
pub(crate) trait Hear {
    /// Takes the bytes that `id` has heard and not used yet, and returns how many of them are used now.
    fn hear(&mut self, id: usize, bytes: &[u8], client: &mut Client) -> Result<usize>;

    /// The server has hung up on `id`.
    fn end(&mut self, id: usize) -> Result<()> {
        Err(Failure::Broken(format!("the server hung up on client {id}")))
    }
}

/// The complete lines in `bytes`, without their ends, and how many bytes they take.
pub(crate) fn lines(bytes: &[u8]) -> (usize, impl Iterator<Item = &[u8]>) {
    let end = memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
    (end, bytes[..end].split_inclusive(|&b| b == b'\n').map(<[u8]>::trim_ascii_end))
}

pub(crate) struct Client {
    socket: OwnedFd,
    layer: Layer,
    /// Bytes that were heard, unpacked and not used yet: the beginning of a line.
    carried: Vec<u8>,
    /// Bytes that the socket has not taken yet.
    unsent: Vec<u8>,
}

impl Client {
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.layer.pack(bytes, &mut self.unsent);
        self.flush().map(|_all| ())
    }

    /// Sends frames from now on. The first acknowledges their session.
    pub(crate) fn begin(&mut self, session: String) -> Result<()> {
        self.layer = Layer::Frames(session);
        self.layer.begin(&mut self.unsent);
        self.flush().map(|_all| ())
    }

    /// Puts what was carried and what these bytes bring into `heard`, and sends what answers them.
    fn unpack(&mut self, bytes: &[u8], heard: &mut Vec<u8>) -> Result<()> {
        heard.clear();
        heard.extend_from_slice(&self.carried);
        self.layer.unpack(bytes, heard, &mut self.unsent).map_err(Failure::Broken)?;
        self.flush().map(|_all| ())
    }

    /// Shuts down the sending side.
    pub(crate) fn finish(&self) {
        // It fails when the server has hung up already.
        let _ = shutdown(&self.socket, Shutdown::Write);
    }

    /// Tries to send the rest, and returns whether the socket has taken all of it.
    pub(crate) fn flush(&mut self) -> Result<bool> {
        while !self.unsent.is_empty() {
            match send(&self.socket, &self.unsent, SendFlags::NOSIGNAL) {
                Ok(count) => drop(self.unsent.drain(..count)),
                Err(Errno::AGAIN) => return Ok(false),
                Err(error) => return Err(Failure::io("sending to the server")(error.into())),
            }
        }
        Ok(true)
    }
}

pub(crate) struct Crowd {
    epoll: OwnedFd,
    clients: Vec<Client>,
    events: Vec<Event>,
    buffer: Vec<u8>,
    /// What was in the bytes of the last read, if they had to be unpacked.
    unpacked: Vec<u8>,
    /// How many addresses the clients come from; `None` if they come from 127.0.0.1.
    origins: Option<usize>,
}

impl Crowd {
    pub(crate) fn new() -> Result<Self> {
        let epoll =
            epoll::create(CreateFlags::CLOEXEC).map_err(|e| Failure::io("asking for an epoll")(e.into()))?;
        let (clients, events) = (Vec::new(), Vec::with_capacity(256));
        Ok(Self { epoll, clients, events, buffer: vec![0; BUFFER], unpacked: Vec::new(), origins: None })
    }

    /// A crowd whose clients come from this many addresses, and reset their connections when they leave.
    pub(crate) fn from_origins(origins: usize) -> Result<Self> {
        Ok(Self { origins: Some(origins), ..Self::new()? })
    }

    /// Returns from each turn after one client, so that its sender writes at once and not after
    /// everything that the other clients have heard.
    pub(crate) fn read_one_at_a_time(&mut self) {
        self.events = Vec::with_capacity(1);
    }

    pub(crate) fn len(&self) -> usize {
        self.clients.len()
    }

    /// Connects one more client; its number is the count of those before it.
    pub(crate) fn connect(&mut self, address: &Address) -> Result<&mut Client> {
        let client = self.open(address, self.clients.len())?;
        self.clients.push(client);
        Ok(self.clients.last_mut().expect("it was pushed just now"))
    }

    /// Gives `id` a new connection in place of the old one.
    pub(crate) fn reconnect(&mut self, address: &Address, id: usize) -> Result<&mut Client> {
        self.clients[id] = self.open(address, id)?;
        Ok(&mut self.clients[id])
    }

    fn open(&self, address: &Address, id: usize) -> Result<Client> {
        let socket = match (self.origins, address) {
            (Some(origins), Address::Tcp(address)) => connect_from(id % origins, *address).map(OwnedFd::from),
            _ => address.connect(),
        };
        let socket = socket.map_err(Failure::io("connecting"))?;
        ioctl_fionbio(&socket, true)
            .and_then(|()| epoll::add(&self.epoll, &socket, EventData::new_u64(id as u64), EventFlags::IN))
            .map_err(|error| Failure::io("preparing a socket")(error.into()))?;
        let (mut layer, mut unsent) = (Layer::at(address)?, Vec::new());
        layer.begin(&mut unsent);
        Ok(Client { socket, layer, carried: Vec::new(), unsent })
    }

    pub(crate) fn client(&mut self, id: usize) -> &mut Client {
        &mut self.clients[id]
    }

    /// Removes the last client, and hands its socket to the caller.
    pub(crate) fn release_last(&mut self) -> Result<OwnedFd> {
        let client = self.clients.pop().expect("there is one to release");
        epoll::delete(&self.epoll, &client.socket)
            .map_err(|error| Failure::io("releasing a socket")(error.into()))?;
        Ok(client.socket)
    }

    /// Waits at most `patience` until a client hears something, and passes it to `hearer`.
    pub(crate) fn turn(&mut self, patience: Duration, hearer: &mut impl Hear) -> Result<()> {
        self.events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&timespec(patience))) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(Failure::io("waiting for sockets")(error.into())),
        }
        for at in 0..self.events.len() {
            let id = self.events[at].data.u64();
            self.read(usize::try_from(id).expect("it was one"), hearer)?;
        }
        Ok(())
    }

    fn read(&mut self, id: usize, hearer: &mut impl Hear) -> Result<()> {
        let client = &mut self.clients[id];
        let is_transparent = client.layer.is_transparent();
        let carried = if is_transparent { client.carried.len() } else { 0 };
        self.buffer[..carried].copy_from_slice(&client.carried[..carried]);
        match recv(&client.socket, &mut self.buffer[carried..], RecvFlags::empty()) {
            Ok((0, _)) | Err(Errno::CONNRESET) => self.end(id, hearer),
            Ok((count, _)) => {
                let mut bytes = &self.buffer[..carried + count];
                if !is_transparent {
                    client.unpack(bytes, &mut self.unpacked).map_err(|failure| failure.to(id))?;
                    bytes = &self.unpacked;
                }
                let used = hearer.hear(id, bytes, client)?;
                client.carried.clear();
                client.carried.extend_from_slice(&bytes[used..]);
                Ok(())
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(()),
            Err(error) => Err(Failure::io("reading from the server")(error.into())),
        }
    }

    fn end(&mut self, id: usize, hearer: &mut impl Hear) -> Result<()> {
        epoll::delete(&self.epoll, &self.clients[id].socket)
            .map_err(|error| Failure::io("ending a connection")(error.into()))?;
        hearer.end(id)
    }
}

//! Where the processes of a program listen, as `/proc` tells.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use rustix::process::Pid;

use super::family::Process;

/// A socket that accepts connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listening {
    /// A process that has it open.
    pub(super) process: Process,
    pub(crate) address: SocketAddr,
}

impl Listening {
    /// Whether a client can connect to it at this port of 127.0.0.1.
    pub(super) fn is_at(&self, port: u16) -> bool {
        serves(self.address, port)
    }
}

/// Whether a server at this address has the clients of a port of 127.0.0.1.
fn serves(address: SocketAddr, port: u16) -> bool {
    let ip = address.ip().to_canonical();
    address.port() == port && (ip.is_unspecified() || ip == IpAddr::from(Ipv4Addr::LOCALHOST))
}

/// Where these processes listen; nothing where the system does not tell.
pub(super) fn listening(processes: &[Process]) -> Vec<Listening> {
    let sockets: Vec<_> = ["/proc/net/tcp", "/proc/net/tcp6"].into_iter().flat_map(listed).collect();
    let mut found = Vec::new();
    for &process in processes {
        let inodes = open_sockets(process.pid);
        let theirs = sockets.iter().filter(|(_, inode)| inodes.contains(inode));
        found.extend(theirs.map(|(address, _)| Listening { process, address: *address }));
    }
    found
}

/// The listening sockets of a table, each with its inode.
fn listed(path: &str) -> Vec<(SocketAddr, u64)> {
    // Not every system has IPv6.
    let Ok(table) = File::open(path) else { return Vec::new() };
    let lines = BufReader::new(table).lines().skip(1).map_while(Result::ok);
    // They come before all other sockets, which can be many.
    lines.map_while(|line| listed_in(&line)).collect()
}

/// The listening socket in a line of `/proc/net/tcp`.
fn listed_in(line: &str) -> Option<(SocketAddr, u64)> {
    const LISTEN: &str = "0A";
    let fields: Vec<_> = line.split_whitespace().collect();
    if *fields.get(3)? != LISTEN {
        return None;
    }
    Some((address(fields[1])?, fields.get(9)?.parse().ok()?))
}

/// An address as in `0100007F:15B3`: the address in words of the machine's byte order, and the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let words: Option<Vec<_>> = (0..ip.len() / 8)
        .map(|at| Some(u32::from_str_radix(ip.get(8 * at..8 * at + 8)?, 16).ok()?.to_ne_bytes()))
        .collect();
    let bytes = words?.concat();
    let ip = match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(bytes) => IpAddr::from(Ipv4Addr::from(bytes)),
        Err(_) => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into(),
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

/// The inodes of the sockets that a process has open.
fn open_sockets(pid: Pid) -> Vec<u64> {
    let Ok(entries) = fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero())) else { return Vec::new() };
    let inode = |link: &str| link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok();
    let links = entries.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    links.filter_map(|link| inode(link.to_str()?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn addresses_are_read_as_the_system_writes_them() {
        let read = |text| address(text).map(|address| address.to_string());
        assert_eq!(read("0100007F:15B3").as_deref(), Some("127.0.0.1:5555"));
        assert_eq!(read("00000000000000000000000001000000:0050").as_deref(), Some("[::1]:80"));
        assert_eq!(read("0000000000000000FFFF00000100007F:0050").as_deref(), Some("[::ffff:127.0.0.1]:80"));
        assert_eq!(read("0100007F"), None);
        assert_eq!(read("what:0050"), None);
    }

    #[test]
    fn a_client_reaches_what_listens_at_any_address() {
        let serves = |address: &str| serves(address.parse().expect("an address"), 80);
        assert!(["127.0.0.1:80", "0.0.0.0:80", "[::]:80", "[::ffff:127.0.0.1]:80"].into_iter().all(serves));
        assert!(!["127.0.0.1:81", "[::1]:80", "10.0.0.1:80"].into_iter().any(serves));
    }
}

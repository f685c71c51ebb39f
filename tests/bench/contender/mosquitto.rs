//! Mosquitto: MQTT over WebSocket. Each room is a topic, and each client has one more for whispers to it.

use std::{fs, process::Command};

use super::{Contender, Line, Speech};
use crate::{
    address::Address,
    failure::Result,
    framing::Framing,
    process::{Running, start_on_free_port},
    websocket::Inside,
};

pub(crate) struct Mosquitto;

/// Without limits, it keeps what a client has not taken yet. It starts only if one of its doors has no WebSocket.
const CONFIG: &str = "
user root
listener 0 FOLDER/socket
listener PORT 127.0.0.1
protocol websockets
allow_anonymous true
set_tcp_nodelay true
max_queued_messages 0
max_inflight_messages 0
sys_interval 0
log_type none
";

/// The first bytes of packets (MQTT 3.1.1 §2.2). All clients say everything at most once, which needs no answer.
const CONNECT: char = '\x10';
const CONFIRMED_CONNECT: u8 = 0x20;
const PUBLISH: u8 = 0x30;
const SUBSCRIBE: u8 = 0x82;
const CONFIRMED_SUBSCRIBE: u8 = 0x90;

impl Contender for Mosquitto {
    fn name(&self) -> String {
        "mosquitto over WebSocket".into()
    }

    fn program(&self) -> Option<&'static str> {
        Some("mosquitto")
    }

    fn start(&self, _clients: usize) -> Result<Running> {
        start_on_free_port(|port, folder| {
            let path = folder.join("mosquitto.conf");
            let config = CONFIG.replace("PORT", &port.to_string());
            fs::write(&path, config.replace("FOLDER", &folder.display().to_string()))?;
            let mut command = Command::new("mosquitto");
            command.arg("-c").arg(path);
            Ok(command)
        })
    }

    fn speaks(&self, _client: usize) -> &dyn Speech {
        self
    }

    fn address(&self, _client: usize, server: &Running) -> Address {
        Address::WebSocket(server.address, Inside::Mqtt)
    }
}

impl Speech for Mosquitto {
    /// Version 4, a clean session, and no pings.
    fn hello(&self, nick: &str) -> String {
        let rest = format!("\0\x04MQTT\x04\x02\0\0{}", string(nick));
        format!("{CONNECT}{}{rest}", length(rest.len()))
    }

    fn enter(&self, nick: &str, room: &str) -> Vec<u8> {
        let rest = format!("\0\x01{}\0{}\0", string(nick), string(room));
        [&[SUBSCRIBE], length(rest.len()).to_string().as_bytes(), rest.as_bytes()].concat()
    }

    fn say(&self, room: &str, length_of_text: usize) -> String {
        let topic = string(room);
        format!("{}{}{topic}", char::from(PUBLISH), length(topic.len() + length_of_text))
    }

    fn line_end(&self) -> &'static str {
        ""
    }

    fn framing(&self) -> Framing {
        Framing::Packets
    }

    fn read<'a>(&self, packet: &'a [u8]) -> Line<'a> {
        match *packet {
            [CONFIRMED_CONNECT, 2, _, 0] | [CONFIRMED_SUBSCRIBE, 4, 0, 1, 0, 0] => Line::Ready,
            [PUBLISH, _, 0, topic, ref rest @ ..] => {
                rest.get(usize::from(topic)..).map_or(Line::Complaint, Line::Said)
            }
            _ => Line::Complaint,
        }
    }
}

/// A string after its length.
fn string(text: &str) -> String {
    format!("\0{}{text}", length(text.len()))
}

/// A length in one byte, as everything is short here.
fn length(length: usize) -> char {
    u8::try_from(length).ok().filter(u8::is_ascii).map_or_else(|| unreachable!("texts are short"), char::from)
}

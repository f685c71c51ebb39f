//! The IRC servers ngircd and inspircd: one protocol, two configurations.

use std::{fs, process::Command};

use super::{Contender, Line, Speech};
use crate::{
    failure::Result,
    process::{Running, start_on_free_port},
};

pub(crate) struct Irc {
    program: &'static str,
    arguments: &'static [&'static str],
    at_the_door: usize,
    config: &'static str,
}

/// Its backlog holds ten connections.
pub(crate) const NGIRCD: Irc =
    Irc { program: "ngircd", arguments: &["--nodaemon"], at_the_door: 8, config: NGIRCD_CONFIG };

/// It greets new clients only once a second.
pub(crate) const INSPIRCD: Irc = Irc {
    program: "inspircd",
    arguments: &["--nofork", "--nolog", "--nopid", "--runasroot"],
    at_the_door: 4000,
    config: INSPIRCD_CONFIG,
};

impl Contender for Irc {
    fn name(&self) -> String {
        self.program.into()
    }

    fn program(&self) -> Option<&'static str> {
        Some(self.program)
    }

    fn start(&self, _clients: usize) -> Result<Running> {
        start_on_free_port(|port, folder| {
            let path = folder.join("irc.conf");
            let config = self.config.replace("PORT", &port.to_string());
            fs::write(&path, config.replace("FOLDER", &folder.display().to_string()))?;
            let mut command = Command::new(self.program);
            command.args(self.arguments).arg("--config").arg(path);
            Ok(command)
        })
    }

    fn speaks(&self, _client: usize) -> &dyn Speech {
        self
    }

    fn at_the_door(&self) -> usize {
        self.at_the_door
    }

    /// An IRC client shows its own lines without hearing them.
    fn echoes(&self) -> bool {
        false
    }
}

impl Speech for Irc {
    fn hello(&self, nick: &str) -> String {
        format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\n")
    }

    fn enter(&self, _nick: &str, room: &str) -> Vec<u8> {
        format!("JOIN #{room}\r\n").into()
    }

    fn say(&self, room: &str, _length: usize) -> String {
        format!("PRIVMSG #{room} :")
    }

    fn whisper(&self, nick: &str, _length: usize) -> String {
        format!("PRIVMSG {nick} :")
    }

    fn quit(&self) -> Option<&'static str> {
        Some("QUIT\r\n")
    }

    /// As in RFC 2812. Numerics from 400 on are errors, except 422 ("no message of the day").
    fn read<'a>(&self, line: &'a [u8]) -> Line<'a> {
        if let Some(token) = line.strip_prefix(b"PING ") {
            return Line::Ping([b"PONG ", token, b"\r\n"].concat());
        }
        let mut words = line.splitn(4, |&b| b == b' ').skip(1);
        match words.next().unwrap_or_default() {
            b"PRIVMSG" => {
                words.nth(1).and_then(|text| text.strip_prefix(b":")).map_or(Line::Complaint, Line::Said)
            }
            // The welcome, and the end of the names, which is the last answer to a join.
            b"001" | b"366" => Line::Ready,
            b"422" | b"NOTICE" | b"JOIN" | b"QUIT" | b"MODE" | b"PONG" | [b'0'..=b'3', _, _] => Line::Chatter,
            _ if line.starts_with(b"ERROR ") || line.starts_with(b"NOTICE ") => Line::Chatter,
            _ => Line::Complaint,
        }
    }
}

const NGIRCD_CONFIG: &str = "
[Global]
Name = irc.bench.test
Info = benchmark
Listen = 127.0.0.1
Ports = PORT
ServerUID = root
ServerGID = root
MotdPhrase = hello
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxNickLength = 20
MaxPenaltyTime = 0
PingTimeout = 600
[Options]
DNS = no
Ident = no
PAM = no
";

const INSPIRCD_CONFIG: &str = r#"
<server name="irc.bench.test" description="benchmark" network="bench">
<admin name="bench" nick="bench" email="bench@bench.test">
<bind address="127.0.0.1" port="PORT" type="clients">
<connect allow="*" name="all" timeout="60" threshold="1000000" commandrate="1000000000" fakelag="no"
    pingfreq="600" hardsendq="1073741824" softsendq="1073741824" recvq="1073741824" localmax="100000"
    globalmax="100000" maxchans="10" resolvehostnames="no" useident="no" limit="100000">
<performance softlimit="100000" somaxconn="4096" netbuffersize="65534" quietbursts="yes">
<options hostintopic="no" splitwhois="no">
<security maxtargets="20">
<path configdir="FOLDER" datadir="FOLDER" logdir="FOLDER" runtimedir="FOLDER">
<log method="file" type="* -USERINPUT -USEROUTPUT" level="default" target="/dev/null">
"#;

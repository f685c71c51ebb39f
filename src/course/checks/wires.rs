//! Checks of servers that speak JSON, datagrams or frames.

use super::{Check, How};
use crate::course::{
    class,
    conversation::Pattern,
    failure::Failure,
    stage::{Outcome, Stage},
    wire::Wire,
};

mod datagrams;
mod frames;
mod heartbeats;

/// How long a client may be silent in the checks of deadlines, in seconds.
const IDLE: u64 = 2;

/// Sets the server's limit to [`IDLE`].
const IDLE_SOON: &[(&str, &str)] = &[("CHAT_IDLE", "2")];

pub(in super::super) const NUMBERED: Check = Check::new(
    "30_numbered",
    "Each message has a number that grows, and all clients receive the same one.",
    How::Wire(Wire::Json, &[], numbered),
);

pub(in super::super) const DATAGRAMS: [Check; 5] = [
    Check::new(
        "31_acknowledged",
        "A datagram with an id is acknowledged at once, and one without an id is carried out, too.",
        How::Wire(Wire::Datagrams, &[], datagrams::acknowledged),
    ),
    Check::new(
        "31_addresses",
        "Two clients with the same address and different ports are two clients.",
        How::Wire(Wire::Datagrams, &[], datagrams::addresses),
    ),
    Check::new(
        "31_repeated",
        "A datagram that comes again is acknowledged again and carried out once.",
        How::Wire(Wire::Datagrams, &[], datagrams::repeated),
    ),
    // Three clients say ten things each. Of five datagrams, one is lost, one is duplicated, and one comes late.
    Check::new(
        "31_bad_network",
        "On a network that loses, duplicates and delays datagrams, everything is said once and in order.",
        How::Wire(Wire::Datagrams, &[], datagrams::bad_network),
    ),
    Check::new(
        "31_silence",
        "A client that is silent for too long leaves, and the others stay.",
        How::Wire(Wire::Datagrams, IDLE_SOON, datagrams::silence),
    ),
];

pub(in super::super) const FRAMES: [Check; 5] = [
    Check::new(
        "32_handshake",
        "A client is let in and announced when it has acknowledged its session.",
        How::Wire(Wire::Frames, &[], frames::handshake),
    ),
    Check::new(
        "32_talk",
        "Clients chat in frames with correct lengths, checksums and signatures.",
        How::Wire(Wire::Frames, &[], frames::talk),
    ),
    // One frame is cut after its first byte, the next one after its second, and so on. Then two and three frames
    // are sent in one write.
    Check::new(
        "32_pieces",
        "Frames may be cut at every byte, and several may come together.",
        How::Wire(Wire::Frames, &[], frames::pieces),
    ),
    Check::new(
        "32_damaged",
        "A frame with a wrong checksum, signature or version is refused, and the next one is accepted.",
        How::Wire(Wire::Frames, &[], frames::damaged),
    ),
    // 1 GB, 2^63 bytes, and a JSON header of 4 GB.
    Check::new(
        "32_lies",
        "A false length costs neither memory nor time.",
        How::Wire(Wire::Frames, &[], frames::lies),
    ),
];

pub(in super::super) const HEARTBEATS: [Check; 3] = [
    Check::new(
        "33_pong",
        "A ping is answered with a pong, which only its sender receives.",
        How::Wire(Wire::Frames, &[], heartbeats::pong),
    ),
    Check::new(
        "33_silence",
        "A silent client leaves at its own deadline, and one that pings stays.",
        How::Wire(Wire::Frames, IDLE_SOON, heartbeats::silence),
    ),
    Check::new(
        "33_no_ack",
        "A client that never acknowledges its session is disconnected.",
        How::Wire(Wire::Frames, IDLE_SOON, heartbeats::never_acknowledges),
    ),
];

fn numbered(stage: &mut Stage<'_>) -> Outcome {
    let [alice, bob] = &super::arrive(stage)?;
    let mut last = None;
    for from in [alice, bob, alice] {
        let text = stage.seed.text("one after the other");
        stage.says(from, &format!(r#"{{"type":"message","text":"{text}"}}"#));
        let mut numbers = Vec::new();
        for who in [alice, bob] {
            stage.hears(who, &message(from, &text))?;
            numbers.push(number(stage, who)?);
        }
        if numbers[0] != numbers[1] {
            let expected = format!("the seq {} for {bob}, as for {alice}", numbers[0]);
            return Err(Failure::new(&class::NOT_NUMBERED, expected, format!("the seq {}", numbers[1])));
        }
        if let Some(last) = last.filter(|last| *last >= numbers[0]) {
            let expected = format!("a seq above {last}, which the last message had");
            return Err(Failure::new(&class::NOT_NUMBERED, expected, format!("the seq {}", numbers[0])));
        }
        last = Some(numbers[0]);
    }
    Ok(())
}

/// The number of the last message that a client has heard.
fn number(stage: &Stage<'_>, who: &str) -> Result<u64, Failure> {
    let heard = stage.transcript.last_heard_by(who).unwrap_or_default();
    let object: serde_json::Value = serde_json::from_str(heard).unwrap_or_default();
    let missing = || Failure::new(&class::MISSING_KEY, "a key \"seq\" with a number", heard);
    object["seq"].as_u64().ok_or_else(missing)
}

/// What is heard when a client says something in the lobby.
fn message(from: &str, text: &str) -> Pattern {
    Pattern::object(format!(r#"{{"type":"message","room":"lobby","user":"{from}","text":"{text}"}}"#))
}

/// News of a client, as an object.
fn news(who: &str, word: &str, sentence: &str) -> Pattern {
    Pattern::object(format!(r#"{{"type":"system","text":"{sentence}"}}"#)).about(&[who, word])
}

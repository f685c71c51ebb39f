//! Programs that pause.

use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
};

use super::{enter, long, start};
use crate::support::{Peer, server::eventually};

/// How many lines are said while a program is paused.
const DROPPED: usize = 50;

#[test]
fn a_pause_drops_exactly_what_is_said_until_the_program_speaks() {
    let (server, verbs) = start(&["--outbox-limit", "67108864"]);
    let mut speaker = server.client("speaker");
    let mut pausing = enter(verbs, "lobby", "pausing");
    speaker.hears("pausing has joined the chat!");
    let said = AtomicUsize::new(0);
    let (all, heard) = thread::scope(|scope| {
        let speaking = thread::Builder::new().spawn_scoped(scope, || speaks_until_done(speaker, &said));
        let heard = pauses(&mut pausing, &said);
        (speaking.expect("a thread").join().expect("it speaks"), heard)
    });
    let mut place = 0;
    for line in heard {
        let found = place + all[place..].iter().position(|said| *said == line).expect("it was said");
        assert!(found == place || line.contains(" back "), "a gap before {line:?}");
        assert!(found >= place + DROPPED - 1 || !line.contains(" back "), "no gap before {line:?}");
        place = found + 1;
    }
    assert_eq!(place, all.len());
}

/// Says numbers until the other program is done; returns all that was said, as that program hears it.
fn speaks_until_done(mut speaker: Peer, said: &AtomicUsize) -> Vec<String> {
    let mut all = Vec::new();
    for n in 0.. {
        speaker.says(&n.to_string());
        loop {
            let line = speaker.next_line().expect("it is connected");
            let (room, rest) = line[1..].split_once("] ").expect("all is said in a room");
            let (from, text) = rest.split_once(": ").expect("by a client");
            all.push(format!("MSG FROM {room}:{from} {text}"));
            if text == "done" {
                return all;
            }
            if from == "speaker" {
                break;
            }
        }
        said.fetch_add(1, Relaxed);
    }
    unreachable!("there are numbers enough")
}

/// Pauses again and again; returns what it has heard.
fn pauses(pausing: &mut Peer, said: &AtomicUsize) -> Vec<String> {
    let mut heard = Vec::new();
    for round in 0..20 {
        // The mistake is heard in its place, which is in the pause.
        pausing.sends(b"PAUSE pausing\nSEND\n");
        hears_until(pausing, "ERROR: Usage: SEND ROOM:CLIENT TEXT", &mut heard);
        let enough = said.load(Relaxed) + DROPPED;
        eventually("enough was said", || said.load(Relaxed) >= enough);
        let back = format!("MSG FROM lobby:pausing back {round}");
        pausing.says(&format!("SEND lobby:pausing back {round}"));
        pausing.hears(&back);
        heard.push(back);
    }
    let done = "MSG FROM lobby:pausing done";
    pausing.says("SEND lobby:pausing done");
    hears_until(pausing, done, &mut heard);
    heard.push(done.to_owned());
    heard
}

#[track_caller]
fn hears_until(program: &mut Peer, last: &str, heard: &mut Vec<String>) {
    while let Some(line) = program.next_line().filter(|line| line != last) {
        heard.push(line);
    }
}

#[test]
fn a_paused_program_that_does_not_read_is_never_too_slow() {
    let (server, verbs) = start(&["--outbox-limit", "65536"]);
    let mut alice = server.client("alice");
    let mut paused = enter(verbs, "lobby", "paused");
    alice.hears("paused has joined the chat!");
    paused.sends(b"PAUSE\nSEND\n");
    paused.hears("ERROR: Usage: SEND ROOM:CLIENT TEXT");
    let before = server.status("VmRSS");
    for n in 0..20_000 {
        alice.says(&long(n));
        alice.hears(&format!("[lobby] alice: {}", long(n)));
    }
    let grown = server.status("VmRSS").saturating_sub(before);
    assert!(grown < 4096, "20 MB that are dropped took {grown} kB");
    paused.says("SEND lobby:paused back");
    paused.hears("MSG FROM lobby:paused back");
    alice.hears("[lobby] paused: back");
}

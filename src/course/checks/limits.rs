//! Checks of limits: too many clients, endless lines, bytes that are not text, silent clients.

use std::{io::Write, net::TcpStream, thread, time::Instant};

use super::{arrive, chat, crowd, spawn};
use crate::course::{
    class,
    conversation::Pattern,
    failure::Failure,
    peer::{Heard, Peer},
    stage::{Judgement, Outcome, Stage},
};

/// The number of clients that a server of the course accepts.
const CLIENTS: usize = 100;

/// The most memory that a line without an end may cost, in bytes. The line is twice as long.
const MEMORY: u64 = 32 << 20;

pub(super) fn full(stage: &mut Stage<'_>) -> Outcome {
    let clients = crowd(stage, CLIENTS)?;
    stage.restarts_transcript(&format!("({CLIENTS} clients are here)"));
    for who in ["late1", "late2"] {
        stage.connects(who)?;
        stage.hears(who, &Pattern::with("Server is full.", &["full"]))?;
        stage.hears_the_end(who)?;
    }
    stage.closes(&clients[7]);
    let deadline = Instant::now() + stage.rules.patience;
    while Instant::now() < deadline {
        let peer = Peer::new("later", stage.call()?);
        let heard = peer.map_or(Heard::Reset, |mut peer| peer.listens(deadline));
        let Heard::Line(line) = heard else { continue };
        if Pattern::welcome().matches(&String::from_utf8_lossy(&line)) {
            return Ok(());
        }
    }
    let expected = "a place for another client after one has left";
    Err(Failure::new(&class::NO_PLACE, expected, "every new client is refused"))
}

pub(super) fn long_line(stage: &mut Stage<'_>) -> Outcome {
    let [alice, bob] = &arrive(stage)?;
    let text = stage.seed.text("and on with it");
    stage.remark(&format!("({alice} sends a line of 20000 bytes)"));
    stage.sends_bytes(alice, format!("{}\n{text}\n", "long ".repeat(4000)).as_bytes());
    stage.hears(alice, &Pattern::with("Line too long…", &["too long"]))?;
    for who in [alice, bob] {
        stage.hears(who, &Pattern::exactly(format!("[lobby] {alice}: {text}")))?;
    }
    stage.hears_nothing(bob)
}

pub(super) fn endless_line(stage: &mut Stage<'_>) -> Outcome {
    let [alice, bob, endless] = &arrive(stage)?;
    let before = stage.memory();
    stage.remark(&format!("({endless} sends 64 MB without a newline)"));
    let stream = stage.stream(endless)?;
    thread::scope(|scope| {
        let sending = spawn(scope, || sends_without_end(&stream));
        stage.hears(endless, &Pattern::with("Line too long…", &["too long"]))?;
        while sending.as_ref().is_some_and(|sending| !sending.is_finished()) {
            chat(stage, alice, [alice, bob])?;
        }
        chat(stage, alice, [alice, bob])
    })?;
    let grown = stage.memory().zip(before).map_or(0, |(now, before)| now.saturating_sub(before));
    if grown > MEMORY {
        let expected = format!("a line without an end costs less than {} MB of memory", MEMORY >> 20);
        return Err(Failure::new(&class::GREEDY, expected, format!("it costs {} MB", grown >> 20)));
    }
    stage.sends_bytes(endless, b"\n");
    stage.skips_lines(endless, &[])?;
    let text = stage.seed.text("here again");
    stage.says(endless, &text);
    stage.hears(bob, &Pattern::exactly(format!("[lobby] {endless}: {text}")))
}

fn sends_without_end(mut stream: &TcpStream) {
    let bytes = vec![b'x'; 1 << 20];
    // If the server disconnects this client, the conversation notices it.
    let _ = (0..64).try_for_each(|_| stream.write_all(&bytes));
}

pub(super) fn not_text(stage: &mut Stage<'_>) -> Outcome {
    let [alice, bob] = &arrive(stage)?;
    let text = stage.seed.text("and now in words");
    stage.remark(&format!("({alice} sends the bytes \\xFF\\xFE and a newline)"));
    stage.sends_bytes(alice, b"\xFF\xFE\n");
    stage.says(alice, &text);
    let said = Pattern::exactly(format!("[lobby] {alice}: {text}"));
    // The server may send one answer of any kind, or none.
    let mut answers = 0;
    stage.hears_judged(alice, &said, |line| {
        answers += 1;
        match () {
            () if said.matches(line) => Judgement::Expected,
            () if answers == 1 => Judgement::Ignored,
            () => Judgement::Wrong,
        }
    })?;
    stage.hears_at_last(bob, &said)
}

pub(super) fn silent_clients(stage: &mut Stage<'_>) -> Outcome {
    let silent: Vec<_> = (1..=60).map(|n| format!("silent{n}")).collect();
    for who in &silent {
        stage.connects(who)?;
    }
    // With a thread for each client, a later client may be welcomed first.
    for who in &silent {
        stage.hears(who, &Pattern::welcome())?;
    }
    for who in silent.iter().step_by(2) {
        stage.sends_bytes(who, b"half a li");
    }
    let [alice, bob] = &arrive(stage)?;
    stage.restarts_transcript(&format!("(60 clients are silent; {alice} and {bob} are here)"));
    chat(stage, alice, [alice, bob])?;
    for who in &silent {
        stage.is_served(who)?;
    }
    chat(stage, alice, [alice, bob])
}

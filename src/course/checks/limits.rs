//! Checks of limits: too many clients, endless lines, bytes that are not text, silent clients.

use std::{
    io::Write,
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::after;

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

/// The most bytes of a line, without its newline.
const LINE: usize = 8192;

/// The length of the first part of a line without an end, and the length of the whole line, in megabytes. A program
/// that keeps the line needs at least as much memory. A program whose memory is collected later, as in Java, may need
/// more than the first part, but then it stops growing.
const ENDLESS: (u64, u64) = (64, 1024);

/// The pause between two messages while a line without an end arrives.
const PAUSE: Duration = Duration::from_millis(20);

/// How long clients are silent, which is longer than the usual timeout of a read.
const SILENCE: Duration = Duration::from_secs(11);

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

pub(super) fn line_limit(stage: &mut Stage<'_>) -> Outcome {
    let [alice] = &arrive(stage)?;
    for (filler, length) in [("x", LINE), ("x", LINE + 1), ("€", LINE), ("€", LINE + 1)] {
        let token = stage.seed.token();
        // A command, because a server may have a lower limit for messages.
        let mut line = format!("/{token} ");
        line.push_str(&filler.repeat((length - line.len()) / filler.len()));
        line.push_str(&"x".repeat(length - line.len()));
        stage
            .remark(&format!("({alice} sends a line of {length} bytes: /{token} {filler}{filler}{filler}…)"));
        stage.sends_bytes(alice, (line.clone() + "\n").as_bytes());
        let (due, other) = (
            Pattern::with(format!("(an answer to /{token})"), &[&token]),
            Pattern::with("Line too long…", &["too long"]),
        );
        let (due, other) = if length > LINE { (other, due) } else { (due, other) };
        let mut is_other = false;
        let heard = stage.hears_judged(alice, &due, |text| {
            is_other = other.matches(text);
            if due.matches(text) { Judgement::Expected } else { Judgement::Wrong }
        });
        heard.map_err(|failure| {
            let class = if is_other { &class::WRONG_LIMIT } else { failure.class };
            let characters = line.chars().count();
            Failure { class, caret: None, ..failure }.note(format!(
                "Without its newline, this line has {length} bytes and {characters} characters. \
                 {LINE} bytes are accepted, and more are not."
            ))
        })?;
    }
    Ok(())
}

pub(super) fn endless_line(stage: &mut Stage<'_>) -> Outcome {
    let [alice, bob, endless] = &arrive(stage)?;
    // Where it does not hear the others, because it does not read.
    let room = stage.seed.name("x");
    stage.goes_to(endless, &room)?;
    for who in [alice, bob] {
        stage.skips_lines(who, &[])?;
    }
    let before = stage.memory();
    let stream = stage.stream(endless)?;
    let (mut sent, mut part) = (0, ENDLESS.0);
    loop {
        stage.remark(&format!("({endless} sends {part} MB without a newline)"));
        thread::scope(|scope| {
            let sending = spawn(scope, || sends_without_end(&stream, part));
            if sent == 0 {
                stage.hears(endless, &Pattern::with("Line too long…", &["too long"]))?;
            }
            while sending.as_ref().is_some_and(|sending| !sending.is_finished()) {
                chat(stage, alice, [alice, bob])?;
                let _ = after(PAUSE).recv();
            }
            chat(stage, alice, [alice, bob])
        })?;
        sent += part;
        part = sent;
        let grown = stage.memory().zip(before).map_or(0, |(now, before)| now.saturating_sub(before) >> 20);
        if grown <= sent / 2 {
            break;
        }
        if sent >= ENDLESS.1 {
            let expected = "memory that stops growing while a line without an end arrives";
            let received = format!("{grown} MB more, after {sent} MB of the line");
            let failure = Failure::new(&class::GREEDY, expected, received);
            return Err(
                failure.note("The page says how to limit the heap of a program with a garbage collector.")
            );
        }
    }
    stage.sends_bytes(endless, b"\n");
    stage.skips_lines(endless, &[])?;
    let text = stage.seed.text("here again");
    stage.says(endless, &text);
    stage.hears(endless, &Pattern::exactly(format!("[{room}] {endless}: {text}")))
}

fn sends_without_end(mut stream: &TcpStream, megabytes: u64) {
    let bytes = vec![b'x'; 1 << 20];
    // If the server disconnects this client, or stops reading, the conversation notices it.
    let _ = (0..megabytes).try_for_each(|_| stream.write_all(&bytes));
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
    let start = Instant::now();
    for who in silent.iter().step_by(2) {
        stage.sends_bytes(who, b"half a li");
    }
    let [alice, bob] = &arrive(stage)?;
    stage.restarts_transcript(&format!("(60 clients are silent; {alice} and {bob} are here)"));
    chat(stage, alice, [alice, bob])?;
    stage.remark("(eleven seconds pass)");
    // The time that passes is what is checked.
    let _ = after(SILENCE).recv();
    for who in &silent {
        let note = format!("{who} was silent for {} s, which is allowed.", start.elapsed().as_secs());
        stage.drops_lines(who);
        stage.is_served(who).map_err(|failure| failure.note(note))?;
    }
    chat(stage, alice, [alice, bob])
}

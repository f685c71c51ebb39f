//! Checks that need several clients at once: names in use, and clients that do not read.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    sync::atomic::{AtomicBool, Ordering},
    thread::{self, ScopedJoinHandle},
    time::{Duration, Instant},
};

use crossbeam_channel::{after, bounded};

use super::{arrive, chat, spawn};
use crate::course::{
    class,
    conversation::Pattern,
    failure::Failure,
    peer::is_timeout,
    stage::{Judgement, Outcome, Stage},
};

/// The lines of a flood, 1000 bytes each. 16 MB are four times what the kernel holds for a client that does not read.
const FLOOD: usize = 16_000;

/// The most lines that a flood is ahead of its reader. The kernel alone can hold them, so the server need not
/// disconnect either client because the grader is slow.
const AHEAD: usize = 100;

/// The shortest wait that counts. The machine may cause shorter ones.
const NOTICED: Duration = Duration::from_millis(300);

/// How long a talker cannot send before it counts as stuck.
const STUCK: Duration = Duration::from_millis(500);

pub(super) fn fresh_names(stage: &mut Stage<'_>) -> Outcome {
    let mut present = Vec::new();
    for who in ["alice", "bob", "carol"] {
        present.push((who, arrives(stage, who)?));
    }
    stage.closes_in_turn("alice");
    present.remove(0);
    // Two clients, because a server may hang up on alice before it removes her.
    for who in ["dave", "erin"] {
        let name = arrives(stage, who)?;
        if let Some((owner, _)) = present.iter().find(|(_, taken)| *taken == name) {
            let received = format!("{name}, which is {owner}'s name");
            return Err(Failure::new(&class::DOUBLE, format!("an unused name for {who}"), received));
        }
        present.push((who, name));
    }
    Ok(())
}

/// Connects a client and returns the name in its welcome.
fn arrives(stage: &mut Stage<'_>, who: &str) -> Result<String, Failure> {
    stage.connects_in_turn(who)?;
    let welcome = "Welcome! Your nickname is 'guest_…'. Use /nick <name> to change it.";
    stage.hears(who, &Pattern::with(welcome, &["Welcome", "guest_"]))?;
    let heard = stage.transcript.last_heard_by(who).unwrap_or_default();
    let at = heard.find("guest_").unwrap_or(heard.len());
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    Ok(heard[at..].chars().take_while(|c| is_of_name(*c)).collect())
}

pub(super) fn others_go_on(stage: &mut Stage<'_>) -> Outcome {
    let [alice, bob, talker, sleeper] = &arrive(stage)?;
    let room = stage.seed.room("o");
    for who in [talker, sleeper] {
        stage.goes_to(who, &room)?;
    }
    for who in [alice, bob, talker] {
        stage.skips_lines(who, &[])?;
    }
    stage.remark(&format!("({sleeper} stops reading; {talker} sends 16 MB to the same room)"));
    let flooded = stage.stream(talker)?;
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        spawn(scope, || reads_on(&flooded, &is_over));
        let flood = spawn(scope, || {
            floods(&flooded, FLOOD, STUCK, |_| true);
        });
        let outcome =
            chats_until(stage, alice, bob, || flood.as_ref().is_none_or(ScopedJoinHandle::is_finished));
        is_over.store(true, Ordering::Relaxed);
        outcome.map_err(stalled)
    })
}

/// Lets two clients chat until a flood is over, and once more.
fn chats_until(stage: &mut Stage<'_>, alice: &str, bob: &str, is_over: impl Fn() -> bool) -> Outcome {
    loop {
        let was_over = is_over();
        for (from, to) in [(alice, bob), (bob, alice)] {
            chat(stage, from, [to, from])?;
        }
        stage.says(alice, "/users");
        stage.hears(alice, &Pattern::with(format!("Users in lobby: {alice}, {bob}"), &[alice, bob]))?;
        if was_over {
            return Ok(());
        }
    }
}

/// Sends this many lines, or fewer if the server stops reading them or `may_go_on` says so before a line. Returns the
/// number of lines sent.
fn floods(
    mut stream: &TcpStream,
    lines: usize,
    patience: Duration,
    may_go_on: impl Fn(usize) -> bool,
) -> usize {
    let _ = stream.set_write_timeout(Some(patience));
    // An error is no failure: the talker may be stuck or disconnected.
    let is_sent = |n: &usize| may_go_on(*n) && stream.write_all((flood_line(*n) + "\n").as_bytes()).is_ok();
    (0..lines).take_while(is_sent).count()
}

/// Reads and drops everything, so that this client is not a slow one.
fn reads_on(mut stream: &TcpStream, is_over: &AtomicBool) {
    let _ = stream.set_read_timeout(Some(Duration::from_millis(50)));
    let mut bytes = [0; 16 * 1024];
    while !is_over.load(Ordering::Relaxed) {
        match stream.read(&mut bytes) {
            Ok(0) => return,
            Err(error) if !is_timeout(&error) && error.kind() != ErrorKind::Interrupted => return,
            _ => {}
        }
    }
}

/// A line of 1000 bytes with its newline.
fn flood_line(n: usize) -> String {
    format!("{n:06} {}", "x".repeat(992))
}

/// The failure of a client that reads and must not wait for others that do not.
fn stalled(failure: Failure) -> Failure {
    // Clients that do not read may have received the line already.
    failure.reclassified(&[&class::SILENT, &class::MISSED, &class::WRONG_CLIENT], &class::STALLED)
}

/// The failure of a client that reads all the time, or pauses for a moment, and must not be disconnected.
fn cut_early(failure: Failure) -> Failure {
    failure.reclassified(&[&class::CLOSED, &class::RESET], &class::CUT_EARLY)
}

/// Three clients in a room do not read, and one of them sends. The kernel holds less than half of the 40 MB, and the
/// rest must be in the server, unless it has stopped reading. If it is in a channel, others wait for the broadcaster.
pub(super) fn bounded_channel(stage: &mut Stage<'_>) -> Outcome {
    const LINES: usize = 40_000;
    let [alice, bob, talker, sleepers @ ..] = &arrive::<5>(stage)?;
    let room = stage.seed.name("x");
    for who in [talker].into_iter().chain(sleepers) {
        stage.goes_to(who, &room)?;
    }
    for who in [alice, bob] {
        stage.skips_lines(who, &[])?;
    }
    stage.remark(&format!(
        "({talker} and {} stop reading; {talker} sends up to 40 MB)",
        sleepers.join(" and ")
    ));
    let patience = stage.rules.patience;
    let sent = floods(&stage.stream(talker)?, LINES, patience, |_| true);
    if sent < LINES {
        return Ok(());
    }
    // Where nothing waits in a channel, this arrives at once. Then the outboxes have no limit, which step 15 is about.
    let start = Instant::now();
    match chat(stage, alice, [alice, bob]) {
        Ok(()) if start.elapsed() < NOTICED => return Ok(()),
        Err(failure) if failure.class != &class::SILENT => return Err(failure),
        _ => {}
    }
    let expected = format!("the server stops reading from {talker} while it cannot pass on what it has read");
    let received = "it reads all 40 MB, and messages in another room have to wait";
    Err(Failure::new(&class::UNBOUNDED, expected, received))
}

pub(super) fn stalled_readers(stage: &mut Stage<'_>) -> Outcome {
    let [bob, talker, sleepers @ ..] = &arrive::<12>(stage)?;
    let room = stage.seed.room("o");
    // The talker creates the room and stays in it. If rooms have moderators, no other client becomes one.
    for who in [talker].into_iter().chain(sleepers.iter().rev()).chain([bob]) {
        stage.goes_to(who, &room)?;
    }
    for who in [bob, talker] {
        stage.skips_lines(who, &[])?;
    }
    stage.remark(&format!("({} stop reading; {talker} sends 16 MB)", sleepers.join(", ")));
    let flooded = stage.stream(talker)?;
    let (may_send, is_read) = bounded(AHEAD);
    thread::scope(|scope| {
        // Never far ahead of the reader.
        spawn(scope, || {
            floods(&flooded, FLOOD, Duration::from_secs(5), |n| n < AHEAD || is_read.recv().is_ok());
        });
        let mut left = sleepers.to_vec();
        let mut held_up = Duration::ZERO;
        let outcome = (0..FLOOD).try_for_each(|n| {
            let due = Pattern::exactly(format!("[{room}] {talker}: {}", flood_line(n)));
            let start = Instant::now();
            hears_flood(stage, bob, &due, &mut left)?;
            held_up += Some(start.elapsed()).filter(|wait| *wait > NOTICED).unwrap_or_default();
            // The talker reads as well, or the server would disconnect it.
            hears_flood(stage, talker, &due, &mut sleepers.to_vec())?;
            // This fails only if the talker was disconnected. Then the next line does not come.
            let _ = may_send.try_send(());
            is_too_long(held_up, bob, stage.rules.patience)
        });
        // This ends the flood.
        drop(may_send);
        outcome.map_err(stalled).and_then(|()| hears_farewells(stage, bob, left)).map_err(cut_early)
    })
}

/// Expects the next line of the flood and ignores news that a client that does not read has left.
fn hears_flood(stage: &mut Stage<'_>, who: &str, due: &Pattern, left: &mut Vec<String>) -> Outcome {
    stage.hears_judged(who, due, |text| match () {
        () if due.matches(text) => Judgement::Expected,
        () if is_farewell(text, left) => Judgement::Ignored,
        () => Judgement::Wrong,
    })
}

/// Fails if the pauses are too long in all, as when a server waits a second for each client that does not read.
fn is_too_long(held_up: Duration, bob: &str, patience: Duration) -> Outcome {
    if held_up <= patience {
        return Ok(());
    }
    let expected = format!("{bob} receives 16 MB and is held up for at most {patience:?} in all");
    Err(Failure::new(&class::STALLED, expected, format!("it was held up for {:.1} s", held_up.as_secs_f64())))
}

/// Whether a line says that one of these clients has left. Removes that client from the list.
fn is_farewell(text: &str, left: &mut Vec<String>) -> bool {
    let who =
        left.iter().position(|name| text.starts_with(name.as_str()) && text.contains("has left the chat"));
    who.map(|at| left.remove(at)).is_some()
}

fn hears_farewells(stage: &mut Stage<'_>, bob: &str, mut left: Vec<String>) -> Outcome {
    while let Some(name) = left.first() {
        let due = Pattern::exactly(format!("{name} has left the chat."));
        let heard = stage.hears_judged(bob, &due, |text| {
            if is_farewell(text, &mut left) { Judgement::Expected } else { Judgement::Wrong }
        });
        heard.map_err(|failure| failure.reclassified(&[&class::SILENT], &class::NOT_CUT))?;
    }
    Ok(())
}

pub(super) fn slow_is_not_stalled(stage: &mut Stage<'_>) -> Outcome {
    const LINES: usize = 60;
    let [alice, bob] = &arrive(stage)?;
    stage.remark(&format!("({bob} does not read for a second; {alice} sends 60 lines of 1000 bytes)"));
    for n in 0..LINES {
        stage.sends_bytes(alice, (flood_line(n) + "\n").as_bytes());
    }
    let mut hears_all = |who: &str| {
        let said = |n| Pattern::exactly(format!("[lobby] {alice}: {}", flood_line(n)));
        (0..LINES).try_for_each(|n| stage.hears(who, &said(n))).map_err(cut_early)
    };
    hears_all(alice)?;
    // This wait is part of the check itself.
    let _ = after(Duration::from_secs(1)).recv();
    hears_all(bob)
}

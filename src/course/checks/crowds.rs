//! Checks that need several clients at once: names, stalled readers, delivery order, races.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    sync::atomic::{AtomicBool, Ordering},
    thread::{self, ScopedJoinHandle},
    time::{Duration, Instant},
};

use crossbeam_channel::{after, bounded};

use super::{arrive, chat, crowd, spawn};
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

/// The number of lines that each talker sends in a round of [`one_order`].
const LINES_EACH: usize = 50;

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
        let flood = spawn(scope, || floods(&flooded, STUCK, |_| true));
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

/// Sends 16 MB, or less if the server stops reading them or `may_go_on` says so before a line.
fn floods(mut stream: &TcpStream, patience: Duration, may_go_on: impl Fn(usize) -> bool) {
    let _ = stream.set_write_timeout(Some(patience));
    for n in 0..FLOOD {
        // An error is no failure: the talker may be stuck or disconnected.
        if !may_go_on(n) || stream.write_all((flood_line(n) + "\n").as_bytes()).is_err() {
            return;
        }
    }
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

fn stalled(failure: Failure) -> Failure {
    // Clients that do not read may have received the line already.
    failure.reclassified(&[&class::SILENT, &class::MISSED, &class::WRONG_CLIENT], &class::STALLED)
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
        spawn(scope, || floods(&flooded, Duration::from_secs(5), |n| n < AHEAD || is_read.recv().is_ok()));
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
        outcome.map_err(stalled).and_then(|()| hears_farewells(stage, bob, left))
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
    let said = |n| Pattern::exactly(format!("[lobby] {alice}: {}", flood_line(n)));
    for n in 0..LINES {
        stage.sends_bytes(alice, (flood_line(n) + "\n").as_bytes());
    }
    (0..LINES).try_for_each(|n| stage.hears(alice, &said(n)))?;
    // This wait is part of the check itself.
    let _ = after(Duration::from_secs(1)).recv();
    (0..LINES).try_for_each(|n| stage.hears(bob, &said(n)))
}

pub(super) fn one_order(stage: &mut Stage<'_>) -> Outcome {
    let names = arrive::<8>(stage)?;
    rounds(10, |round| {
        stage.remark(&format!("({} send 50 lines each at the same moment)", names[..4].join(", ")));
        for talker in &names[..4] {
            let lines: Vec<_> = (0..LINES_EACH).map(|n| format!("{round}/{n} by {talker}\n")).collect();
            stage.sends_bytes(talker, lines.concat().as_bytes());
        }
        let mut orders = Vec::new();
        for who in &names {
            orders.push(heard_in_round(stage, who, &names[..4], round)?);
        }
        let Some(other) = orders.iter().position(|order| *order != orders[0]) else { return Ok(()) };
        let differs = orders[0].iter().zip(&orders[other]).position(|(first, second)| first != second);
        let shown = |i: usize| {
            let from = differs.unwrap_or_default();
            let lines: Vec<_> = orders[i][from..].iter().take(3).cloned().collect();
            format!("{} receives from line {} on: {} …", names[i], from + 1, lines.join(", "))
        };
        Err(Failure::new(&class::ORDERS_DIFFER, shown(0), shown(other)))
    })
}

/// The 200 lines that a client hears in a round. The lines of each talker must be in order.
fn heard_in_round(
    stage: &mut Stage<'_>,
    who: &str,
    talkers: &[String],
    round: usize,
) -> Result<Vec<String>, Failure> {
    let said = |n: &usize, talker: &String| format!("[lobby] {talker}: {round}/{n} by {talker}");
    let mut next = vec![0; talkers.len()];
    let mut order = Vec::new();
    while let Some(missing) = next.iter().position(|n| *n < LINES_EACH) {
        let due = Pattern::exactly(said(&next[missing], &talkers[missing]));
        stage.hears_judged(who, &due, |text| {
            let came = next.iter().zip(talkers).position(|(n, talker)| text == said(n, talker));
            let Some(came) = came else { return Judgement::Wrong };
            order.push(format!("'{round}/{} by {}'", next[came], talkers[came]));
            next[came] += 1;
            Judgement::Expected
        })?;
    }
    Ok(order)
}

pub(super) fn one_name(stage: &mut Stage<'_>) -> Outcome {
    const CLIENTS: usize = 50;
    const RIVALS: usize = 5;
    const QUESTIONS: &str = "/users\n/users\n/users\n/users\n";
    let clients = crowd(stage, CLIENTS)?;
    for who in &clients {
        stage.skips_lines(who, &[])?;
    }
    stage.restarts_transcript(&format!("({CLIENTS} clients are here)"));
    rounds(20, |round| {
        // With the number of the round, every name is new.
        let names = stage.names::<{ CLIENTS / RIVALS }>().map(|name| format!("{name}{round}"));
        stage.remark(&format!(
            "(all send /nick at the same moment: {RIVALS} ask for {}, and so on)",
            names[0]
        ));
        for (i, who) in clients.iter().enumerate() {
            // The questions keep the lock busy, so that a server that takes it twice waits in between.
            let lines = format!("{QUESTIONS}/nick {}\n{QUESTIONS}", names[i / RIVALS]);
            stage.sends_bytes(who, lines.as_bytes());
        }
        names.iter().zip(clients.chunks(RIVALS)).try_for_each(|(name, rivals)| one_wins(stage, name, rivals))
    })
}

/// Expects that exactly one of the rivals gets the name.
fn one_wins(stage: &mut Stage<'_>, name: &str, rivals: &[String]) -> Outcome {
    let mut winners = Vec::new();
    for who in rivals {
        let due = Pattern::with(format!("Nickname '{name}' is already taken."), &[name, "taken"]);
        let changed = Pattern::with("", &["changed", name]);
        stage.hears_judged(who, &due, |text| match () {
            () if due.matches(text) => Judgement::Expected,
            () if changed.matches(text) => {
                winners.push(who.as_str());
                Judgement::Expected
            }
            // The others are told about the winner.
            () => Judgement::Ignored,
        })?;
    }
    let received = match winners.as_slice() {
        [_] => return Ok(()),
        [] => "no client gets it".to_owned(),
        _ => format!("{} get it", winners.join(" and ")),
    };
    let expected = format!("one of {} gets the name {name}", rivals.join(", "));
    Err(Failure::new(&class::DOUBLE, expected, received))
}

/// Runs a race several times. A failure says how many runs passed.
fn rounds(number: usize, mut run: impl FnMut(usize) -> Outcome) -> Outcome {
    let mut first = None;
    let mut passed = 0;
    for round in 1..=number {
        match run(round) {
            Ok(()) => passed += 1,
            // Other failures are the same in each run.
            Err(failure) if [&class::DOUBLE, &class::ORDERS_DIFFER].contains(&failure.class) => {
                first.get_or_insert(failure);
            }
            Err(failure) => return Err(failure),
        }
    }
    match first {
        None => Ok(()),
        Some(failure) => Err(failure.note(format!("{passed} of {number} runs passed: this is a race."))),
    }
}

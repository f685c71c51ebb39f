//! Checks of heartbeats and deadlines, with frames.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{
    IDLE,
    frames::{arrive, chat, said},
};
use crate::course::{
    class,
    failure::Failure,
    stage::{Judgement, Outcome, Stage},
    wire::frames::peer::{FramePeer, is_news},
};

/// The pause between two pings.
const TICK: Duration = Duration::from_millis(200);

/// The longest time that a server may wait for an acknowledgement.
const HANDSHAKE: Duration = Duration::from_secs(10);

pub(super) fn pong(stage: &mut Stage<'_>) -> Outcome {
    let [mut alice, mut bob] = arrive(stage)?;
    let no_pong = |failure: Failure| {
        let classes = [&class::SILENT, &class::WRONG_TEXT, &class::CLOSED, &class::REJECTED];
        failure.reclassified(&classes, &class::NO_PONG)
    };
    for _ in 0..2 {
        alice.sends(stage, "heartbeat", "ping");
        let answer = alice.hears_kind(stage, "heartbeat").map_err(no_pong)?;
        if answer.content != "pong" {
            return Err(Failure::new(&class::NO_PONG, "[heartbeat] pong", answer.shown()));
        }
    }
    bob.hears_nothing(stage, is_news)?;
    chat(stage, &mut alice, &mut bob)
}

pub(super) fn silence(stage: &mut Stage<'_>) -> Outcome {
    let [mut alice, mut bob, mut carol, mut dave] = arrive(stage)?;
    // Longer than the check, at a byte a tick.
    let endless = dave.frame("message", &"x".repeat(1000));
    let mut drops = endless.iter();
    let told = [
        format!("({} speaks, {} only pings; {} is silent for {IDLE} s,", alice.name, bob.name, carol.name),
        format!("and {} sends single bytes of a frame)", dave.name),
    ];
    stage.remark(&told.join(" "));
    let idle = Duration::from_secs(IDLE);
    let mut still_here = vec![carol.name.clone(), dave.name.clone()];
    let start = Instant::now();
    let mut last = start;
    while !still_here.is_empty() {
        if start.elapsed() > idle + stage.rules.patience {
            let expected = format!("{} has left after {IDLE} s", still_here[0]);
            return Err(stage.judged(Failure::new(&class::STILL_HERE, expected, "it is still here")));
        }
        thread::park_timeout(TICK);
        let told = stage.transcript.clone();
        bob.sends(stage, "heartbeat", "ping");
        drops.next().into_iter().for_each(|byte| dave.sends_bytes(&[*byte]));
        let outcome = hears_who_leaves(stage, &mut alice, &mut still_here);
        // If this machine is too busy to let the clients speak in time, the check cannot judge the server.
        if last.elapsed() > idle / 2 {
            return Ok(());
        }
        stage.transcript = told;
        outcome?;
        last = Instant::now();
    }
    if start.elapsed() < idle / 2 {
        let expected = format!("{} stays for {IDLE} s", carol.name);
        return Err(Failure::new(&class::GONE_EARLY, expected, "it has left before that"));
    }
    let patience = stage.rules.patience;
    carol.hears_the_end(stage, patience)?;
    pongs_and_hears(stage, &mut bob, &mut alice)
}

/// Lets a client speak, and removes from the list the clients that leave before it hears itself.
fn hears_who_leaves(stage: &mut Stage<'_>, alice: &mut FramePeer, here: &mut Vec<String>) -> Outcome {
    let text = stage.seed.text("are you there");
    alice.says(stage, &text);
    let due = said(&alice.name, &text);
    let outcome = alice.hears_judged(stage, &due, |line| {
        let left = line.split_once(" has left").map(|(name, _)| name);
        let at = here.iter().position(|name| Some(name.as_str()) == left);
        match at.map(|at| here.remove(at)) {
            Some(_) => Judgement::Ignored,
            None if left.is_none() && is_news(line) => Judgement::Ignored,
            None if due.matches(line) => Judgement::Expected,
            None => Judgement::Wrong,
        }
    });
    outcome.map_err(|failure| {
        let is_gone = failure.received.contains("has left") || failure.class == &class::CLOSED;
        if !is_gone {
            return failure;
        }
        let expected = "a client that speaks stays, and so does one that pings";
        Failure::new(&class::GONE_EARLY, expected, failure.received)
    })
}

/// Lets a client that has only pinged speak. It hears itself after the pongs that it has not read yet.
fn pongs_and_hears(stage: &mut Stage<'_>, bob: &mut FramePeer, alice: &mut FramePeer) -> Outcome {
    let text = stage.seed.text("still here");
    bob.says(stage, &text);
    let said = said(&bob.name, &text);
    bob.skips_to(stage, &said)?;
    alice.hears(stage, &said)
}

pub(super) fn never_acknowledges(stage: &mut Stage<'_>) -> Outcome {
    let mut alice = FramePeer::connects(stage, "alice")?;
    stage.remark("(it does not acknowledge)");
    let patience = HANDSHAKE + stage.rules.patience;
    alice.hears_the_end(stage, patience).map_err(|failure| {
        let expected = format!("the end of the stream after at most {} s", HANDSHAKE.as_secs());
        Failure { expected, ..failure.reclassified(&[&class::STILL_OPEN], &class::STILL_HERE) }
    })
}

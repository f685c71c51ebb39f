//! Checks of the list of clients: who is on it from when on, and until when.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{arrive, crowd};
use crate::course::{
    class,
    conversation::Pattern,
    failure::Failure,
    stage::{Judgement, Outcome, Stage},
};

/// How often a client is welcomed while another one is about to speak. With a server that greets before it adds, each
/// time one in four of the newcomers misses the line, or more: all of them hear it once in 100,000 checks.
const ARRIVALS: usize = 40;

/// The rounds of [`comings_and_goings`].
const ROUNDS: usize = 25;

/// The clients of a round. Each other one leaves while two of those that stay are speaking.
const CROWD: usize = 12;

/// The lines of each speaker in a round.
const LINES_EACH: usize = 10;

pub(super) fn listed(stage: &mut Stage<'_>) -> Outcome {
    crowd(stage, 1)?;
    let mut old = Vec::new();
    rounds(ARRIVALS, |round| {
        let newcomer = format!("newcomer{}", round + 1);
        stage.connects(&newcomer)?;
        hears_after_old(stage, &newcomer, &Pattern::welcome(), &old)?;
        let word = stage.seed.token();
        stage.says("client1", &word);
        stage.hears("client1", &said(&word))?;
        hears_after_old(stage, &newcomer, &said(&word), &old)?;
        old.push(word);
        stage.closes(&newcomer);
        Ok(())
    })
}

/// Expects a line next, or after lines that were said before the client came. A server with a list that can be read
/// while it changes may send those, too.
fn hears_after_old(stage: &mut Stage<'_>, who: &str, due: &Pattern, old: &[String]) -> Outcome {
    stage.hears_judged(who, due, |line| match () {
        () if due.matches(line) => Judgement::Expected,
        () if old.iter().any(|word| line.contains(word)) => Judgement::Ignored,
        () => Judgement::Wrong,
    })?;
    stage.transcript.add(who, "<", &due.text);
    Ok(())
}

pub(super) fn comings_and_goings(stage: &mut Stage<'_>) -> Outcome {
    let mut old = Vec::new();
    rounds(ROUNDS, |round| {
        stage.restarts_transcript(&format!("({CROWD} clients connect at the same moment)"));
        let all: Vec<_> = (1..=CROWD).map(|n| format!("client{}", round * CROWD + n)).collect();
        for who in &all {
            stage.connects_silently(who)?;
        }
        for who in &all {
            hears_after_old(stage, who, &Pattern::welcome(), &old)?;
        }
        let (stayers, leavers): (Vec<_>, Vec<_>) = all.iter().enumerate().partition(|(i, _)| i % 2 == 1);
        let stayers: Vec<&str> = stayers.into_iter().map(|(_, who)| who.as_str()).collect();
        let speakers = [(stayers[0], stage.seed.token()), (stayers[4], stage.seed.token())];
        let names = speakers.each_ref().map(|(who, _)| *who).join(" and ");
        stage.restarts_transcript(&format!(
            "({CROWD} clients are here; {names} send {LINES_EACH} lines each while {} others leave)",
            leavers.len()
        ));
        let mut leavers = leavers.into_iter();
        for (who, word) in &speakers {
            let lines: Vec<_> = (0..LINES_EACH).map(|n| format!("{word} {n}\n")).collect();
            stage.sends_bytes(who, lines.concat().as_bytes());
            for (_, leaver) in leavers.by_ref().take(CROWD / 4) {
                stage.leaves_silently(leaver);
            }
        }
        stayers.iter().try_for_each(|who| hears_speakers(stage, who, &speakers, &old))?;
        for who in stayers {
            stage.leaves_silently(who);
        }
        old.extend(speakers.map(|(_, word)| word));
        Ok(())
    })
}

/// Expects all lines of both speakers, those of each in order, and none twice.
fn hears_speakers(
    stage: &mut Stage<'_>,
    who: &str,
    speakers: &[(&str, String); 2],
    old: &[String],
) -> Outcome {
    let is_line = |line: &str, i: usize, n: usize| said(&format!("{} {n}", speakers[i].1)).matches(line);
    let mut next = [0; 2];
    while let Some(missing) = next.iter().position(|n| *n < LINES_EACH) {
        let due = said(&format!("{} {}", speakers[missing].1, next[missing]));
        let mut class = None;
        let heard = stage.hears_judged(who, &due, |line| {
            if let Some(came) = (0..2).find(|i| is_line(line, *i, next[*i])) {
                next[came] += 1;
                return Judgement::Expected;
            }
            if old.iter().any(|word| line.contains(word)) {
                return Judgement::Ignored;
            }
            let is_early = (0..2).any(|i| (next[i] + 1..LINES_EACH).any(|n| is_line(line, i, n)));
            let is_late = (0..2).any(|i| (0..next[i]).any(|n| is_line(line, i, n)));
            class = is_early.then_some(&class::MISSED).or(is_late.then_some(&class::TWICE));
            Judgement::Wrong
        });
        heard.map_err(|failure| {
            let failure = failure.reclassified(&[&class::SILENT], &class::MISSED);
            Failure { class: class.unwrap_or(failure.class), ..failure }
        })?;
    }
    Ok(())
}

pub(super) fn gone(stage: &mut Stage<'_>) -> Outcome {
    let [alice, bob] = &arrive(stage)?;
    stage.closes(bob);
    let deadline = Instant::now() + stage.rules.patience;
    let changed = Pattern::with(format!("Nickname changed to '{bob}'."), &["changed", bob]);
    let taken = Pattern::with(format!("Nickname '{bob}' is already taken."), &[bob, "taken"]);
    loop {
        stage.restarts_transcript(&format!("({alice} is here, and {bob} has closed the connection)"));
        stage.says(alice, &format!("/nick {bob}"));
        let mut is_taken = false;
        stage.hears_judged(alice, &changed, |line| {
            is_taken = taken.matches(line);
            if is_taken || changed.matches(line) { Judgement::Expected } else { Judgement::Wrong }
        })?;
        if !is_taken {
            return Ok(());
        }
        // The server may not have noticed yet that bob has left.
        if Instant::now() >= deadline {
            let failure =
                Failure::new(&class::STILL_THERE, changed.text + "\\n", taken.text + "\\n").heard_by(alice);
            return Err(
                failure.note(format!("{bob} has left, and {alice} has asked for the name ever since."))
            );
        }
        thread::park_timeout(Duration::from_millis(50));
    }
}

/// Runs a race several times. A failure says in which run it came.
fn rounds(number: usize, mut run: impl FnMut(usize) -> Outcome) -> Outcome {
    (0..number).try_for_each(|round| {
        run(round).map_err(|failure| {
            failure.note(match round {
                0 => format!("The first of {number} runs failed."),
                _ => format!("{round} of {number} runs passed before this one: this is a race."),
            })
        })
    })
}

/// A message of a client whose name does not count yet.
fn said(text: &str) -> Pattern {
    Pattern::with(format!("[lobby] guest_1: {text}"), &[&format!(": {text}")])
}

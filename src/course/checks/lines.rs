//! Checks of single clients: lines that are empty, long or unusual, and what a program does when a stream has ended.

use std::time::{Duration, Instant};

use crate::course::{
    class,
    conversation::{Pattern, Sent},
    failure::Failure,
    stage::{Outcome, Stage},
};

/// The most bytes of a line that every server must accept, with its newline.
const LONGEST: usize = 1024;

/// How long a program is watched for its use of the processor.
const WATCHED: Duration = Duration::from_millis(400);

/// The most processor time in [`WATCHED`] of a program that has nothing to do. A loop that never waits gets more even
/// if a dozen others run on the same processor.
const IDLE: Duration = Duration::from_millis(30);

pub(super) fn empty_line(stage: &mut Stage<'_>) -> Outcome {
    is_welcomed(stage, "alice")?;
    for _ in 0..3 {
        stage.says("alice", "");
        is_answered(stage, "alice")?;
    }
    Ok(())
}

/// Expects an answer to a line after an empty one. The page of this step does not say what happens to the empty line,
/// or to a line that comes with it in one read, so that it may be lost. Then the client says another one.
fn is_answered(stage: &mut Stage<'_>, who: &str) -> Outcome {
    const TRIES: u32 = 10;
    let patience = stage.rules.patience;
    stage.rules.patience = patience / TRIES;
    let mut outcome = Ok(());
    for _ in 0..TRIES {
        let text = stage.seed.text("still here");
        stage.says(who, &text);
        outcome = stage.hears_at_last(who, &said(&text));
        if outcome.as_ref().err().is_none_or(|failure| failure.class != &class::SILENT) {
            break;
        }
    }
    stage.rules.patience = patience;
    outcome
}

pub(super) fn unchanged(stage: &mut Stage<'_>) -> Outcome {
    is_welcomed(stage, "alice")?;
    for like in ["  two before", "two after  ", "  a?  b  ", "half\u{a0}hard", "it’s „quoted“ –"] {
        let text = stage.seed.text(like);
        stage.says("alice", &text);
        stage
            .hears("alice", &said(&text))
            .map_err(|failure| failure.note("Every blank of a line counts."))?;
    }
    // Some libraries end a line at these characters, too. A server may remove them: they could disturb a terminal.
    for other in ['\u{2028}', '\u{85}', '\u{b}', '\u{c}'] {
        let (first, second) = (stage.seed.text("one line"), stage.seed.text("and no more"));
        stage.sends("alice", &Sent::line(format!("{first}{other}{second}")));
        let text = format!("[lobby] guest_1: {first}…{second}");
        let due = Pattern::with(text, &[&format!(": {first}"), &second]);
        stage.hears("alice", &due).map_err(|failure| {
            let note =
                format!("Only \\n ends a line. This one has U+{:04X} in its middle.", u32::from(other));
            failure.reclassified(&[&class::CUT_SHORT], &class::CUT_OFF).note(note)
        })?;
    }
    Ok(())
}

pub(super) fn long_line(stage: &mut Stage<'_>) -> Outcome {
    is_welcomed(stage, "alice")?;
    for length in [200, LONGEST / 2, LONGEST] {
        let mut text = String::new();
        while text.len() < length {
            text += &stage.seed.text("on and ");
        }
        // The newline counts, and the last character is no blank.
        text.truncate(length - 2);
        text.push('.');
        stage.says("alice", &text);
        stage.hears("alice", &said(&text)).map_err(|failure| {
            let note = format!("The line has {length} bytes with its newline; up to {LONGEST} are allowed.");
            failure.reclassified(&[&class::CUT_SHORT], &class::CUT_OFF).note(note)
        })?;
    }
    Ok(())
}

pub(super) fn rests(stage: &mut Stage<'_>) -> Outcome {
    for who in ["alice", "bob", "carol"] {
        stage.connects_in_turn(who)?;
        stage.hears(who, &Pattern::welcome())?;
    }
    stage.finishes("bob");
    stage.closes("carol");
    let text = stage.seed.text("is anybody still here");
    stage.says("alice", &text);
    stage.hears_at_last("alice", &said(&text))?;
    stage.remark("(no client sends anything)");
    let deadline = Instant::now() + stage.rules.patience;
    loop {
        let Some(used) = stage.processor_time_in(WATCHED) else { return Ok(()) };
        if used <= IDLE {
            return Ok(());
        }
        // The runtime of some languages goes on working for a while after it has started.
        if Instant::now() >= deadline {
            let (expected, received) =
                ("the program waits for clients", "it goes on keeping a processor busy");
            return Err(Failure::new(&class::SPINS, expected, received));
        }
    }
}

fn is_welcomed(stage: &mut Stage<'_>, who: &str) -> Outcome {
    stage.connects(who)?;
    stage.hears(who, &Pattern::welcome())
}

/// The answer to a line of a client whose name does not count yet.
fn said(text: &str) -> Pattern {
    Pattern::with(format!("[lobby] guest_1: {text}"), &[&format!(": {text}")])
}

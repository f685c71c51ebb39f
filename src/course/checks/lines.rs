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
        let text = stage.seed.text("still here");
        stage.says("alice", &text);
        // The page of this step does not say what the answer to an empty line is.
        stage.hears_at_last("alice", &said(&text))?;
    }
    Ok(())
}

pub(super) fn unchanged(stage: &mut Stage<'_>) -> Outcome {
    is_welcomed(stage, "alice")?;
    for like in ["  two before", "two after  ", "  a?  b  ", "half\u{a0}hard", "it’s „quoted“ …"] {
        let text = stage.seed.text(like);
        stage.says("alice", &text);
        stage
            .hears("alice", &said(&text))
            .map_err(|failure| failure.note("Every blank of a line counts."))?;
    }
    // Some libraries end a line at these characters, too. A server may remove them: they could disturb a terminal.
    for other in ["\u{2028}", "\u{85}", "\u{b}", "\u{c}"] {
        let (first, second) = (stage.seed.text("one line"), stage.seed.text("and no more"));
        stage.sends("alice", &Sent::line(format!("{first}{other}{second}")));
        let text = format!("[lobby] guest_1: {first}…{second}");
        let due = Pattern::with(text, &[&format!(": {first}"), &second]);
        stage.hears("alice", &due).map_err(|failure| {
            failure.note(format!("Only \\n ends a line, and U+{:04X} does not.", u32::from(first_of(other))))
        })?;
    }
    Ok(())
}

fn first_of(text: &str) -> char {
    text.chars().next().unwrap_or_default()
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
            failure
                .note(format!("The line has {length} bytes with its newline; up to {LONGEST} are allowed."))
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
            let share = used.as_millis() * 100 / WATCHED.as_millis();
            let received = format!("it goes on using {share} % of a processor");
            return Err(Failure::new(
                &class::SPINS,
                "the program waits until a client does something",
                received,
            ));
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

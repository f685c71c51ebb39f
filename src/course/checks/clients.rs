//! Checks of clients, in a terminal as their users see them, and on pipes.

use crate::course::{rehearsal::Rehearsal, stage::Outcome};

/// The welcome of the server that the grader plays for a client.
const WELCOME: &str = "Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.";

pub(super) fn both_ways(rehearsal: &mut Rehearsal<'_>) -> Outcome {
    welcome(rehearsal)?;
    for _ in 0..3 {
        is_told(rehearsal)?;
    }
    // The client sends while nothing arrives, and shows while nothing is typed.
    for _ in 0..2 {
        says(rehearsal)?;
        says(rehearsal)?;
        is_told(rehearsal)?;
    }
    Ok(())
}

pub(super) fn half_typed(rehearsal: &mut Rehearsal<'_>) -> Outcome {
    welcome(rehearsal)?;
    for (half, rest) in [("half a th", "ought"), ("wha", "t was that")] {
        rehearsal.types(half);
        rehearsal.keeps(half)?;
        is_told(rehearsal)?;
        rehearsal.keeps(half)?;
        is_told(rehearsal)?;
        rehearsal.keeps(half)?;
        rehearsal.types(&format!("{rest}\r"));
        rehearsal.hears(&format!("{half}{rest}"))?;
    }
    Ok(())
}

pub(super) fn comes_back(rehearsal: &mut Rehearsal<'_>) -> Outcome {
    welcome(rehearsal)?;
    says(rehearsal)?;
    rehearsal.server_restarts()?;
    rehearsal.calls_again()?;
    rehearsal.says(WELCOME);
    is_told(rehearsal)?;
    says(rehearsal)
}

pub(super) fn pipe(rehearsal: &mut Rehearsal<'_>) -> Outcome {
    let (first, second, last) = (text(rehearsal), text(rehearsal), text(rehearsal));
    is_called(rehearsal)?;
    rehearsal.types(&format!("{first}\r{second}\r"));
    rehearsal.ends_input();
    rehearsal.hears(&first)?;
    rehearsal.hears(&second)?;
    rehearsal.hears_the_end()?;
    rehearsal.says(&format!("[lobby] guest_1: {second}"));
    rehearsal.says(&last);
    rehearsal.hangs_up();
    for line in [WELCOME, &format!("[lobby] guest_1: {second}"), &last] {
        rehearsal.prints(line)?;
    }
    rehearsal.ends_well()
}

pub(super) fn pipe_output(rehearsal: &mut Rehearsal<'_>) -> Outcome {
    is_called(rehearsal)?;
    rehearsal.prints(WELCOME)?;
    for _ in 0..2 {
        let (asked, answer) = (text(rehearsal), text(rehearsal));
        rehearsal.types(&format!("{asked}\r"));
        rehearsal.hears(&asked)?;
        rehearsal.says(&format!("[lobby] bob: {answer} 🦀"));
        rehearsal.prints(&format!("[lobby] bob: {answer} 🦀"))?;
    }
    rehearsal.ends_input();
    rehearsal.hears_the_end()?;
    rehearsal.hangs_up();
    rehearsal.ends_well()
}

/// Expects the client to connect and welcomes it.
fn is_called(rehearsal: &mut Rehearsal<'_>) -> Outcome {
    rehearsal.calls()?;
    rehearsal.says(WELCOME);
    Ok(())
}

pub(super) fn welcome(rehearsal: &mut Rehearsal<'_>) -> Outcome {
    is_called(rehearsal)?;
    rehearsal.shows("Welcome! Your nickname is 'guest_1'")
}

/// Sends a message and expects it on the screen.
fn is_told(rehearsal: &mut Rehearsal<'_>) -> Outcome {
    let line = format!("[lobby] bob: {}", text(rehearsal));
    rehearsal.says(&line);
    rehearsal.shows(&line)
}

/// Types a message and expects the server to receive it.
fn says(rehearsal: &mut Rehearsal<'_>) -> Outcome {
    let text = rehearsal.seed.text("not a word");
    rehearsal.types(&format!("{text}\r"));
    rehearsal.hears(&text)
}

fn text(rehearsal: &mut Rehearsal<'_>) -> String {
    rehearsal.seed.text("have you heard")
}

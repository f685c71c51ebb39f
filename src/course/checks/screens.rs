//! Checks of clients in a terminal, as their users see them.

use super::WELCOME;
use crate::course::{rehearsal::Rehearsal, stage::Outcome};

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

fn welcome(rehearsal: &mut Rehearsal<'_>) -> Outcome {
    rehearsal.calls()?;
    rehearsal.says(WELCOME);
    rehearsal.shows("Welcome! Your nickname is 'guest_1'")
}

/// Sends a message and expects it on the screen.
fn is_told(rehearsal: &mut Rehearsal<'_>) -> Outcome {
    let line = format!("[lobby] bob: {}", rehearsal.seed.text("have you heard"));
    rehearsal.says(&line);
    rehearsal.shows(&line)
}

/// Types a message and expects the server to receive it.
fn says(rehearsal: &mut Rehearsal<'_>) -> Outcome {
    let text = rehearsal.seed.text("not a word");
    rehearsal.types(&format!("{text}\r"));
    rehearsal.hears(&text)
}

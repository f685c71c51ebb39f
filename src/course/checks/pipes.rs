//! Checks of clients on pipes, as scripts use them.

use super::WELCOME;
use crate::course::{rehearsal::Rehearsal, stage::Outcome};

pub(super) fn pipe(rehearsal: &mut Rehearsal<'_>) -> Outcome {
    let (first, second, last) = (text(rehearsal), text(rehearsal), text(rehearsal));
    rehearsal.calls()?;
    rehearsal.says(WELCOME);
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
    rehearsal.calls()?;
    rehearsal.says(WELCOME);
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

fn text(rehearsal: &mut Rehearsal<'_>) -> String {
    rehearsal.seed.text("have you heard")
}

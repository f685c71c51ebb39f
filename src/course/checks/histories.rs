//! Checks the history of a room with more lines than it remembers.

use super::arrive;
use crate::course::{
    conversation::Pattern,
    stage::{Outcome, Stage},
};

/// The lines that a room remembers.
const REMEMBERED: usize = 1000;

/// The lines that a client receives when it joins.
const REPLAYED: usize = 50;

/// The lines that the room hears, which are more than it remembers.
const SAID: usize = REMEMBERED + 2 * REPLAYED;

pub(super) fn limits(stage: &mut Stage<'_>) -> Outcome {
    let [alice, bob] = &arrive(stage)?;
    let room = stage.seed.name("x");
    stage.goes_to(alice, &room)?;
    stage.skips_lines(bob, &[])?;
    let said: Vec<_> = (1..=SAID).map(|n| format!("{n} {}", stage.seed.text("and so on"))).collect();
    stage.remark(&format!("({alice} sends {SAID} messages to {room}, with their numbers)"));
    for some in said.chunks(REPLAYED) {
        stage.sends_bytes(alice, (some.join("\n") + "\n").as_bytes());
        for text in some {
            stage.hears_at_last(alice, &Pattern::exactly(format!("[{room}] {alice}: {text}")))?;
        }
    }
    stage.goes_to(bob, &room)?;
    let shows = |stage: &mut Stage<'_>, who: &str, count: usize| {
        let heading = format!("Last {count} messages in '{room}':");
        stage.hears(who, &Pattern::with(heading, &[&format!("Last {count} messages")]))?;
        let last = said[SAID - count..].iter();
        let due: Vec<_> = last.map(|text| Pattern::exactly(format!("… [{room}] {alice}: {text}"))).collect();
        (0..count).try_for_each(|n| stage.hears_before(who, &due[n], &due[n + 1..]))?;
        stage.hears_nothing(who)
    };
    shows(stage, bob, REPLAYED)?;
    stage.says(bob, "/history 10");
    shows(stage, bob, 10)?;
    stage.says(bob, &format!("/history {SAID}"));
    shows(stage, bob, REMEMBERED)
}

//! Checks of bots that a conversation cannot express.

use std::time::{Duration, Instant};

use super::arrive;
use crate::course::{
    class,
    conversation::Pattern,
    failure::Failure,
    stage::{Judgement, Outcome, Stage},
};

/// How many questions come at once.
const QUESTIONS: usize = 60;

/// How many things a bot may say in a second, and how many at once after it was silent.
const A_SECOND: usize = 5;

/// How long a bot may take to recover.
const RECOVERY: Duration = Duration::from_secs(2);

pub(super) fn flood(stage: &mut Stage<'_>) -> Outcome {
    let [alice, bob] = &arrive(stage)?;
    stage.rules.patience += Duration::from_secs(2);
    stage.says(bob, "!remind 2s the kettle");
    stage.hears_at_last(bob, &Pattern::with("[lobby] reminder: … 2s.", &["[lobby] reminder:", "2s"]))?;
    stage.remark(&format!("({alice} says !scores {QUESTIONS} times at once)"));
    let since = Instant::now();
    stage.sends_bytes(alice, "!scores\n".repeat(QUESTIONS).as_bytes());
    let due = Pattern::with(
        "[Whisper from reminder]: Reminder: the kettle",
        &["Whisper from reminder", "the kettle"],
    );
    let mut answers = 0;
    stage.hears_judged(bob, &due, |line| {
        answers += usize::from(line.starts_with("[lobby] trivia: "));
        if due.matches(line) { Judgement::Expected } else { Judgement::Ignored }
    })?;
    // The program may have begun before the grader measured, and have ended after it.
    let seconds = usize::try_from(since.elapsed().as_secs()).unwrap_or(usize::MAX) + 1;
    let most = A_SECOND * (1 + seconds);
    if answers > most {
        let expected = format!("at most {most} answers of the bot in {seconds} seconds");
        return Err(Failure::new(&class::BOT_FLOODS, expected, format!("{answers} answers")));
    }
    // It may leave questions of a flood unanswered, and one that comes soon after.
    std::thread::park_timeout(RECOVERY);
    stage.says(bob, "!scores");
    stage.hears_at_last(bob, &Pattern::with("[lobby] trivia: (the scores)", &["[lobby] trivia:"]))
}

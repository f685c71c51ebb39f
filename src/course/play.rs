//! Plays a conversation on a stage.

use super::{
    conversation::{Act, Conversation, Line, Pattern},
    stage::{Outcome, Stage},
};

/// Plays a conversation: everything in it must happen, and nothing else.
pub(crate) fn play(conversation: &Conversation, stage: &mut Stage<'_>) -> Outcome {
    let conversation = conversation.randomized(&mut stage.seed);
    stage.enter_all(&conversation.peers)?;
    for (i, line) in conversation.lines.iter().enumerate() {
        let ahead = ahead(&line.who, &conversation.lines[i + 1..]);
        act(line, &ahead, stage)?;
    }
    // Steps 1 and 2 have no barrier.
    if stage.rules.step > 2 {
        for who in stage.present() {
            stage.hears_nothing(&who)?;
        }
    }
    Ok(())
}

fn act(line: &Line, ahead: &[Pattern], stage: &mut Stage<'_>) -> Outcome {
    let who = line.who.as_str();
    match &line.act {
        Act::Hears(pattern) => stage.hears_before(who, pattern, ahead)?,
        Act::HearsNothing => stage.hears_nothing(who)?,
        Act::SkipsLines(words) => stage.skips_lines(who, words)?,
        Act::HearsTheEnd => stage.hears_the_end(who)?,
        Act::Connects => stage.connects_in_turn(who)?,
        Act::EndsWell => stage.ends_well()?,
        Act::StartsAgain => stage.starts_again()?,
        Act::Sends(sent) => stage.sends(who, sent),
        Act::MayHear(pattern) => stage.allows_line(who, pattern),
        Act::Finishes => stage.finishes(who),
        Act::Closes => stage.closes(who),
        Act::Resets => stage.resets(who),
        Act::IsSignalled(signal) => stage.is_signalled(*signal),
    }
    Ok(())
}

/// The lines that a client must hear later.
fn ahead(who: &str, lines: &[Line]) -> Vec<Pattern> {
    let hears = lines.iter().filter(|line| line.who == who).filter_map(|line| match &line.act {
        Act::Hears(pattern) => Some(pattern.clone()),
        _ => None,
    });
    hears.collect()
}

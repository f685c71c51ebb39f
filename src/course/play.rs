//! Plays a conversation on a stage.

use super::{
    class,
    conversation::{Act, Conversation, Guests, Line, Pattern},
    failure::Failure,
    stage::{Outcome, Stage},
};

/// Plays a conversation: everything in it must happen, and nothing else.
pub(crate) fn play(conversation: &Conversation, stage: &mut Stage<'_>) -> Outcome {
    let conversation = conversation.randomized(&mut stage.seed);
    stage.enter_all(&conversation.peers)?;
    let mut guests = Guests::default();
    let mut asked = "";
    let mut refused = Vec::new();
    for (i, line) in conversation.lines.iter().enumerate() {
        let ahead = ahead(&line.who, &conversation.lines[i + 1..], &guests);
        act(&guests.line(line), &ahead, stage).map_err(|failure| accepted(failure, &refused))?;
        match &line.act {
            Act::Hears(_) => is_named(line, &mut guests, stage)?,
            Act::Sends(sent) => asked = sent.asks_for(),
            Act::IsRefused => refused.push(asked),
            _ => {}
        }
    }
    // Steps 1 and 2 have no barrier.
    if stage.rules.step > 2 {
        for who in stage.present() {
            stage.hears_nothing(&who).map_err(|failure| accepted(failure, &refused))?;
        }
    }
    Ok(())
}

fn act(line: &Line, ahead: &[Pattern], stage: &mut Stage<'_>) -> Outcome {
    let who = line.who.as_str();
    match &line.act {
        Act::Hears(pattern) => stage.hears_before(who, pattern, ahead)?,
        Act::HearsNothing => stage.hears_nothing(who)?,
        Act::IsRefused => stage.is_refused(who)?,
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

/// Learns the name of a guest that has been welcomed. From step 6 on, no other client may have it.
fn is_named(line: &Line, guests: &mut Guests, stage: &Stage<'_>) -> Outcome {
    let who = line.who.as_str();
    let heard = stage.transcript.last_heard_by(who).unwrap_or_default();
    let Some(name) = guests.learn(line, heard).map(str::to_owned) else { return Ok(()) };
    if stage.rules.step < 6 {
        return Ok(());
    }
    if name == "guest_" {
        let failure = Failure::new(&class::WRONG_TEXT, "a name that is guest_ and a number", heard);
        return Err(failure.heard_by(who));
    }
    let Some(owner) = guests.double(who, &stage.present()) else { return Ok(()) };
    let received = format!("{name}, which is {owner}'s name");
    Err(Failure::new(&class::DOUBLE, "a name that no other client has", received).heard_by(who))
}

/// Changes the class of a failure if something that was refused shows in what was received.
fn accepted(failure: Failure, refused: &[&str]) -> Failure {
    let shows = |asked: &&str| failure.received.contains(asked) && !failure.expected.contains(asked);
    if !refused.iter().any(shows) {
        return failure;
    }
    let usual =
        [&class::WRONG_TEXT, &class::OVERHEARD, &class::EXTRA_LINE, &class::MISSING_LINE, &class::NEARLY];
    failure.reclassified(&usual, &class::ACCEPTED)
}

/// The lines that a client must hear later.
fn ahead(who: &str, lines: &[Line], guests: &Guests) -> Vec<Pattern> {
    let lines = lines.iter().filter(|line| line.who == who).map(|line| guests.line(line));
    let hears = lines.filter_map(|line| match line.act {
        Act::Hears(pattern) => Some(pattern),
        _ => None,
    });
    hears.collect()
}

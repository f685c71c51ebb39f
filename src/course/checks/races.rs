//! Checks of races, which are played many times: the order of lines, and who gets a name.

use std::time::Instant;

use super::{arrive, crowd};
use crate::course::{
    class::{self, Class},
    conversation::Pattern,
    failure::Failure,
    stage::{Judgement, Outcome, Stage},
};

/// The number of lines that each talker sends in a round of [`one_order`].
const LINES_EACH: usize = 50;

/// The number of messages, each with a question after it, in a round of [`answers_in_turn`]. The outbox of a client
/// must hold a few hundred lines, and this is far below that.
const QUESTIONS: usize = 20;

/// The most duels for a name. If two threads check and act without a lock, about one duel in a thousand goes wrong.
const DUELS: usize = 16_000;

pub(super) fn one_order(stage: &mut Stage<'_>) -> Outcome {
    let names = arrive::<8>(stage)?;
    rounds(1..=10, |round| {
        stage.remark(&format!("({} send 50 lines each at the same moment)", names[..4].join(", ")));
        for talker in &names[..4] {
            let lines: Vec<_> = (0..LINES_EACH).map(|n| format!("{round}/{n} by {talker}\n")).collect();
            stage.sends_bytes(talker, lines.concat().as_bytes());
        }
        let mut orders = Vec::new();
        for who in &names {
            orders.push(heard_in_round(stage, who, &names[..4], round)?);
        }
        let Some(other) = orders.iter().position(|order| *order != orders[0]) else { return Ok(()) };
        let differs = orders[0].iter().zip(&orders[other]).position(|(first, second)| first != second);
        let shown = |i: usize| {
            let from = differs.unwrap_or_default();
            let lines: Vec<_> = orders[i][from..].iter().take(3).cloned().collect();
            format!("{} receives from line {} on: {} …", names[i], from + 1, lines.join(", "))
        };
        Err(Failure::new(&class::ORDERS_DIFFER, shown(0), shown(other)))
    })
}

/// The 200 lines that a client hears in a round. The lines of each talker must be in order.
fn heard_in_round(
    stage: &mut Stage<'_>,
    who: &str,
    talkers: &[String],
    round: usize,
) -> Result<Vec<String>, Failure> {
    let said = |n: &usize, talker: &String| format!("[lobby] {talker}: {round}/{n} by {talker}");
    let mut next = vec![0; talkers.len()];
    let mut order = Vec::new();
    while let Some(missing) = next.iter().position(|n| *n < LINES_EACH) {
        let due = Pattern::exactly(said(&next[missing], &talkers[missing]));
        stage.hears_judged(who, &due, |text| {
            let came = next.iter().zip(talkers).position(|(n, talker)| text == said(n, talker));
            let Some(came) = came else { return Judgement::Wrong };
            order.push(format!("'{round}/{} by {}'", next[came], talkers[came]));
            next[came] += 1;
            Judgement::Expected
        })?;
    }
    Ok(order)
}

/// In each round a client asks a question after each of its messages, while three others talk.
pub(super) fn answers_in_turn(stage: &mut Stage<'_>) -> Outcome {
    let names = arrive::<4>(stage)?;
    let [asker, talkers @ ..] = &names;
    rounds(1..=20, |round| {
        stage.remark(&format!("({asker} asks a question after each message; {} talk)", talkers.join(", ")));
        for talker in talkers {
            let lines: Vec<_> = (0..QUESTIONS).map(|n| format!("{round}/{n} by {talker}\n")).collect();
            stage.sends_bytes(talker, lines.concat().as_bytes());
        }
        let token = stage.seed.token();
        let (mut lines, mut due) = (Vec::new(), Vec::new());
        for n in 0..QUESTIONS {
            // Two kinds of questions, because each may have its own way to the client.
            let (question, answer) = if n % 2 == 0 {
                let users = names.each_ref().map(String::as_str);
                ("/users".to_owned(), Pattern::with(format!("Users in lobby: {}", names.join(", ")), &users))
            } else {
                let question = format!("/{token}{n}");
                (question.clone(), Pattern::with(format!("(an answer to {question})"), &[&question]))
            };
            lines.push(format!("{round}/{n} by {asker}\n{question}\n"));
            due.extend([Pattern::exactly(format!("[lobby] {asker}: {round}/{n} by {asker}")), answer]);
        }
        stage.sends_bytes(asker, lines.concat().as_bytes());
        hears_in_turn(stage, asker, &due, talkers)
    })
}

/// Expects a client to hear these lines in this order, among messages of others.
fn hears_in_turn(stage: &mut Stage<'_>, who: &str, due: &[Pattern], talkers: &[String]) -> Outcome {
    let mut missing: Vec<_> = (0..due.len()).collect();
    let mut came = Vec::new();
    while let Some(first) = missing.first() {
        stage.hears_judged(who, &due[*first], |text| {
            if let Some(at) = missing.iter().position(|i| due[*i].matches(text)) {
                came.push((missing.remove(at), text.to_owned()));
                return Judgement::Expected;
            }
            let is_of_others = talkers.iter().any(|other| text.starts_with(&format!("[lobby] {other}: ")));
            if is_of_others { Judgement::Ignored } else { Judgement::Wrong }
        })?;
    }
    let Some((turn, (_, text))) = came.iter().enumerate().find(|(turn, (i, _))| turn != i) else {
        return Ok(());
    };
    let failure = Failure::new(&class::REORDERED, format!("{}\\n", due[turn].text), format!("{text}\\n"));
    Err(failure.note(format!("The expected line answers what {who} sent first.")))
}

pub(super) fn one_name(stage: &mut Stage<'_>) -> Outcome {
    const CLIENTS: usize = 50;
    const RIVALS: usize = 5;
    const ASKED: &str = "/users\n/users\n/users\n/users\n";
    let clients = crowd(stage, CLIENTS)?;
    for who in &clients {
        stage.skips_lines(who, &[])?;
    }
    stage.restarts_transcript(&format!("({CLIENTS} clients are here)"));
    rounds(1..=20, |round| {
        // With the number of the round, every name is new.
        let names = stage.names::<{ CLIENTS / RIVALS }>().map(|name| format!("{name}{round}"));
        stage.remark(&format!(
            "(all send /nick at the same moment: {RIVALS} ask for {}, and so on)",
            names[0]
        ));
        for (i, who) in clients.iter().enumerate() {
            // The questions keep the lock busy, so that a server that takes it twice waits in between.
            let lines = format!("{ASKED}/nick {}\n{ASKED}", names[i / RIVALS]);
            stage.sends_bytes(who, lines.as_bytes());
        }
        names.iter().zip(clients.chunks(RIVALS)).try_for_each(|(name, rivals)| one_wins(stage, name, rivals))
    })
}

/// Two or three clients ask for a name at the same moment, again and again.
///
/// The server has nothing else to do, so its threads wake up at the same time. They read a different number of lines
/// before the name, so that they come to the decision at the same time in some duels, whichever wakes up first.
pub(super) fn duels(stage: &mut Stage<'_>) -> Outcome {
    const HEAD_STARTS: usize = 10;
    let mut clients = crowd(stage, 48)?;
    // The others make the search for the name longer. They are elsewhere, so that they hear nothing.
    for who in clients.split_off(3) {
        stage.goes_to(&who, &format!("room-of-{who}"))?;
    }
    for who in &clients {
        stage.skips_lines(who, &[])?;
    }
    let (name, filler) = (stage.seed.name("z"), stage.seed.token());
    stage.restarts_transcript(
        "(two or three clients send /nick with the same name at the same moment, again and again)",
    );
    let deadline = Instant::now() + 4 * stage.rules.patience;
    rounds((1..=DUELS).take_while(|_| Instant::now() < deadline), |round| {
        let name = format!("{name}{round}");
        clients.rotate_left(1);
        let rivals = &clients[..2 + round % 2];
        for (i, who) in rivals.iter().enumerate() {
            let before = if i == 0 { round / 6 % HEAD_STARTS } else { 0 };
            let lines = format!("/{filler}\n").repeat(before) + &format!("/nick {name}\n");
            stage.sends_bytes(who, lines.as_bytes());
        }
        one_wins(stage, &name, rivals)
    })
}

/// Expects that exactly one of the rivals gets the name.
fn one_wins(stage: &mut Stage<'_>, name: &str, rivals: &[String]) -> Outcome {
    let mut winners = Vec::new();
    for who in rivals {
        let due = Pattern::with(format!("Nickname '{name}' is already taken."), &[name, "taken"]);
        let changed = Pattern::with("", &["changed", name]);
        stage.hears_judged(who, &due, |text| match () {
            () if due.matches(text) => Judgement::Expected,
            () if changed.matches(text) => {
                winners.push(who.as_str());
                Judgement::Expected
            }
            // The others are told about the winner.
            () => Judgement::Ignored,
        })?;
    }
    let received = match winners.as_slice() {
        [_] => return Ok(()),
        [] => "no client gets it".to_owned(),
        _ => format!("{} get it", winners.join(" and ")),
    };
    let expected = format!("one of {} gets the name {name}", rivals.join(", "));
    Err(Failure::new(&class::DOUBLE, expected, received))
}

/// Runs a race several times. A failure says how many runs passed.
fn rounds(numbers: impl Iterator<Item = usize>, mut run: impl FnMut(usize) -> Outcome) -> Outcome {
    let mut first = None;
    let (mut number, mut passed) = (0, 0);
    for round in numbers {
        number = round;
        match run(round) {
            Ok(()) => passed += 1,
            Err(failure) if RACES.contains(&failure.class) => {
                first.get_or_insert(failure);
            }
            // Other failures are the same in each run.
            Err(failure) => return Err(failure.note(format!("{passed} of {round} runs passed."))),
        }
    }
    match first {
        None => Ok(()),
        Some(failure) => Err(failure.note(format!("{passed} of {number} runs passed: this is a race."))),
    }
}

/// The failures after which a race can be run again.
static RACES: [&Class; 3] = [&class::DOUBLE, &class::ORDERS_DIFFER, &class::REORDERED];

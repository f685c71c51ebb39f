//! Checks of races, which are played many times: the order of lines, and who gets a name.

use super::{arrive, crowd};
use crate::course::{
    class,
    conversation::Pattern,
    failure::Failure,
    stage::{Judgement, Outcome, Stage},
};

/// The number of lines that each talker sends in a round of [`one_order`].
const LINES_EACH: usize = 50;

pub(super) fn one_order(stage: &mut Stage<'_>) -> Outcome {
    let names = arrive::<8>(stage)?;
    rounds(10, |round| {
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

pub(super) fn one_name(stage: &mut Stage<'_>) -> Outcome {
    const CLIENTS: usize = 50;
    const RIVALS: usize = 5;
    const QUESTIONS: &str = "/users\n/users\n/users\n/users\n";
    let clients = crowd(stage, CLIENTS)?;
    for who in &clients {
        stage.skips_lines(who, &[])?;
    }
    stage.restarts_transcript(&format!("({CLIENTS} clients are here)"));
    rounds(20, |round| {
        // With the number of the round, every name is new.
        let names = stage.names::<{ CLIENTS / RIVALS }>().map(|name| format!("{name}{round}"));
        stage.remark(&format!(
            "(all send /nick at the same moment: {RIVALS} ask for {}, and so on)",
            names[0]
        ));
        for (i, who) in clients.iter().enumerate() {
            // The questions keep the lock busy, so that a server that takes it twice waits in between.
            let lines = format!("{QUESTIONS}/nick {}\n{QUESTIONS}", names[i / RIVALS]);
            stage.sends_bytes(who, lines.as_bytes());
        }
        names.iter().zip(clients.chunks(RIVALS)).try_for_each(|(name, rivals)| one_wins(stage, name, rivals))
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
fn rounds(number: usize, mut run: impl FnMut(usize) -> Outcome) -> Outcome {
    let mut first = None;
    let mut passed = 0;
    for round in 1..=number {
        match run(round) {
            Ok(()) => passed += 1,
            // Other failures are the same in each run.
            Err(failure) if [&class::DOUBLE, &class::ORDERS_DIFFER].contains(&failure.class) => {
                first.get_or_insert(failure);
            }
            Err(failure) => return Err(failure),
        }
    }
    match first {
        None => Ok(()),
        Some(failure) => Err(failure.note(format!("{passed} of {number} runs passed: this is a race."))),
    }
}

//! Checks of a server that speaks JSON in datagrams.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{IDLE, message, news};
use crate::course::{
    class,
    failure::Failure,
    seed::Seed,
    stage::{Outcome, Stage},
    wire::datagrams::{Network, Station, ack_in},
};

/// How often a client that must not count as silent says something.
const TICK: Duration = Duration::from_millis(200);

/// The number of messages of each client on a bad network.
const MESSAGES: usize = 10;

/// Clients in the lobby.
fn arrive<const N: usize>(stage: &mut Stage<'_>, networks: [Network; N]) -> Result<[Station; N], Failure> {
    let names: [String; N] = stage.names();
    let mut stations = Vec::new();
    for (name, network) in names.iter().zip(networks) {
        let mut station = Station::new(stage, name, network)?;
        station.joins(stage, "lobby")?;
        stations.push(station);
    }
    Ok(stations.try_into().expect("one for each name"))
}

/// A text that is said only once.
fn text(stage: &mut Stage<'_>) -> String {
    format!("{} {}", stage.seed.text("have you heard"), stage.seed.token())
}

/// Lets a client say something that all these clients must hear.
fn says_to_all(stage: &mut Stage<'_>, stations: &mut [Station], from: usize) -> Outcome {
    let text = text(stage);
    stations[from].says(stage, &text)?;
    let said = message(&stations[from].name, &text);
    stations.iter_mut().try_for_each(|station| station.hears(stage, &said))
}

pub(super) fn acknowledged(stage: &mut Stage<'_>) -> Outcome {
    let [name] = stage.names();
    let mut alice = Station::new(stage, &name, Network::Good)?;
    alice.sends(stage, "this is no object");
    alice.sends(stage, &format!(r#"{{"type":"join","id":41,"room":"lobby","user":"{name}"}}"#));
    is_acknowledged_first(stage, &mut alice, 41)?;
    let said = text(stage);
    alice.sends(stage, &format!(r#"{{"type":"message","id":42,"text":"{said}"}}"#));
    is_acknowledged_first(stage, &mut alice, 42)?;
    alice.hears(stage, &message(&name, &said))?;
    let said = text(stage);
    alice.sends(stage, &format!(r#"{{"type":"message","text":"{said}"}}"#));
    alice.hears(stage, &message(&name, &said))
}

/// Expects an acknowledgement before anything else that follows from the datagram.
fn is_acknowledged_first(stage: &mut Stage<'_>, station: &mut Station, id: usize) -> Outcome {
    loop {
        let heard = station.next_datagram(stage);
        let datagram = heard.as_deref().unwrap_or("(nothing)");
        if ack_in(datagram) == Some(id) {
            stage.transcript.add(&station.name, "<", datagram);
            return Ok(());
        }
        // What follows from an earlier datagram may still come: an error, or the news of its own arrival.
        if id == 41 && datagram.contains("\"error\"") || id == 42 && datagram.contains("\"system\"") {
            continue;
        }
        let expected = format!(r#"{{"type":"ack","id":{id}}}"#);
        return Err(stage.judged(Failure::new(&class::NO_ACK, expected, datagram)));
    }
}

pub(super) fn addresses(stage: &mut Stage<'_>) -> Outcome {
    let mixed_up = |failure: Failure| {
        failure.reclassified(&[&class::NO_ACK, &class::SILENT, &class::WRONG_VALUE], &class::SAME_ADDRESS)
    };
    let stations = arrive::<2>(stage, [Network::Good, Network::Good]);
    let mut stations = stations.map_err(mixed_up)?;
    for from in [1, 0, 1] {
        says_to_all(stage, &mut stations, from).map_err(mixed_up)?;
    }
    Ok(())
}

pub(super) fn repeated(stage: &mut Stage<'_>) -> Outcome {
    let [mut alice, mut bob] = arrive(stage, [Network::Good, Network::Good])?;
    let texts = [text(stage), text(stage)];
    let said = texts.each_ref().map(|text| message(&alice.name, text));
    alice.says(stage, &texts[0])?;
    let id = alice.last_id();
    alice.repeats(stage, id)?;
    alice.says(stage, &texts[1])?;
    for who in [&mut bob, &mut alice] {
        said.iter().try_for_each(|said| who.hears(stage, said))?;
    }
    // Now there are newer ids.
    alice.repeats(stage, id)?;
    bob.hears_nothing(stage)?;
    alice.hears_nothing(stage)
}

pub(super) fn bad_network(stage: &mut Stage<'_>) -> Outcome {
    let networks = [0; 3].map(|_| Network::Bad(Seed::new(stage.seed.below(1 << 30) as u64)));
    let mut stations = arrive(stage, networks)?;
    let names: Vec<_> = stations.iter().map(|station| station.name.clone()).collect();
    let network = "one in five datagrams is lost, one comes twice, one comes late";
    stage.restarts_transcript(&format!("({} are here; {network})", names.join(", ")));
    for _ in 0..MESSAGES {
        for from in 0..stations.len() {
            says_to_all(stage, &mut stations, from)?;
        }
    }
    stage.remark("(everything that is late arrives)");
    stations.iter_mut().for_each(Station::late_ones_arrive);
    stations.iter_mut().try_for_each(|station| station.hears_nothing(stage))
}

pub(super) fn silence(stage: &mut Stage<'_>) -> Outcome {
    let [mut alice, mut bob] = arrive(stage, [Network::Good, Network::Good])?;
    let idle = Duration::from_secs(IDLE);
    stage.remark(&format!("({} is silent for {IDLE} s; {} is not)", bob.name, alice.name));
    let left = news(&bob.name, "left", &format!("{} has left the chat.", bob.name));
    let start = Instant::now();
    let mut last = start;
    while !alice.has_heard_news(&left) {
        if start.elapsed() > idle + stage.rules.patience {
            let expected = format!("{} has left after {IDLE} s", bob.name);
            return Err(stage.judged(Failure::new(&class::STILL_HERE, expected, "it is still here")));
        }
        thread::park_timeout(TICK);
        let told = stage.transcript.clone();
        let text = text(stage);
        let said = message(&alice.name, &text);
        let outcome = alice.says(stage, &text).and_then(|()| alice.hears(stage, &said));
        // If this machine is too busy to keep alice from silence, nothing can be said about the server.
        if last.elapsed() > idle / 2 {
            return Ok(());
        }
        outcome?;
        stage.transcript = told;
        last = Instant::now();
    }
    stage.transcript.add(&alice.name, "<", &left.text);
    if start.elapsed() < idle / 2 {
        let expected = format!("{} stays for {IDLE} s", bob.name);
        return Err(Failure::new(&class::GONE_EARLY, expected, "it has left before that"));
    }
    bob.joins(stage, "lobby")?;
    let text = text(stage);
    bob.says(stage, &text)?;
    alice.hears(stage, &message(&bob.name, &text))
}

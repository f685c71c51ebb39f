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
    wire::datagrams::{DatagramPeer, Network, ack_in},
};

/// The time from one message to the next of a client that must not count as silent.
const TICK: Duration = Duration::from_millis(200);

/// The number of messages of each client on a bad network.
const MESSAGES: usize = 10;

/// Lets clients come into the lobby.
fn arrive<const N: usize>(
    stage: &mut Stage<'_>,
    networks: [Network; N],
) -> Result<[DatagramPeer; N], Failure> {
    let names: [String; N] = stage.names();
    let mut peers = Vec::new();
    for (name, network) in names.iter().zip(networks) {
        let mut peer = DatagramPeer::new(stage, name, network)?;
        peer.joins(stage, "lobby")?;
        peers.push(peer);
    }
    Ok(peers.try_into().expect("one for each name"))
}

/// A text that no other message has.
fn text(stage: &mut Stage<'_>) -> String {
    format!("{} {}", stage.seed.text("have you heard"), stage.seed.token())
}

/// Lets a client say something that all these clients must hear.
fn says_to_all(stage: &mut Stage<'_>, peers: &mut [DatagramPeer], from: usize) -> Outcome {
    let text = text(stage);
    peers[from].says(stage, &text)?;
    let said = message(&peers[from].name, &text);
    peers.iter_mut().try_for_each(|peer| peer.hears(stage, &said))
}

pub(super) fn acknowledged(stage: &mut Stage<'_>) -> Outcome {
    let [name] = stage.names();
    let mut alice = DatagramPeer::new(stage, &name, Network::Good)?;
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
fn is_acknowledged_first(stage: &mut Stage<'_>, peer: &mut DatagramPeer, id: usize) -> Outcome {
    loop {
        let heard = peer.next_datagram(stage);
        let datagram = heard.as_deref().unwrap_or("(nothing)");
        if ack_in(datagram) == Some(id) {
            stage.transcript.add(&peer.name, "<", datagram);
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
    let peers = arrive::<2>(stage, [Network::Good, Network::Good]);
    let mut peers = peers.map_err(mixed_up)?;
    for from in [1, 0, 1] {
        says_to_all(stage, &mut peers, from).map_err(mixed_up)?;
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
    let mut peers = arrive(stage, networks)?;
    let names: Vec<_> = peers.iter().map(|peer| peer.name.clone()).collect();
    let network = "of five datagrams, one is lost, one comes twice, and one comes late";
    stage.restarts_transcript(&format!("({} are here; {network})", names.join(", ")));
    for _ in 0..MESSAGES {
        for from in 0..peers.len() {
            says_to_all(stage, &mut peers, from)?;
        }
    }
    stage.remark("(everything that is late arrives)");
    peers.iter_mut().for_each(DatagramPeer::late_ones_arrive);
    peers.iter_mut().try_for_each(|peer| peer.hears_nothing(stage))
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
        // If this machine is too busy to let alice speak in time, the check cannot judge the server.
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

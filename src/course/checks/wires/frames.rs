//! Checks of a server that speaks frames.

use std::time::Instant;

use crate::course::{
    class,
    conversation::Pattern,
    failure::Failure,
    stage::{Outcome, Stage},
    wire::frames::{
        at,
        peer::{Arrival, FramePeer, is_news},
        sealed,
    },
};

/// The most memory that false lengths may cost, in bytes.
const MEMORY: u64 = 32 << 20;

/// Lets clients come into the lobby.
pub(super) fn arrive<const N: usize>(stage: &mut Stage<'_>) -> Result<[FramePeer; N], Failure> {
    let names: [String; N] = stage.names();
    let mut peers = Vec::new();
    for name in &names {
        peers.push(FramePeer::enters(stage, name)?);
    }
    let told = if N == 1 { "is here" } else { "are here" };
    stage.restarts_transcript(&format!("({} {told})", names.join(", ")));
    Ok(peers.try_into().expect("one for each name"))
}

/// What is heard when a client says something in the lobby.
pub(super) fn said(from: &str, text: &str) -> Pattern {
    Pattern::exactly(format!("[lobby] {from}: {text}"))
}

/// Lets a client say something that it and another must hear.
pub(super) fn chat(stage: &mut Stage<'_>, from: &mut FramePeer, to: &mut FramePeer) -> Outcome {
    let text = stage.seed.text("are you there");
    from.says(stage, &text);
    let said = said(&from.name, &text);
    from.hears(stage, &said)?;
    to.hears(stage, &said)
}

pub(super) fn handshake(stage: &mut Stage<'_>) -> Outcome {
    let [mut alice] = arrive(stage)?;
    let early = |failure: Failure| failure.reclassified(&[&class::OVERHEARD], &class::ANNOUNCED_EARLY);
    let mut bob = FramePeer::connects(stage, "bob")?;
    let mut carol = FramePeer::connects(stage, "carol")?;
    if bob.session_id == carol.session_id {
        let received = format!("{:?} for both", bob.session_id);
        return Err(Failure::new(&class::FOREIGN_SESSION, "a session_id for each client", received));
    }
    alice.hears_nothing(stage, |_| false).map_err(early)?;
    bob.acknowledges(stage);
    bob.hears(stage, &Pattern::welcome())?;
    let joined = Pattern::with("guest_… has joined the chat!", &["guest_", "joined"]);
    alice.hears(stage, &joined)?;
    let accepted = |failure: Failure| {
        let classes = [&class::WRONG_TEXT, &class::SILENT, &class::STILL_OPEN, &class::OVERHEARD];
        failure.reclassified(&classes, &class::FOREIGN_SESSION)
    };
    carol.acknowledges_as(stage, &bob);
    carol.hears_kind(stage, "error").map_err(accepted)?;
    let patience = stage.rules.patience;
    carol.hears_the_end(stage, patience).map_err(accepted)?;
    alice.hears_nothing(stage, |_| false).map_err(accepted)
}

pub(super) fn talk(stage: &mut Stage<'_>) -> Outcome {
    let [mut alice, mut bob] = arrive(stage)?;
    chat(stage, &mut alice, &mut bob)?;
    let text = format!("{} 🦀 ë", stage.seed.text("how are you"));
    bob.says(stage, &text);
    let said = said(&bob.name, &text);
    bob.hears(stage, &said)?;
    alice.hears(stage, &said)?;
    alice.says(stage, "/users");
    let users = format!("Users in lobby: {}, {}", alice.name, bob.name);
    alice.hears(stage, &Pattern::with(users, &[&alice.name.clone(), &bob.name]))?;
    bob.hears_nothing(stage, is_news)
}

pub(super) fn pieces(stage: &mut Stage<'_>) -> Outcome {
    let [mut alice, mut bob] = arrive(stage)?;
    let cut = |failure: Failure| {
        failure.reclassified(
            &[&class::REJECTED, &class::SILENT, &class::CLOSED, &class::RESET, &class::MISSING_LINE],
            &class::FRAME_CUT,
        )
    };
    let whole = alice.frame("message", "1000").len();
    for at in 1..whole {
        let text = format!("{}", 1000 + at);
        stage.restarts_transcript(&format!(
            "({} sends a frame in two pieces, cut after byte {at})",
            alice.name
        ));
        alice.sends_in_pieces(&alice.frame("message", &text), at);
        let said = said(&alice.name, &text);
        alice.hears(stage, &said).map_err(cut)?;
        bob.hears(stage, &said).map_err(cut)?;
    }
    for number in [2, 3] {
        let texts: Vec<_> = (0..number).map(|n| format!("{} {n}", stage.seed.text("and another"))).collect();
        stage.restarts_transcript(&format!("({} sends {number} frames in one write)", alice.name));
        let frames: Vec<_> = texts.iter().map(|text| alice.frame("message", text)).collect();
        alice.sends_bytes(&frames.concat());
        for text in &texts {
            bob.hears(stage, &said(&alice.name, text)).map_err(cut)?;
            alice.hears(stage, &said(&alice.name, text)).map_err(cut)?;
        }
    }
    Ok(())
}

pub(super) fn damaged(stage: &mut Stage<'_>) -> Outcome {
    let [mut alice, mut bob] = arrive(stage)?;
    let text = format!("{} 17", stage.seed.text("bring a basket"));
    let right = alice.frame("message", &text);
    // The content says 71 and its checksum is right, but the signature is that of the old content.
    let mut changed = alice.frame("message", &text.replace("17", "71"));
    changed[at::SIGNATURE..at::SIGNATURE + 32].copy_from_slice(&right[at::SIGNATURE..at::SIGNATURE + 32]);
    let flipped = |at: usize| {
        let mut frame = right.clone();
        frame[at + 1] ^= 1;
        frame
    };
    let frames = [
        ("a wrong CRC-32 of the JSON header", flipped(at::HEADER_CRC), &class::UNCHECKED),
        ("a wrong CRC-32 of the content", flipped(at::CONTENT_CRC), &class::UNCHECKED),
        ("correct checksums, but content that was changed after signing", changed, &class::UNSIGNED),
        (
            "correct checksums, but a signature with another key",
            sealed("message", &alice.session_id, &text, b"other-key"),
            &class::UNSIGNED,
        ),
        ("the version 2", flipped(at::VERSION), &class::UNCHECKED),
    ];
    for (what, frame, class) in frames {
        stage.restarts_transcript(&format!("({} sends a frame with {what})", alice.name));
        alice.sends_bytes(&frame);
        let carried_out = |failure: Failure| failure.reclassified(&[&class::WRONG_TEXT], class);
        alice.hears_kind(stage, "error").map_err(carried_out)?;
        chat(stage, &mut alice, &mut bob).map_err(carried_out)?;
    }
    stage.restarts_transcript(&format!("({} sends a frame with other magic bytes)", alice.name));
    alice.sends_bytes(&flipped(0));
    let patience = stage.rules.patience;
    alice
        .hears_kind(stage, "error")
        .map_err(|failure| failure.reclassified(&[&class::WRONG_TEXT], &class::UNCHECKED))?;
    alice.hears_the_end(stage, patience)?;
    bob.hears_nothing(stage, is_news)
}

pub(super) fn lies(stage: &mut Stage<'_>) -> Outcome {
    let [mut alice, mut bob] = arrive(stage)?;
    let before = stage.memory();
    let mut liars = Vec::new();
    for (what, place, length) in [
        ("1 GB of content", at::CONTENT_LENGTH, (1_u64 << 30).to_be_bytes().to_vec()),
        ("content of 2^63 bytes", at::CONTENT_LENGTH, (1_u64 << 63).to_be_bytes().to_vec()),
        ("content of 2^64 - 1 bytes", at::CONTENT_LENGTH, u64::MAX.to_be_bytes().to_vec()),
        ("4 GB of JSON header", at::HEADER_LENGTH, u32::MAX.to_be_bytes().to_vec()),
    ] {
        let mut liar = FramePeer::connects(stage, "liar")?;
        let mut frame = liar.frame("session_ack", "Session acknowledged");
        frame[place..place + length.len()].copy_from_slice(&length);
        stage.remark(&format!("(it sends a frame whose head announces {what})"));
        liar.sends_bytes(&frame);
        is_refused(stage, &mut liar, what)?;
        // The connection stays open, so memory that was taken for it is not freed.
        liars.push(liar);
        chat(stage, &mut alice, &mut bob)?;
    }
    let grown = stage.memory().zip(before).map_or(0, |(now, before)| now.saturating_sub(before));
    if grown > MEMORY {
        let expected = format!("false lengths cost less than {} MB of memory", MEMORY >> 20);
        return Err(Failure::new(&class::GREEDY, expected, format!("they cost {} MB", grown >> 20)));
    }
    Ok(())
}

/// Expects an error frame, or the end of the stream.
fn is_refused(stage: &mut Stage<'_>, liar: &mut FramePeer, what: &str) -> Outcome {
    let deadline = Instant::now() + stage.rules.patience;
    let received = match liar.listens(deadline)? {
        Arrival::Frame(frame) if frame.kind == "error" => {
            stage.transcript.add(&liar.name, "<", &frame.shown());
            return Ok(());
        }
        Arrival::End | Arrival::Reset => {
            stage.transcript.add(&liar.name, "", "(hears the end)");
            return Ok(());
        }
        Arrival::Frame(frame) => frame.shown(),
        Arrival::Silence => "(nothing)".to_owned(),
    };
    let expected = format!("[error] …, because {what} is too much");
    Err(stage.judged(Failure::new(&class::LENGTH_BELIEVED, expected, received)))
}

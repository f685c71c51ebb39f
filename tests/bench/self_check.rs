//! Tests the checker itself with lines that are lost, doubled, reordered, leaked or changed.

use crate::{contender::Ours, mark::Mark, receiver::Receiver};

/// What the senders 2 and 3 say, as their room must hear it.
const SAID: [(usize, u64); 6] = [(2, 0), (3, 0), (2, 1), (2, 2), (3, 1), (2, 3)];

/// Panics if the checker accepts wrong lines or rejects right ones.
pub(crate) fn run() {
    check(&SAID, None);
    check(&[(2, 0), (2, 2)], Some("lost"));
    check(&[(2, 0), (2, 1), (2, 1)], Some("doubled"));
    check(&[(2, 0), (2, 1), (2, 0)], Some("reordered"));
    check(&[(2, 0), (4, 0)], Some("leaked"));
    let mut changed = wire(&SAID);
    changed[100] ^= 1;
    assert!(hear(&[&changed]).is_err(), "a changed text was not noticed");
    assert_ne!(order(&[(2, 0), (3, 0)]), order(&[(3, 0), (2, 0)]), "another order was not noticed");
}

/// Checks that the verdict is as expected wherever the bytes are cut.
fn check(said: &[(usize, u64)], expected: Option<&str>) {
    let bytes = wire(said);
    for cut in 0..bytes.len() {
        let verdict = hear(&[&bytes[..cut], &bytes[cut..]]).err();
        let is_expected = match (&verdict, expected) {
            (Some(verdict), Some(expected)) => verdict.contains(expected),
            (verdict, expected) => verdict.is_none() && expected.is_none(),
        };
        assert!(is_expected, "{said:?} cut at {cut}: {verdict:?} instead of {expected:?}");
    }
}

fn wire(said: &[(usize, u64)]) -> Vec<u8> {
    let mut bytes = b"bob has joined the room.\n".to_vec();
    for &(sender, number) in said {
        bytes.extend_from_slice(b"[r0001] c00002: ");
        Mark::new(sender, number).write(&mut bytes);
        bytes.push(b'\n');
    }
    bytes
}

/// Feeds a new receiver and returns its sum of the order.
fn hear(pieces: &[&[u8]]) -> Result<u64, String> {
    let mut receiver = Receiver::new(2..4, None);
    let mut bytes = Vec::new();
    for piece in pieces {
        bytes.extend_from_slice(piece);
        let taken = receiver.take(&bytes, &Ours::plain("unused".into()), &mut Vec::new(), |_| {})?;
        bytes.drain(..taken);
    }
    Ok(receiver.order())
}

fn order(said: &[(usize, u64)]) -> u64 {
    hear(&[&wire(said)]).expect("nothing is wrong with it")
}

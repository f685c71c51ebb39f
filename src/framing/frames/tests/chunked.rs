//! Messages in chunks.

use super::*;

fn chunk(id: impl Into<Value>, index: u64, total: u64, content: &str) -> Vec<u8> {
    let header = json!({
        "type": "chunk", "session_id": SESSION, "chunk_id": id.into(), "index": index, "total": total
    });
    Sent::new(header.to_string(), content).bytes()
}

const WRONG: &str = "The chunk_id, index or total of the chunk is wrong.";

#[test]
fn chunks_are_put_together_in_any_order() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let parts = ["/nick ", "bo", "b\nhi"];
        let bytes = order.map(|index| chunk("a", index, 3, parts[usize::try_from(index).unwrap()])).concat();
        check(&bytes, &[Command::typed("nick", "bob"), said("hi")]);
    }
    check(&chunk(7, 0, 1, "hi"), &[said("hi")]);
    check(&[chunk(1, 0, 2, "a"), chunk("1", 0, 2, "c"), chunk(1, 1, 2, "b")].concat(), &[said("ab")]);
}

#[test]
fn a_character_may_be_cut_between_chunks() {
    let header = |index: u8| {
        json!({"type": "chunk", "session_id": SESSION, "chunk_id": "a", "index": index, "total": 2})
            .to_string()
    };
    let halves = [&"ë".as_bytes()[..1], &"ë".as_bytes()[1..]];
    check(
        &[Sent::new(header(0), halves[0]).bytes(), Sent::new(header(1), halves[1]).bytes()].concat(),
        &[said("ë")],
    );
    check(
        &[Sent::new(header(0), halves[0]).bytes(), Sent::new(header(1), halves[0]).bytes()].concat(),
        &[error("The content is not UTF-8.")],
    );
}

#[test]
fn a_chunk_that_does_not_fit_is_an_error() {
    for wrong in
        [chunk("a", 2, 2, "x"), chunk("a", 0, 0, "x"), chunk("a", 0, 4097, "x"), chunk(-1, 0, 1, "x")]
    {
        check(&wrong, &[error(WRONG)]);
    }
    check(&chunk("x".repeat(65), 0, 1, "x"), &[error(WRONG)]);
    check(&Sent::of("chunk", "x").bytes(), &[error(WRONG)]);
    let twice = [chunk("a", 0, 2, "x"), chunk("a", 0, 2, "y"), chunk("a", 1, 2, "z")].concat();
    check(&twice, &[error(WRONG), said("xz")]);
    let other_total = [chunk("a", 0, 2, "x"), chunk("a", 1, 3, "y"), chunk("a", 1, 2, "z")].concat();
    check(&other_total, &[error(WRONG), said("xz")]);
}

#[test]
fn with_too_many_incomplete_messages_the_oldest_is_dropped() {
    let begun: Vec<_> = (0..5).flat_map(|id| chunk(id, 0, 2, "a")).collect();
    let ended: Vec<_> = (1..5).flat_map(|id| chunk(id, 1, 2, &id.to_string())).collect();
    let dropped = error("Too many messages arrive in chunks. The oldest was dropped.");
    let bytes = [begun, ended].concat();
    let expected = [dropped, said("a1"), said("a2"), said("a3"), said("a4")].map(Input::Command);
    assert_eq!(decode(inside(), &[&bytes]), expected);
}

#[test]
fn chunks_that_are_too_long_together_are_dropped_and_answered_once() {
    let text = "x".repeat(8 * 1024);
    let mut decoder = inside();
    let mut inputs = Vec::new();
    for index in 0..1280 {
        decoder.feed(&chunk("a", index, 1280, &text));
        inputs.extend(take(&mut decoder));
    }
    assert_eq!(inputs, [Input::Command(too_long())], "10 MiB in pieces of 8 KiB");
    decoder.feed(&chunk("a", 0, 1, "ok"));
    assert_eq!(take(&mut decoder), [Input::Command(said("ok"))]);
}

#[test]
fn chunks_of_one_byte_take_no_more_memory_than_others() {
    let mut decoder = inside();
    let mut inputs = Vec::new();
    for index in 0..4096 {
        decoder.feed(&chunk("a", index, 4096, "x"));
        inputs.extend(take(&mut decoder));
    }
    assert_eq!(inputs, [Input::Command(too_long())]);
}

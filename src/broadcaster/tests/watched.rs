//! The figures and reports of the broadcaster.

use super::*;
use crate::watch::{Hop, Reach};

#[test]
fn the_bytes_that_wait_for_a_client_are_shown_until_it_has_read_them() {
    let mut studio = Studio::new(9999);
    let room = studio.room();
    let (stuck, at_stuck) = studio.client(room, 5);
    let (reader, _) = studio.client(room, 9999);
    for _ in 0..10 {
        studio.say(room, "hello");
        studio.broadcaster.flush();
    }
    studio.tries_again();
    let backlog = |studio: &Studio, client| studio.broadcaster.clients[client].backlog.get();
    let waiting = |studio: &Studio| {
        let gauges = studio.broadcaster.watch.gauges();
        (gauges.waiting_bytes.get(), gauges.waiting_clients.get())
    };
    let bytes = 10 * line("hello").len() as u64 - 5;
    assert_eq!((backlog(&studio, stuck), backlog(&studio, reader)), (bytes, 0));
    assert_eq!(waiting(&studio), (bytes, 1));
    at_stuck.0.lock().space = 9999;
    studio.tries_again();
    assert_eq!((backlog(&studio, stuck), waiting(&studio)), (0, (0, 0)));
}

#[test]
fn the_bytes_that_wait_for_a_client_that_has_left_are_not_shown() {
    let mut studio = Studio::new(9999);
    let room = studio.room();
    let (stuck, _) = studio.client(room, 5);
    studio.say(room, "hello");
    studio.broadcaster.flush();
    studio.tries_again();
    studio.broadcaster.carry_out(Post::Detach(stuck));
    studio.tries_again();
    let gauges = studio.broadcaster.watch.gauges();
    assert_eq!((gauges.waiting_bytes.get(), gauges.waiting_clients.get()), (0, 0));
}

#[test]
fn the_largest_batch_is_remembered() {
    let mut studio = Studio::new(9999);
    let room = studio.room();
    for texts in [2, 5, 3] {
        let say = || Post::TellRoom(room, Except::NoOne, said("hello"));
        studio.broadcaster.take_batch(Posts((0..texts).map(|_| say()).collect()));
    }
    assert_eq!(studio.broadcaster.watch.gauges().largest_batch.get(), 5);
}

#[test]
fn a_traced_message_is_heard_like_any_other_and_reported_when_it_is_sent() {
    let mut studio = Studio::new(9999);
    let room = studio.room();
    let (alice, at_alice) = studio.client(room, 9999);
    let (_, at_bob) = studio.client(room, 9999);
    let _stuck = studio.client(room, 3);
    let trace =
        |text, except, report| Post::TellTraced(Box::new(Traced { room, except, event: said(text), report }));
    let (reporter, waiting) = bounded(1);
    studio.broadcaster.carry_out(trace("hello", Except::One(alice), reporter));
    assert_eq!(waiting.try_recv().ok(), None, "it is not sent yet");
    studio.broadcaster.flush();
    let journey = waiting.try_recv().expect("it is sent");
    let hops: Vec<_> = journey.in_order().iter().map(|(hop, _)| *hop).collect();
    assert_eq!(hops, [Hop::PickedUp, Hop::Encoded, Hop::Sent]);
    assert_eq!(journey.reach, Some(Reach { hearers: 2, waiting: 1 }));
    assert_eq!((at_alice.heard(), at_bob.heard()), (String::new(), line("hello")));

    let (reporter, waiting) = bounded(1);
    drop(waiting);
    studio.broadcaster.carry_out(trace("nobody waits", Except::NoOne, reporter));
    studio.broadcaster.flush();
    assert_eq!(at_alice.heard(), line("nobody waits"));
}

#[test]
fn a_long_answer_is_under_way_until_the_gauge_shows_what_is_left_of_it() {
    let mut studio = Studio::new(9999);
    let room = studio.room();
    let (alice, at_alice) = studio.client(room, 5);
    let gauge = Arc::clone(&studio.broadcaster.clients[alice].backlog);
    for answers in 1..=3 {
        let answer = Encoded(line("answer").into_bytes());
        studio.say(room, "hello");
        studio.broadcaster.carry_out(Post::TellEncoded(alice, answer, Arc::downgrade(&gauge)));
        let owed = answers * (line("hello").len() + line("answer").len()) - 5;
        assert_eq!((Arc::weak_count(&gauge), gauge.get()), (0, owed as u64));
        studio.broadcaster.flush();
    }
    at_alice.0.lock().space = 9999;
    studio.tries_again();
    assert_eq!(at_alice.heard(), (line("hello") + &line("answer")).repeat(3));
    let answer = Encoded(line("all of it").into_bytes());
    studio.broadcaster.carry_out(Post::TellEncoded(alice, answer, Arc::downgrade(&gauge)));
    assert!(at_alice.heard().ends_with(&line("all of it")), "it is sent at once");
    assert_eq!((Arc::weak_count(&gauge), gauge.get()), (0, 0));
}

#[test]
fn each_hearer_of_an_event_counts_as_a_delivery() {
    let mut studio = Studio::new(9999);
    let (room, other) = (studio.room(), studio.room());
    let [(alice, _), (bob, _), _] = [room, other, room].map(|room| studio.client(room, 9999));
    studio.client_of(Dialect::Json, room, 9999);
    let mut check = |post, expected| {
        let before = studio.broadcaster.watch.gauges().deliveries.get();
        studio.broadcaster.carry_out(post);
        assert_eq!(studio.broadcaster.watch.gauges().deliveries.get() - before, expected);
    };
    check(Post::TellRoom(room, Except::NoOne, said("hello")), 3);
    check(Post::TellRoom(room, Except::One(alice), said("hello")), 2);
    check(Post::TellRoom(room, Except::These([alice, bob].into()), said("bob is elsewhere")), 2);
    check(Post::TellAll(Event::ShuttingDown), 4);
    check(Post::Tell(bob, Event::Goodbye), 1);
    check(Post::Detach(alice), 0);
    check(Post::TellRoom(room, Except::NoOne, said("hello")), 2);
    check(Post::Tell(alice, Event::Goodbye), 0);
}

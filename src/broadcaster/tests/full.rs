//! Clients that read slowly or not at all.

use super::*;

#[test]
fn a_full_socket_is_left_alone_until_it_is_tried_again() {
    let mut studio = Studio::new(9999);
    let room = studio.room();
    let (_, at_alice) = studio.client(room, 5);
    for _ in 0..10 {
        studio.say(room, "hello");
        studio.broadcaster.flush();
    }
    assert_eq!(at_alice.0.lock().sends, 1);
    assert!(studio.broadcaster.retry.next().is_some());
    at_alice.0.lock().space = 9999;
    studio.tries_again();
    assert_eq!(at_alice.heard(), line("hello").repeat(10));
    assert!(studio.broadcaster.retry.next().is_none(), "nothing is left to try");
}

#[test]
fn a_full_socket_that_drains_does_not_make_a_thousand_others_be_tried_as_often() {
    let mut studio = Studio::new(1 << 20);
    let room = studio.room();
    let stuck: Vec<_> = (0..1000).map(|_| studio.client(room, 0).1).collect();
    let (_, draining) = studio.client(room, 0);
    studio.say(room, &"x".repeat(9999));
    studio.broadcaster.flush();
    let start = Instant::now();
    for millisecond in 1..=1000 {
        draining.0.lock().space = 5;
        studio.broadcaster.try_again(start + Duration::from_millis(millisecond));
    }
    let sends = |socket: &Shared| socket.0.lock().sends;
    assert!(sends(&draining) > 900, "{} tries of the one that drains", sends(&draining));
    let most = stuck.iter().map(sends).max();
    assert!(most < Some(30), "{most:?} tries of one that does not");
}

#[test]
fn a_socket_that_pauses_is_left_alone_until_its_pause_is_over() {
    let mut studio = Studio::new(9999);
    let room = studio.room();
    let (_, pausing) = studio.client(room, 0);
    studio.say(room, "hello");
    studio.broadcaster.flush();
    pausing.0.lock().pause = Duration::from_secs(1);
    let start = Instant::now();
    for millisecond in 1..=3000 {
        studio.broadcaster.try_again(start + Duration::from_millis(millisecond));
    }
    assert!((3..6).contains(&pausing.0.lock().sends), "{} tries", pausing.0.lock().sends);
}

#[test]
fn a_client_over_its_limit_is_cut_after_a_whole_line_and_told_why() {
    let mut studio = Studio::new(100);
    let room = studio.room();
    let (alice, at_alice) = studio.client(room, line("first").len() + 3);
    let (_, at_bob) = studio.client(room, 9999);
    for text in ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"] {
        studio.say(room, text);
        studio.broadcaster.flush();
    }
    assert!(at_alice.0.lock().is_hung_up);
    assert_eq!(at_bob.heard().lines().count(), 8);
    at_alice.0.lock().space = 9999;
    studio.broadcaster.carry_out(Post::Detach(alice));
    studio.tries_again();
    studio.tries_again();
    assert_eq!(at_alice.heard(), line("first") + &line("second") + "Disconnected: too slow to read.\n");
    assert!(at_alice.0.lock().is_finished);
}

#[test]
fn a_slow_reader_that_speaks_after_it_was_cut_still_reads_why() {
    let mut studio = Studio::new(100);
    let room = studio.room();
    let (alice, at_alice) = studio.client(room, 3);
    for text in ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"] {
        studio.say(room, text);
        studio.broadcaster.flush();
    }
    studio.broadcaster.carry_out(Post::Detach(alice));
    at_alice.0.lock().unread = 10;
    studio.tries_again();
    assert_eq!(at_alice.heard(), "[lo", "it does not read yet");
    {
        let mut socket = at_alice.0.lock();
        (socket.space, socket.unread, socket.under_way) = (9999, 10, 10);
    }
    studio.tries_again();
    assert_eq!(at_alice.heard(), line("first") + "Disconnected: too slow to read.\n");
    at_alice.0.lock().unread = 10;
    studio.tries_again();
    assert!(!at_alice.0.lock().is_finished, "its system has not received all of it");
    at_alice.0.lock().under_way = 0;
    studio.tries_again();
    let socket = at_alice.0.lock();
    assert!(socket.is_finished && socket.resets == 0);
    assert!(studio.broadcaster.leaving.is_empty());
}

#[test]
fn a_client_that_never_reads_again_is_given_up() {
    let mut studio = Studio::new(100);
    let room = studio.room();
    let (alice, at_alice) = studio.client(room, 0);
    studio.say(room, &"x".repeat(200));
    studio.broadcaster.flush();
    studio.broadcaster.carry_out(Post::Detach(alice));
    studio.now += LINGER;
    studio.tries_again();
    assert!(studio.broadcaster.leaving.is_empty() && studio.broadcaster.retry.next().is_none());
    assert_eq!(at_alice.heard(), "");
}

#[test]
fn a_client_whose_socket_was_not_even_asked_is_not_cut() {
    let mut studio = Studio::new(100);
    let room = studio.room();
    let (alice, at_alice) = studio.client(room, 9999);
    for _ in 0..20 {
        studio.broadcaster.carry_out(Post::Tell(alice, said("hello")));
    }
    studio.broadcaster.flush();
    assert_eq!(at_alice.heard(), line("hello").repeat(20));
}

#[test]
fn a_client_that_has_left_still_gets_what_it_is_owed() {
    let mut studio = Studio::new(9999);
    let room = studio.room();
    let (alice, at_alice) = studio.client(room, 9999);
    let (bob, at_bob) = studio.client(room, 4);
    studio.say(room, "hello");
    studio.broadcaster.carry_out(Post::Detach(alice));
    studio.broadcaster.carry_out(Post::Detach(bob));
    studio.say(room, "too late");
    studio.broadcaster.flush();
    assert_eq!(at_alice.heard(), line("hello"));
    assert!(at_alice.0.lock().is_finished);
    assert!(!at_bob.0.lock().is_finished);
    at_bob.0.lock().space = 9999;
    studio.tries_again();
    assert_eq!(at_bob.heard(), line("hello"));
    assert!(at_bob.0.lock().is_finished);
    assert!(studio.broadcaster.leaving.is_empty());
}

#[test]
fn a_limit_that_changes_holds_for_clients_that_are_there_and_for_those_that_come() {
    let mut studio = Studio::new(9999);
    let room = studio.room();
    let (_, before) = studio.client(room, 0);
    studio.say(room, &"x".repeat(200));
    studio.broadcaster.flush();
    let limits = Limits { outbox: 100, grace: Duration::from_secs(1) };
    studio.broadcaster.carry_out(Post::Limit(limits));
    assert!(!before.0.lock().is_hung_up, "what waits already is not cut");
    let (_, after) = studio.client(room, 0);
    studio.say(room, "short");
    studio.broadcaster.flush();
    assert!(before.0.lock().is_hung_up && !after.0.lock().is_hung_up);
    studio.say(room, &"x".repeat(200));
    studio.broadcaster.flush();
    assert!(after.0.lock().is_hung_up);
}

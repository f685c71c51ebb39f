//! Tests with threads that wait at a barrier while they are looked at.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Barrier,
    thread,
};

use super::*;

const EMPTY: Load = Load { held: 0, holds: 1 };

fn names(seen: &Seen) -> Vec<&str> {
    seen.threads.iter().map(|thread| &*thread.name).collect()
}

#[test]
fn a_thread_is_listed_as_long_as_it_lives_even_if_it_panics() {
    let watch = Watch::start();
    let theirs = watch.clone();
    let panicking = thread::Builder::new().spawn(move || {
        let _listed = theirs.enter("short");
        assert_eq!(names(&theirs.look(EMPTY)), ["short"]);
        panic!("planted");
    });
    assert!(panicking.unwrap().join().is_err());
    assert_eq!(watch.look(EMPTY).total, 0);
}

#[test]
fn the_thread_that_looks_comes_first_and_then_the_oldest() {
    let (watch, barrier) = (Watch::start(), Barrier::new(3));
    thread::scope(|scope| {
        let _oldest = watch.enter("oldest");
        doing(Activity::Accepting);
        let reader = || {
            let _listed = watch.enter("reader");
            doing(Activity::Reading);
            barrier.wait();
            barrier.wait();
        };
        let asking = || {
            barrier.wait();
            let _listed = watch.enter("asking");
            doing(Activity::Looking);
            let seen = watch.look(EMPTY);
            barrier.wait();
            seen
        };
        thread::Builder::new().spawn_scoped(scope, reader).unwrap();
        let asking = thread::Builder::new().spawn_scoped(scope, asking).unwrap();
        barrier.wait();
        barrier.wait();
        let seen = asking.join().unwrap();
        assert_eq!(names(&seen), ["asking", "oldest", "reader"]);
        let activities: Vec<_> = seen.threads.iter().map(|thread| thread.activity).collect();
        assert_eq!(activities, [Activity::Looking, Activity::Accepting, Activity::Reading]);
        assert!(seen.threads[0].is_asking && !seen.threads[1].is_asking);
        assert_eq!((seen.total, seen.counts.iter().sum::<usize>()), (3, 3));
    });
}

#[test]
fn ten_thousand_threads_are_counted_and_fifty_of_them_are_listed() {
    let watch = Watch::start();
    for n in 0..10_000 {
        // Without its drop the entry stays, as if the thread went on.
        std::mem::forget(watch.enter(&format!("client {n}")));
    }
    let seen = watch.look(EMPTY);
    assert_eq!((seen.total, seen.threads.len()), (10_000, Seen::MOST_THREADS));
    assert_eq!(names(&seen)[..2], ["client 9999", "client 0"]);
    assert_eq!(seen.counts[Activity::Working as usize], 10_000);
}

#[test]
fn a_client_that_arrives_does_not_wait_until_all_threads_are_listed() {
    let watch = Watch::start();
    for n in 0..10 * AT_ONCE {
        std::mem::forget(watch.enter(&format!("client {n}")));
    }
    let mut visited = Vec::new();
    watch.visit(|key, _| {
        assert!(watch.0.threads.try_lock().is_some(), "the list is not locked while a thread is visited");
        std::mem::forget(watch.enter("newcomer"));
        visited.push(key);
    });
    assert_eq!(visited, (1..=10 * AT_ONCE as u64).collect::<Vec<_>>(), "each once; newcomers do not count");
    assert_eq!(watch.0.threads.lock().after(0, u64::MAX - 1).count(), AT_ONCE);
}

#[test]
fn a_panic_leaves_no_journey_to_the_next_client_of_its_thread() {
    let watch = Watch::start();
    let crash = || {
        std::mem::forget(watch.enter("first client"));
        trace_message(Instant::now());
        panic!("planted");
    };
    assert!(catch_unwind(AssertUnwindSafe(crash)).is_err());
    let _listed = watch.enter("second client");
    assert!(take_journey().is_none());
}

#[test]
fn every_activity_is_listed_at_its_number() {
    for (number, activity) in Activity::ALL.into_iter().enumerate() {
        assert_eq!(unpack(word(activity)).0, activity);
        assert_eq!(activity as usize, number);
    }
}

#[test]
fn a_thread_that_is_not_watched_can_note_what_it_does() {
    doing(Activity::Reading);
    trace_message(Instant::now());
    assert!(take_journey().is_none());
}

#[test]
fn a_message_is_traced_until_its_thread_reads_again() {
    let _listed = Watch::start().enter("client");
    doing(Activity::Reading);
    trace_message(Instant::now());
    for activity in [Activity::Locking, Activity::Deciding, Activity::Posting, Activity::Working] {
        doing(activity);
    }
    let journey = take_journey().expect("it was traced");
    let hops: Vec<_> = journey.in_order().iter().map(|(hop, _)| *hop).collect();
    assert_eq!(hops, [Hop::Read, Hop::Decoded, Hop::Locked, Hop::Queued, Hop::Unlocked]);
    trace_message(Instant::now());
    doing(Activity::Reading);
    assert!(take_journey().is_none(), "a message that was refused is no longer traced");
}

#[cfg(target_os = "linux")]
#[test]
fn on_linux_the_memory_and_the_threads_of_the_process_are_known() {
    let seen = Watch::start().look(EMPTY);
    assert!(seen.memory.is_some_and(|bytes| bytes > 1 << 20));
    assert!(seen.system_threads.is_some_and(|threads| threads > 0));
}

//! Streams that come and go, and a mailbox that is full.

use super::*;

fn mailbox() -> (Arc<Mailbox>, Box<dyn Sink>) {
    let mailbox = Mailbox::new(|| {});
    let sink = mailbox.sink();
    (mailbox, sink)
}

fn unit(seq: u64) -> Vec<u8> {
    format!("{{\"text\":\"{}\",\"seq\":{seq}}}\n", "x".repeat(1000)).into_bytes()
}

/// The ids of everything that a stream finds now.
fn ids(mailbox: &Mailbox, stream: u64) -> Vec<String> {
    let mut ids = Vec::new();
    while let Found::Events(events) = mailbox.take(stream, Duration::ZERO) {
        ids.extend(events.iter().map(|kept| kept.id.to_string()));
    }
    ids
}

#[test]
fn ids_rise_and_a_line_has_its_own_number() {
    let (mailbox, mut sink) = mailbox();
    for number in [0, 3, 3, 1, 2, 4, 9, 9] {
        sink.send(&[], &unit(number)).unwrap();
    }
    let (stream, missed) = mailbox.open(None);
    assert_eq!(ids(&mailbox, stream), ["0.1", "3", "3.1", "3.2", "3.3", "4", "9", "9.1"]);
    for (after, expected) in [("9.1", 0), ("9", 1), ("3.1", 5), ("3", 6), ("0", 8), ("7", 2), ("99", 0)] {
        let (stream, missed) = mailbox.open(Some(after.parse().unwrap()));
        assert_eq!((ids(&mailbox, stream).len(), missed), (expected, 0), "after {after}");
    }
    assert_eq!(missed, 0);
}

#[test]
fn what_no_stream_takes_makes_room_and_is_counted() {
    let (mailbox, mut sink) = mailbox();
    for number in 1..=2000 {
        assert!(sink.send(&[], &unit(number)).is_ok());
    }
    let kept = mailbox.state.lock().events.len() as u64;
    assert!(mailbox.state.lock().bytes <= MOST && kept > 50);
    let (first, missed) = mailbox.open(None);
    assert_eq!(missed, 2000 - kept);
    assert_eq!(ids(&mailbox, first).len() as u64, kept);
    for after in [0, 1, 1000, 1900] {
        let (_, missed) = mailbox.open(Some(Id { seq: after, more: 0 }));
        // Of the oldest, only the number is known.
        let expected =
            if after < 2000 - kept - MOST_DROPPED as u64 { 2000 - kept } else { 2000 - kept - after };
        assert_eq!(missed, expected, "after {after}");
    }
    assert!(matches!(mailbox.take(first, Duration::ZERO), Found::TakenOver));
}

#[test]
fn a_stream_that_is_open_misses_nothing_and_is_cut_in_the_end() {
    let (mailbox, mut sink) = mailbox();
    let (stream, _) = mailbox.open(None);
    let taken = (1..9999).take_while(|&number| sink.send(&[], &unit(number)).is_ok()).count();
    assert!(mailbox.state.lock().bytes <= MOST);
    assert_eq!(ids(&mailbox, stream).len(), taken);
    (1..9999).take_while(|&number| sink.send(&[], &unit(number)).is_ok()).count();
    sink.hang_up(Ending::TooSlow);
    sink.send(&[], b"{\"text\":\"too slow\",\"seq\":0}\n").unwrap();
    sink.finish();
    assert_eq!(ids(&mailbox, stream).len(), 1);
    assert!(matches!(mailbox.take(stream, Duration::ZERO), Found::End));
    assert_eq!(mailbox.hung_up(), Some(Ending::TooSlow));
}

#[test]
fn a_client_that_is_paused_hears_only_why_it_must_go() {
    let (mailbox, mut sink) = mailbox();
    let (stream, _) = mailbox.open(None);
    let units = [&unit(1), PAUSE, &unit(2), RESUME, &unit(3), PAUSE].concat();
    assert_eq!(sink.send(&units, &unit(4)).unwrap(), units.len() + unit(4).len());
    assert_eq!(ids(&mailbox, stream), ["1", "3"]);
    let farewell = sink.farewell(Some(&Event::ShuttingDown));
    sink.send(&farewell, &[]).unwrap();
    drop(sink);
    assert_eq!(ids(&mailbox, stream).len(), 1);
    assert!(matches!(mailbox.take(stream, Duration::ZERO), Found::End));
}
#[test]
fn a_writing_end_that_was_replaced_ends_nothing() {
    let (mailbox, mut old) = mailbox();
    let (first, _) = mailbox.open(None);
    mailbox.interrupt();
    assert!(matches!(mailbox.take(first, Duration::ZERO), Found::TakenOver));
    let mut new = mailbox.sink();
    old.hang_up(Ending::Dismissed);
    drop(old);
    let (second, _) = mailbox.open(None);
    new.send(&[], &unit(1)).unwrap();
    assert_eq!((ids(&mailbox, second).len(), mailbox.hung_up()), (1, None));
    assert!(matches!(mailbox.take(second, Duration::ZERO), Found::Nothing));
    drop(new);
    assert!(matches!(mailbox.take(second, Duration::ZERO), Found::End));
}

//! Transfers by HTTP that do not come to their end.

use rustix::process::Signal;

use super::{Chat, arrives, download, is_refused, put, random, sha256};

#[test]
fn a_receiver_sees_that_a_download_is_broken_when_the_sender_dies() {
    let mut chat = Chat::start(&[]);
    let paths = chat.agrees(1_000_000, "-", "x");
    let mut sender = chat.puts(&paths.sending, 1_000_000);
    let mut receiver = chat.gets(&paths.receiving);
    sender.sends(vec![b'x'; 400_000]);
    let head = receiver.reply_to("HEAD");
    assert_eq!((head.status, head.header("Content-Length")), (200, Some("1000000")));
    drop(sender);
    assert_eq!(receiver.rest().len(), 400_000);
    chat.both_hear(
        "Sending 'x' to bob failed: your connection was lost.",
        "Receiving 'x' from alice failed: alice's connection was lost.",
    );
}

#[test]
fn a_receiver_is_told_of_a_sender_that_dies_before_the_first_byte() {
    let mut chat = Chat::start(&[]);
    let paths = chat.agrees(5, "-", "x");
    let mut receiver = chat.gets(&paths.receiving);
    drop(chat.puts(&paths.sending, 5));
    is_refused(&mut receiver, 409, "Receiving 'x' from alice failed: alice's connection was lost.");
    receiver.is_closed();
}

#[test]
fn a_sender_is_told_of_a_receiver_that_dies() {
    let mut chat = Chat::start(&["--max-file-size", "0"]);
    let file = vec![b'x'; 50_000_000];
    let paths = chat.agrees(file.len(), "-", "x");
    let mut receiver = chat.gets(&paths.receiving);
    let mut sender = chat.puts(&paths.sending, file.len());
    sender.sends(&file[..100_000]);
    assert_eq!(receiver.reply_to("HEAD").status, 200);
    drop(receiver);
    assert!(!sender.sends_unless_answered(&file[100_000..]));
    is_refused(&mut sender, 409, "Sending 'x' to bob failed: bob's connection was lost.");
    chat.bob.hears_at_last("Receiving 'x' from alice failed: your connection was lost.");
}

#[test]
fn a_receiver_that_is_gone_before_the_sender_comes_has_not_received_a_file() {
    let mut chat = Chat::start(&[]);
    for size in [0, 5] {
        let paths = chat.agrees(size, "-", "x");
        let receiver = chat.gets(&paths.receiving);
        chat.receiver_has_come(&paths);
        receiver.half_closes();
        drop(receiver);
        let mut sender = chat.puts(&paths.sending, size);
        is_refused(&mut sender, 409, "Sending 'x' to bob failed: bob's connection was lost.");
    }
}

#[test]
fn a_body_of_another_length_is_not_passed_on_as_the_file() {
    let mut chat = Chat::start(&[]);
    let changed = "failed: the file has changed since it was offered.";
    for body in [
        "4\r\nhell\r\n0\r\n\r\n",
        "6\r\nhello!\r\n0\r\n\r\n",
        "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
        "0\r\n\r\n",
    ] {
        let paths = chat.agrees(5, "-", "x");
        let mut receiver = chat.gets(&paths.receiving);
        let mut sender = chat.browser();
        sender.sends(put(&paths.sending, "Transfer-Encoding: chunked") + body);
        is_refused(&mut sender, 409, &format!("Sending 'x' to bob {changed}"));
        let (reply, rest) = download(&mut receiver);
        // What was sent before the end showed is no whole file.
        assert!(reply.status == 409 || rest.len() < 5, "{body:?}: {reply:?}");
        chat.bob.hears_at_last(&format!("Receiving 'x' from alice {changed}"));
    }
}

#[test]
fn a_body_that_is_malformed_is_the_senders_fault() {
    let mut chat = Chat::start(&[]);
    let paths = chat.agrees(5, "-", "x");
    let mut receiver = chat.gets(&paths.receiving);
    let mut sender = chat.browser();
    sender.sends(put(&paths.sending, "Transfer-Encoding: chunked") + "5\nhello\n0\n\n");
    is_refused(&mut sender, 400, "Sending 'x' to bob failed: the server did not understand your program.");
    let why = "Receiving 'x' from alice failed: the server did not understand alice's program.";
    is_refused(&mut receiver, 409, why);
}

#[test]
fn a_wrong_content_length_is_refused_and_the_sender_can_try_again() {
    let mut chat = Chat::start(&[]);
    let paths = chat.agrees(5, "-", "x");
    for length in [0, 4, 6, 70_000, 1_000_000_000_000] {
        let mut sender = chat.puts(&paths.sending, length);
        is_refused(&mut sender, 409, &format!("The file has {length} bytes, but 5 were offered."));
    }
    let (mut sender, receiver) = (chat.puts(&paths.sending, 5), chat.gets(&paths.receiving));
    sender.sends("hello");
    arrives(receiver, &mut sender);
}

#[test]
fn a_file_with_another_digest_does_not_arrive_whole() {
    let mut chat = Chat::start(&[]);
    let why = "failed: the file arrived damaged (its SHA-256 differs).";
    for size in [5, 1_000_000] {
        let mut file = random(size);
        let paths = chat.agrees(size, &sha256(&file), "x");
        file[size - 1] ^= 1;
        let (mut sender, mut receiver) = (chat.puts(&paths.sending, size), chat.gets(&paths.receiving));
        sender.sends(&file);
        is_refused(&mut sender, 409, &format!("Sending 'x' to bob {why}"));
        let (reply, rest) = download(&mut receiver);
        assert!(reply.status == 409 || rest.len() < size, "{reply:?}");
        chat.bob.hears_at_last(&format!("Receiving 'x' from alice {why}"));
    }
}

#[test]
fn a_side_that_waits_is_told_when_the_offer_is_withdrawn_or_refused() {
    let mut chat = Chat::start(&[]);
    let paths = chat.agrees(5_000_000, "-", "x");
    let mut sender = chat.puts(&paths.sending, 5_000_000);
    chat.sender_has_come(&paths);
    // It has not waited for leave, and sends what fits into the buffers.
    sender.sends(vec![b'x'; 100_000]);
    chat.bob.says("/rejectfile 1");
    is_refused(&mut sender, 409, "bob has rejected 'x'.");
    let paths = chat.agrees(5, "-", "x");
    let mut receiver = chat.gets(&paths.receiving);
    chat.receiver_has_come(&paths);
    chat.alice.says("/rejectfile 2");
    is_refused(&mut receiver, 409, "alice has cancelled 'x'.");
    receiver.is_closed();
}

#[test]
fn a_side_that_is_served_is_told_when_the_other_user_leaves() {
    let mut chat = Chat::start(&[]);
    let paths = chat.agrees(5_000_000, "-", "x");
    let (mut sender, mut receiver) = (chat.puts(&paths.sending, 5_000_000), chat.gets(&paths.receiving));
    sender.sends(vec![b'x'; 1000]);
    assert_eq!(receiver.reply_to("HEAD").status, 200);
    assert_eq!(receiver.read(1000).map(|bytes| bytes.len()), Some(1000));
    chat.bob.says("/quit");
    is_refused(&mut sender, 409, "'x' is cancelled: bob has left.");
    assert_eq!(receiver.rest().len(), 0);
}

#[test]
fn the_stop_ends_both_sides_at_once() {
    for comes in [false, true] {
        let mut chat = Chat::start(&["--max-file-size", "0"]);
        let paths = chat.agrees(50_000_000, "-", "x");
        let mut sender = chat.puts(&paths.sending, 50_000_000);
        let receiver = comes.then(|| {
            let mut receiver = chat.gets(&paths.receiving);
            sender.sends(vec![b'x'; 1000]);
            assert_eq!(receiver.reply_to("HEAD").status, 200);
            assert_eq!(receiver.read(1000).map(|bytes| bytes.len()), Some(1000));
            receiver
        });
        if !comes {
            chat.sender_has_come(&paths);
        }
        chat.server.signal(Signal::TERM);
        is_refused(&mut sender, 503, "Server shutting down.");
        if let Some(mut receiver) = receiver {
            assert_eq!(receiver.rest().len(), 0);
        }
        assert!(chat.server.ends().success());
    }
}

#[test]
fn a_sender_that_waits_for_leave_gets_it_when_the_receiver_has_come() {
    let mut chat = Chat::start(&[]);
    let paths = chat.agrees(5, "-", "x");
    let mut sender = chat.browser();
    sender.sends(put(&paths.sending, "Content-Length: 6\r\nExpect: 100-continue"));
    is_refused(&mut sender, 409, "The file has 6 bytes, but 5 were offered.");
    let mut sender = chat.browser();
    sender.sends(put(&paths.sending, "Content-Length: 5\r\nExpect: 100-continue"));
    chat.sender_has_come(&paths);
    assert!(sender.hears_nothing());
    let receiver = chat.gets(&paths.receiving);
    assert_eq!(sender.head(), ["HTTP/1.1 100 Continue"]);
    sender.sends("hello");
    arrives(receiver, &mut sender);
}

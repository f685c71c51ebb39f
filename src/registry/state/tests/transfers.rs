//! Files on their way, as conversations.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::{
    offers::{accepted, goes_on, offered, tokens, told},
    *,
};
use crate::file::{Fault, OfferId, Side, Token};

/// A chat in which a file is on its way, and the number of its lifelines that were dropped.
fn on_its_way() -> (Chat, Arc<AtomicUsize>) {
    let (mut chat, hung_up) = (accepted(), Arc::default());
    for token in tokens() {
        chat.claims(token).expect("it is good once");
        chat.holds(Box::new(TestLifeline(Arc::clone(&hung_up))));
    }
    (chat, hung_up)
}

struct TestLifeline(Arc<AtomicUsize>);

impl Lifeline for TestLifeline {}

impl Drop for TestLifeline {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_file_that_arrived_is_told_to_both() {
    let (mut chat, hung_up) = on_its_way();
    chat.concludes(Ok(()));
    goes_on(
        &mut chat,
        "alice< bob has received 'my cat 😄.jpg'.
         alice< @file arrived 1
         bob< You have received 'my cat 😄.jpg' from alice.
         bob< @file arrived 1",
    );
    assert_eq!(hung_up.load(Ordering::Relaxed), 0, "not under the lock");
    chat.hangs_up();
    assert_eq!(hung_up.load(Ordering::Relaxed), 2);
}

#[test]
fn both_are_told_why_a_file_did_not_arrive() {
    for (fault, to_alice, to_bob) in [
        (Fault::Damaged, "the file arrived damaged (its SHA-256 differs)", None),
        (Fault::DiskFull, "the receiver's disk is full", None),
        (Fault::Changed, "the file has changed since it was offered", None),
        (Fault::BrokenOff(Side::Sender), "your connection was lost", Some("alice's connection was lost")),
        (
            Fault::Stalled(Side::Receiver),
            "bob's program was idle for too long",
            Some("your program was idle for too long"),
        ),
    ] {
        let (mut chat, _) = on_its_way();
        chat.concludes(Err(fault));
        let to_bob = to_bob.unwrap_or(to_alice);
        goes_on(
            &mut chat,
            &format!(
                "alice< Sending 'my cat 😄.jpg' to bob failed: {to_alice}.
                 alice< @file failed 1
                 bob< Receiving 'my cat 😄.jpg' from alice failed: {to_bob}.
                 bob< @file failed 1"
            ),
        );
    }
}

#[test]
fn a_file_can_be_refused_while_it_is_on_its_way() {
    let (mut chat, hung_up) = on_its_way();
    goes_on(
        &mut chat,
        "bob> /rejectfile 1
         bob< You have rejected 'my cat 😄.jpg' from alice.
         bob< @file failed 1
         alice< bob has rejected 'my cat 😄.jpg'.
         alice< @file failed 1",
    );
    chat.hangs_up();
    assert_eq!(hung_up.load(Ordering::Relaxed), 2);
    chat.concludes(Err(Fault::BrokenOff(Side::Receiver)));
    chat.check_silence("it was over already");
}

#[test]
fn both_sides_have_to_come_within_30_seconds() {
    let mut chat = accepted();
    assert!(chat.claims(tokens()[0]).is_some());
    chat.passes_with_files(30);
    goes_on(
        &mut chat,
        "alice< Sending 'my cat 😄.jpg' to bob failed: one of the programs did not connect in time.
         alice< @file failed 1
         bob< Receiving 'my cat 😄.jpg' from alice failed: one of the programs did not connect in time.
         bob< @file failed 1",
    );
    assert_eq!(chat.claims(tokens()[1]), None);
}

#[test]
fn a_transfer_that_takes_too_long_is_ended() {
    let (mut chat, _) = on_its_way();
    chat.passes_with_files(599);
    chat.check_silence("its time");
    chat.passes_with_files(1);
    assert!(chat.inbox("alice").pop_front().unwrap().ends_with("failed: it took too long."));
}

#[test]
fn a_token_is_good_once_and_for_one_side() {
    let mut chat = accepted();
    for (token, side) in tokens().into_iter().zip([Side::Sender, Side::Receiver]) {
        let claim = chat.claims(token).expect("it is good");
        assert_eq!((claim.offer, claim.side, claim.label.size), (OfferId(1), side, ByteCount(1536)));
        assert_eq!(chat.claims(token), None);
    }
    assert_eq!(chat.claims(Token::new([3; 16])), None);
}

#[test]
fn either_side_leaving_cancels_and_the_other_is_told() {
    let conversations = [
        (
            "alice-",
            "bob< alice has left the chat.
             bob< 'my cat 😄.jpg' is cancelled: alice has left.
             bob> /take
             bob< There is no file to accept or reject.
             bob< @file not-taken",
        ),
        (
            "bob-",
            "alice< bob has left the chat.
             alice< 'my cat 😄.jpg' is cancelled: bob has left.
             alice< @file failed 1",
        ),
    ];
    for (leaving, rest) in conversations {
        goes_on(&mut offered(), &format!("{leaving}\n{rest}"));
    }
}

#[test]
fn leaving_cancels_a_file_on_its_way_and_a_lifeline_that_comes_later() {
    let (mut chat, hung_up) = on_its_way();
    goes_on(
        &mut chat,
        "bob-
         alice< bob has left the chat.
         alice< 'my cat 😄.jpg' is cancelled: bob has left.
         alice< @file failed 1",
    );
    chat.holds(Box::new(TestLifeline(Arc::clone(&hung_up))));
    chat.hangs_up();
    assert_eq!(hung_up.load(Ordering::Relaxed), 3);
}

#[test]
fn a_stop_hangs_up_on_every_transfer_and_tells_no_client() {
    let (mut chat, hung_up) = on_its_way();
    let now = chat.now;
    chat.hung_up.extend(decide(&mut chat.state, now, State::stop).1.hung_up);
    chat.hangs_up();
    assert_eq!(hung_up.load(Ordering::Relaxed), 2);
    chat.concludes(Err(Fault::Server));
    chat.check_silence("the server has stopped");
}

/// Two clients of this network address each, of which one offers the other a file and that accepts; what
/// the receiver is told.
fn transfers_between(chat: &mut Chat, n: usize, from: SocketAddr, to: SocketAddr) -> String {
    let (sender, receiver) = (format!("s{n}"), format!("r{n}"));
    for (name, address) in [(&sender, from), (&receiver, to)] {
        chat.connect_from(address, name);
        chat.says(name, &format!("/nick {name}"));
    }
    chat.says(&sender, &told(&format!("/offer {receiver} 1 # x")));
    chat.hush();
    chat.says(&receiver, "/take");
    chat.inbox(&receiver).pop_front().expect("an answer")
}

#[test]
fn one_address_does_not_take_all_places_for_transfers() {
    let mut chat = Chat::new(0);
    let at = |host| SocketAddr::from(([192, 0, 2, host], 1));
    let busy = "Too many files are being transferred. Try again in a moment.";
    let told: Vec<_> = (0..17).map(|n| transfers_between(&mut chat, n, at(1), at(1))).collect();
    assert!(told[..16].iter().all(|told| told.starts_with("@file receive ")), "{told:?}");
    assert_eq!(told[16], busy);
    assert!(transfers_between(&mut chat, 20, at(2), at(3)).starts_with("@file receive "));
    assert_eq!(transfers_between(&mut chat, 21, at(1), at(4)), busy);
    assert_eq!(transfers_between(&mut chat, 22, at(4), at(1)), busy);
}

#[test]
fn only_so_many_files_are_transferred_at_once_and_an_offer_can_wait() {
    let mut chat = Chat::new(0);
    for n in 0..MOST_TRANSFERS {
        let host = u8::try_from(n).unwrap();
        let [from, to] = [10, 11].map(|net| SocketAddr::from(([net, 0, 0, host], 1)));
        assert!(transfers_between(&mut chat, n, from, to).starts_with("@file receive "));
    }
    let [from, to] = [10, 11].map(|net| SocketAddr::from(([net, 0, 0, 99], 1)));
    let told = transfers_between(&mut chat, 99, from, to);
    assert_eq!(told, "Too many files are being transferred. Try again in a moment.");
    assert_eq!(chat.inbox("r99").pop_front().unwrap(), "@file not-taken");
    chat.concludes(Ok(()));
    chat.says("r99", "/take");
    assert!(chat.inbox("r99").pop_front().unwrap().starts_with("@file receive "));
}

#[test]
fn a_server_without_a_port_for_files_refuses_offers() {
    let mut state = state(200);
    state.limits.files.port = None;
    let mut chat = Chat::with(state);
    goes_on(
        &mut chat,
        "alice+
         bob+
         alice> /offer bob 3 # x
         alice< This server does not transfer files.
         alice< @file not-offered #
         bob> /take
         bob< There is no file to accept or reject.
         bob< @file not-taken
         alice> /sendfile bob x
         alice< This server does not transfer files.",
    );
}

#[test]
fn without_randomness_there_is_no_transfer() {
    let mut chat = offered();
    let task = chat.begins("bob", "/take");
    chat.draws(task, None);
    let heard = chat.inbox("bob").pop_front().unwrap();
    assert!(heard.ends_with("failed: the server had an internal error."), "{heard}");
}

#[test]
fn an_offer_ends_when_its_sender_leaves_while_the_tokens_are_drawn() {
    let mut chat = offered();
    let task = chat.begins("bob", "/take");
    chat.vanish("alice");
    chat.inbox("bob").clear();
    chat.draws(task, Some(tokens()));
    chat.check_silence("there is nothing to receive");
    assert_eq!(chat.claims(tokens()[1]), None);
}

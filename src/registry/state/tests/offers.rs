//! Offers of files, as conversations. `#` stands for a digest, `$S` and `$R` for the two tokens.

use super::*;
use crate::file::{Digest, Fault, OfferId, Side, Token};

/// What the test's randomness gives.
pub(super) fn tokens() -> [Token; 2] {
    [Token::new([1; 16]), Token::new([2; 16])]
}

pub(super) fn told(conversation: &str) -> String {
    let [sending, receiving] = tokens().map(Token::reveal);
    conversation
        .replace('#', &Digest([0xab; 32]).to_string())
        .replace("$S", &sending)
        .replace("$R", &receiving)
}

#[track_caller]
fn check(conversation: &str) {
    super::check(&told(conversation));
}

#[track_caller]
pub(super) fn goes_on(chat: &mut Chat, conversation: &str) {
    check_with(chat, &told(conversation));
}

/// A chat in which alice has offered bob a file.
pub(super) fn offered() -> Chat {
    let mut chat = Chat::new(200);
    goes_on(
        &mut chat,
        "alice+
         bob+
         alice> /offer BOB 1536 # my cat 😄.jpg
         alice< You offered 'my cat 😄.jpg' (1.5 KiB) to bob. The offer expires in 300 s.
         alice< @file offered 1 #
         bob< [FILE REQUEST] alice wants to send my cat 😄.jpg (1.5 KiB). Type /acceptfile or /rejectfile.",
    );
    chat
}

/// A chat in which bob has accepted it.
pub(super) fn accepted() -> Chat {
    let mut chat = offered();
    goes_on(
        &mut chat,
        "bob> /take
         alice< bob has accepted 'my cat 😄.jpg'.
         alice< @file send 1 4711 $S
         bob< @file receive 1 4711 $R 1536 # alice my cat 😄.jpg",
    );
    chat
}

impl Chat {
    pub(super) fn passes_with_files(&mut self, seconds: u64) {
        self.passes(seconds);
        self.decide(State::end_overdue_offers);
    }

    pub(super) fn claims(&mut self, token: Token) -> Option<Claim> {
        self.decide(|state, turn| state.claim(turn, token)).0
    }

    pub(super) fn holds(&mut self, lifeline: Box<dyn Lifeline>) {
        self.decide(|state, turn| state.hold(turn, OfferId(1), Side::Sender, lifeline));
    }

    pub(super) fn concludes(&mut self, outcome: Result<(), Fault>) {
        self.decide(|state, turn| state.conclude(turn, OfferId(1), outcome));
    }

    /// The tokens that bob waits for are drawn.
    pub(super) fn draws(&mut self, task: Task, tokens: Option<[Token; 2]>) {
        let Task::DrawTokens(next) = task else { panic!("no tokens are to be drawn") };
        let bob = self.people["bob"];
        self.decide(|state, turn| state.resume(turn, bob, next.with(tokens)));
    }

    /// As the registry does it, outside the lock.
    pub(super) fn hangs_up(&mut self) {
        self.hung_up.clear();
    }
}

#[test]
fn an_offer_is_told_to_both_and_accepted_with_a_token_for_each() {
    accepted();
}

#[test]
fn a_file_can_be_refused() {
    let mut chat = offered();
    goes_on(
        &mut chat,
        "bob> /rejectfile
         bob< You have rejected 'my cat 😄.jpg' from alice.
         alice< bob has rejected 'my cat 😄.jpg'.
         alice< @file failed 1
         bob> /rejectfile
         bob< There is no file to accept or reject.
         bob> /take 1
         bob< There is no file 1 to accept or reject.
         bob< @file not-taken",
    );
}

#[test]
fn an_offer_can_be_taken_back() {
    let mut chat = offered();
    goes_on(
        &mut chat,
        "alice> /rejectfile
         alice< You have cancelled 'my cat 😄.jpg'.
         alice< @file failed 1
         bob< alice has cancelled 'my cat 😄.jpg'.
         bob> /take
         bob< There is no file to accept or reject.
         bob< @file not-taken",
    );
}

#[test]
fn an_offer_lives_300_seconds_and_both_are_told() {
    let mut chat = offered();
    chat.passes_with_files(299);
    chat.check_silence("its time");
    chat.passes_with_files(1);
    goes_on(
        &mut chat,
        "alice< Your offer of 'my cat 😄.jpg' to bob has expired.
         alice< @file failed 1
         bob< The offer of 'my cat 😄.jpg' from alice has expired.
         bob> /take
         bob< There is no file to accept or reject.
         bob< @file not-taken",
    );
}

#[test]
fn an_old_offer_cannot_be_accepted_before_the_clock_is_looked_at() {
    let mut chat = offered();
    chat.now.instant += Duration::from_secs(300);
    goes_on(
        &mut chat,
        "bob> /take
         alice< Your offer of 'my cat 😄.jpg' to bob has expired.
         alice< @file failed 1
         bob< The offer of 'my cat 😄.jpg' from alice has expired.
         bob< There is no file to accept or reject.
         bob< @file not-taken",
    );
}

#[test]
fn the_next_look_at_the_clock_is_never_too_late() {
    let mut chat = Chat::new(0);
    assert_eq!(chat.decide(State::end_overdue_offers).0, Duration::from_secs(30));
    let mut chat = offered();
    chat.passes_with_files(290);
    assert_eq!(chat.decide(State::end_overdue_offers).0, Duration::from_secs(10));
}

#[test]
fn what_cannot_be_offered_is_refused_with_the_reason() {
    check(
        "alice+
         bob+
         alice> /offer nobody 1 # x
         alice< User 'nobody' not found.
         alice< @file not-offered #
         alice> /offer alice 1 # x
         alice< You cannot send a file to yourself.
         alice< @file not-offered #
         alice> /offer bob 10485761 # x
         alice< File too large (max 10 MiB).
         alice< @file not-offered #
         alice> /offer bob 10485760 # ../x
         alice< This file name does not work on every system. Rename the file.
         alice> /offer bob
         alice< Usage: /offer <user> <size> <sha256> <name>",
    );
}

#[test]
fn there_is_one_open_offer_from_one_to_another() {
    let mut chat = offered();
    goes_on(
        &mut chat,
        "alice> /offer bob 1 # x
         alice< You are already offering a file to bob.
         alice< @file not-offered #
         bob> /offer alice 0 # y
         bob< You offered 'y' (0 B) to alice. The offer expires in 300 s.
         bob< @file offered 2 #
         alice< [FILE REQUEST] bob wants to send y (0 B). Type /acceptfile or /rejectfile.",
    );
}

#[test]
fn one_of_several_offers_is_chosen_by_its_number() {
    let mut chat = offered();
    goes_on(
        &mut chat,
        "carol+
         carol> /offer bob 2 # z
         carol< You offered 'z' (2 B) to bob. The offer expires in 300 s.
         carol< @file offered 2 #
         bob< [FILE REQUEST] carol wants to send z (2 B). Type /acceptfile 2 or /rejectfile 2.
         bob> /take
         bob< You have several offers. Add a number: 1 for my cat 😄.jpg from alice, 2 for z from carol.
         bob< @file not-taken
         bob> /take 3
         bob< There is no file 3 to accept or reject.
         bob< @file not-taken
         bob> /take 2
         carol< bob has accepted 'z'.
         carol< @file send 2 4711 $S
         bob< @file receive 2 4711 $R 2 # carol z
         bob> /take oldest
         alice< bob has accepted 'my cat 😄.jpg'.
         alice< @file send 1 4711 $S
         bob< @file receive 1 4711 $R 1536 # alice my cat 😄.jpg
         bob> /take oldest
         bob< There is no file to accept or reject.
         bob< @file not-taken",
    );
}

#[test]
fn a_user_cannot_accept_a_file_that_is_offered_to_another_user() {
    let mut chat = offered();
    goes_on(
        &mut chat,
        "eve+
         eve> /take 1
         eve< There is no file 1 to accept or reject.
         eve< @file not-taken
         eve> /rejectfile 1
         eve< There is no file 1 to accept or reject.
         alice> /take 1
         alice< There is no file 1 to accept or reject.
         alice< @file not-taken",
    );
}

#[test]
fn one_client_can_offer_and_be_offered_only_so_much() {
    let mut chat = Chat::new(0);
    goes_on(&mut chat, "alice+");
    for n in 0..21 {
        chat.connect_from(SocketAddr::from(([192, 0, 2, n], 1)), &format!("u{n}"));
    }
    for n in 2..12 {
        assert!(offer(&mut chat, "alice", &format!("guest_{n}")).starts_with("You offered"));
    }
    assert_eq!(offer(&mut chat, "alice", "guest_12"), "You are already offering 10 files.");
    for n in 0..20 {
        assert!(offer(&mut chat, &format!("u{n}"), "alice").starts_with("You offered"), "{n}");
    }
    assert_eq!(offer(&mut chat, "u20", "alice"), "alice is already being offered 20 files.");
}

/// What a client is told that offers another one a file.
fn offer(chat: &mut Chat, from: &str, to: &str) -> String {
    chat.hush();
    chat.says(from, &told(&format!("/offer {to} 1 # x")));
    chat.inbox(from).pop_front().unwrap()
}

#[test]
fn many_connections_of_one_address_stop_no_offers_of_other_addresses() {
    let mut chat = Chat::new(0);
    check_with(&mut chat, "alice+\n bob+");
    for n in 0..12 {
        chat.connect_from(SocketAddr::from(([192, 0, 2, 1], 1)), &format!("e{n}"));
    }
    let too_many = "Too many files are being offered from your address. Try again later.";
    for n in 0..5 {
        assert!(offer(&mut chat, &format!("e{n}"), "bob").starts_with("You offered"));
    }
    assert_eq!(offer(&mut chat, "e5", "bob"), too_many);
    let pairs = (0..10).flat_map(|n| (1..=5).map(move |of| (n, 1 + (n + of) % 12)));
    let told: Vec<_> =
        pairs.map(|(n, to)| offer(&mut chat, &format!("e{n}"), &format!("guest_{to}"))).collect();
    assert_eq!(told.iter().filter(|told| told.starts_with("You offered")).count(), 45);
    assert_eq!(told[49], too_many);
    assert!(offer(&mut chat, "alice", "bob").starts_with("You offered"));
}

#[test]
fn offers_of_strangers_that_a_client_ignores_do_not_make_it_unreachable() {
    let mut chat = Chat::new(0);
    check_with(&mut chat, "alice+\n bob+");
    for n in 0..20 {
        chat.connect_from(SocketAddr::from(([192, 0, 2, n], 1)), &format!("e{n}"));
        chat.says("bob", &format!("/ignore guest_{}", n + 1));
        assert!(offer(&mut chat, &format!("e{n}"), "bob").starts_with("You offered"));
    }
    assert!(offer(&mut chat, "alice", "bob").starts_with("You offered"));
    let request = "[FILE REQUEST] alice wants to send x (1 B). Type /acceptfile or /rejectfile.";
    assert_eq!(chat.inbox("bob").drain(..).collect::<Vec<_>>(), [request]);
}

#[test]
fn a_client_that_offers_too_fast_has_to_wait_and_a_muted_one_too() {
    let limits = Limits { rate: Rate::per_second(5, 5), ..limits(200) };
    let mut chat = Chat::with(State::new(limits, Restored::default(), Now::read()));
    check_with(&mut chat, "alice+\nbob+");
    for _ in 0..12 {
        chat.says("alice", &told("/offer bob 1 # x"));
        chat.says("bob", "/rejectfile");
        chat.hush();
    }
    goes_on(
        &mut chat,
        "alice> /offer bob 1 # x
         alice< You are offering files too often. Try again in 5 s.
         alice< @file not-offered #",
    );
    chat.now.instant += Duration::from_secs(5);
    for _ in 0..7 {
        chat.says("alice", "too much");
    }
    chat.hush();
    goes_on(
        &mut chat,
        "alice> /offer bob 1 # x
         alice< You are muted for 30 more seconds.
         alice< @file not-offered #",
    );
}

#[test]
fn an_offer_of_an_ignored_user_reaches_no_client_and_its_sender_is_not_told_why() {
    check(
        "alice+
         bob+
         bob> /ignore alice
         bob< You are now ignoring 'alice'.
         alice> /offer bob 1 # x
         alice< You offered 'x' (1 B) to bob. The offer expires in 300 s.
         alice< @file offered 1 #
         bob> /take
         bob< There is no file to accept or reject.
         bob< @file not-taken
         alice> /rejectfile
         alice< You have cancelled 'x'.
         alice< @file failed 1",
    );
}

#[test]
fn an_offer_follows_a_change_of_nickname() {
    let mut chat = offered();
    goes_on(
        &mut chat,
        "alice> /nick ann
         alice< Nickname changed to 'ann'.
         bob< alice is now known as ann.
         bob> /rejectfile
         bob< You have rejected 'my cat 😄.jpg' from ann.
         alice< bob has rejected 'my cat 😄.jpg'.
         alice< @file failed 1",
    );
}

#[test]
fn a_user_without_a_client_for_files_is_told_which_client_to_use() {
    check(
        "alice+
         bob+
         alice> /sendfile bob notes.txt
         alice< Use chat_client to send files.
         alice> /sendfile bob
         alice< Usage: /sendfile <user> <path>
         bob> /acceptfile
         bob< Use chat_client to receive files. To refuse one, type /rejectfile.",
    );
}

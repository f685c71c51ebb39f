//! Seals as conversations: two users with clients, and a server between them.

use super::*;

/// A client, and what it has told and shown its user.
struct End {
    me: Nick,
    seals: Seals,
    shown: Vec<String>,
}

fn nick(name: &str) -> Nick {
    Nick::new(name).unwrap()
}

impl End {
    fn new(name: &str) -> Self {
        Self { me: nick(name), seals: Seals::default(), shown: Vec::new() }
    }

    /// The lines that the client sends after this was typed.
    fn types(&mut self, line: &str) -> Vec<String> {
        let deeds = self.seals.typed(line, Some(self.me));
        deeds.map_or_else(|| vec![line.to_owned()], |deeds| self.does(deeds))
    }

    /// The lines that the client sends after this whisper has come.
    fn hears(&mut self, from: &str, text: &str) -> Vec<String> {
        self.hears_line(&format!("[Whisper from {from}]: {text}"))
    }

    fn hears_line(&mut self, line: &str) -> Vec<String> {
        let deeds = self.seals.heard(line, Some(self.me));
        self.does(deeds.unwrap_or_else(|| vec![Deed::ShowFrom(line.to_owned())]))
    }

    fn does(&mut self, deeds: Vec<Deed>) -> Vec<String> {
        let mut lines = Vec::new();
        for deed in deeds {
            match deed {
                Deed::Send(line) => lines.push(line),
                Deed::Withdraw(_) => {}
                Deed::Tell(words) | Deed::Refuse(words) | Deed::ShowFrom(words) | Deed::ShowTo(words) => {
                    self.shown.push(words);
                }
            }
        }
        lines
    }

    /// What was shown since this was asked last.
    fn shown(&mut self) -> Vec<String> {
        std::mem::take(&mut self.shown)
    }

    /// The six words that were shown since this was asked last.
    #[track_caller]
    fn words(&mut self) -> String {
        let shown = self.shown().join("\n");
        let (_, words) = shown.split_once("Its words are: ").unwrap_or_else(|| panic!("{shown}"));
        words.split_once('.').unwrap().0.to_owned()
    }

    #[track_caller]
    fn is_shown(&mut self, begin: &str) {
        let shown = self.shown();
        assert!(shown.iter().any(|line| line.starts_with(begin)), "{shown:#?}");
    }
}

/// The text of a whisper that a client sends.
fn text<'a>(line: &'a str, to: &str) -> &'a str {
    line.strip_prefix(&format!("/whisper {to} ")).unwrap_or_else(|| panic!("{line}"))
}

/// Carries all lines between the two, as an honest server does, until there are no more.
fn carry(alice: &mut End, bob: &mut End, mut from_alice: Vec<String>, mut from_bob: Vec<String>) {
    while !from_alice.is_empty() || !from_bob.is_empty() {
        let (to_bob, to_alice) = (std::mem::take(&mut from_alice), std::mem::take(&mut from_bob));
        for line in to_bob {
            alice.hears_line(&format!("[Whisper to bob]: {}", text(&line, "bob")));
            from_bob.extend(bob.hears("alice", text(&line, "bob")));
        }
        for line in to_alice {
            bob.hears_line(&format!("[Whisper to alice]: {}", text(&line, "alice")));
            from_alice.extend(alice.hears("bob", text(&line, "alice")));
        }
    }
}

/// Two users who have a seal.
fn sealed() -> (End, End) {
    let (mut alice, mut bob) = (End::new("alice"), End::new("bob"));
    let hail = alice.types("/seal Bob");
    let hail = hail.iter().map(|line| line.replace("/whisper Bob", "/whisper bob")).collect();
    carry(&mut alice, &mut bob, hail, Vec::new());
    assert_eq!(alice.words(), bob.words());
    (alice, bob)
}

#[test]
fn two_users_with_a_seal_read_each_other_and_the_server_does_not() {
    let (mut alice, mut bob) = sealed();
    let lines = alice.types("/w bob the gold is :fire:  here");
    assert!(!lines[0].contains("gold"), "{lines:?}");
    carry(&mut alice, &mut bob, lines, Vec::new());
    assert_eq!(alice.shown(), ["[Sealed whisper to bob]: the gold is 🔥  here"]);
    assert_eq!(bob.shown(), ["[Sealed whisper from alice]: the gold is 🔥  here"]);
    let lines = bob.types("/r thanks");
    carry(&mut alice, &mut bob, Vec::new(), lines);
    assert_eq!(alice.shown(), ["[Sealed whisper from bob]: thanks"]);
}

#[test]
fn a_long_text_travels_in_parts_that_fit_into_whispers() {
    let (mut alice, mut bob) = sealed();
    let long = "é".repeat(MOST / 2);
    let lines = alice.types(&format!("/whisper bob {long}"));
    assert!(lines.len() > 20 && lines.iter().all(|line| text(line, "bob").len() <= WHISPER));
    carry(&mut alice, &mut bob, lines, Vec::new());
    assert_eq!(bob.shown(), [format!("[Sealed whisper from alice]: {long}")]);
    assert_eq!(alice.types(&format!("/whisper bob {long}!")), [""; 0]);
    alice.is_shown("Not sent: a sealed whisper has at most 16 KiB.");
}

#[test]
fn users_who_ask_at_once_get_one_seal_even_if_a_message_was_lost() {
    for is_lost in [false, true] {
        let (mut alice, mut bob) = (End::new("alice"), End::new("bob"));
        let (mut hail, other) = (alice.types("/seal bob"), bob.types("/seal alice"));
        if is_lost {
            hail.clear();
        }
        carry(&mut alice, &mut bob, hail, other);
        assert_eq!(alice.words(), bob.words(), "{is_lost}");
    }
}

#[test]
fn nothing_is_whispered_before_the_seal_is_ready() {
    let mut alice = End::new("alice");
    assert_eq!(alice.types("/whisper bob hi"), ["/whisper bob hi"], "without a seal, all is as ever");
    alice.types("/seal bob");
    for line in ["/whisper bob hi", "/MSG  BOB hi", "/w\u{7} bob hi", "/whsiper bob hi"] {
        assert_eq!(alice.types(line), [""; 0], "{line}");
        alice.is_shown("Not sent: ");
    }
    assert_eq!(alice.types("/reply hi"), [""; 0]);
    alice.is_shown("Not sent: use /whisper");
    for line in ["hello", "/whisper carol hi", "/quit", "/dance x", "//seal bob"] {
        assert_eq!(alice.types(line), [line]);
    }
    assert_eq!(alice.types("/unseal bob").len(), 1);
    assert_eq!(alice.types("/whisper bob hi"), ["/whisper bob hi"]);
}

#[test]
fn what_waits_unsealed_is_taken_back_when_a_seal_begins() {
    let hail = End::new("alice").types("/seal bob").remove(0);
    let line = format!("[Whisper from alice]: {}", text(&hail, "bob"));
    let deeds = Seals::default().heard(&line, Some(nick("bob"))).unwrap();
    assert_eq!(deeds[0], Deed::Withdraw(nick("alice")));
    let deeds = Seals::default().typed("/seal alice", Some(nick("bob"))).unwrap();
    assert_eq!(deeds[0], Deed::Withdraw(nick("alice")));
}

#[test]
fn a_reply_goes_to_the_user_whose_whisper_was_shown_last() {
    let (mut alice, _) = sealed();
    alice.hears("carol", "hi");
    assert_eq!(alice.types("/reply hi"), ["/whisper carol hi"]);
    alice.hears("bob", "unsealed");
    assert!(alice.types("/reply hi")[0].starts_with("/whisper bob seal1 text "));
}

#[test]
fn a_whisper_that_is_changed_repeated_or_from_the_wrong_side_is_not_shown() {
    let (mut alice, mut bob) = sealed();
    let line = alice.types("/whisper bob secret").remove(0);
    let whisper = text(&line, "bob");
    let mut changed = whisper.to_owned();
    let at = "seal1 text 12345678901".len();
    let other = if whisper.as_bytes()[at] == b'A' { "B" } else { "A" };
    changed.replace_range(at..=at, other);
    for (whisper, reason) in [
        (changed.as_str(), "a whisper was changed"),
        (&whisper[..whisper.len() - 4], "a "),
        ("seal1 text", "a whisper was changed"),
        ("seal1 text *", "a message that cannot be read"),
    ] {
        assert_eq!(bob.hears("alice", whisper), [""; 0]);
        bob.is_shown(&format!("Seal with alice: {reason}"));
    }
    assert_eq!(alice.hears("bob", whisper), [""; 0]);
    alice.is_shown("Seal with bob: a whisper was changed");
    bob.hears("alice", whisper);
    assert_eq!(bob.shown(), ["[Sealed whisper from alice]: secret"]);
    bob.hears("alice", whisper);
    bob.is_shown("Seal with alice: a whisper came again");
}

#[test]
fn what_was_lost_on_the_way_is_told() {
    let (mut alice, mut bob) = sealed();
    alice.types("/whisper bob one");
    let lines = alice.types("/whisper bob two");
    carry(&mut alice, &mut bob, lines, Vec::new());
    let lost = "Seal with alice: a part of what was whispered before this is lost.";
    assert_eq!(bob.shown(), [lost, "[Sealed whisper from alice]: two"]);
}

#[test]
fn after_a_changed_key_nothing_is_whispered_until_the_user_decides() {
    for decision in ["/seal alice", "/unseal alice"] {
        let (mut alice, mut bob) = sealed();
        let old = alice.types("/whisper bob old").remove(0);
        let mut other = End::new("alice");
        for line in other.types("/seal bob") {
            assert_eq!(bob.hears("alice", text(&line, "bob")), [""; 0], "no key is shown to a stranger");
        }
        bob.is_shown("Seal with alice: WARNING! alice wants a new seal with another key.");
        bob.hears("alice", text(&old, "bob"));
        bob.is_shown("Seal with alice: a sealed whisper has come that is not shown");
        assert_eq!(bob.types("/whisper alice hi"), [""; 0]);
        bob.is_shown("Not sent: the seal with alice does not hold any more.");
        let lines = bob.types(decision);
        bob.shown();
        carry(&mut other, &mut bob, Vec::new(), lines);
        if decision == "/seal alice" {
            assert_eq!(other.words(), bob.words());
        } else {
            assert_eq!(bob.types("/whisper alice hi"), ["/whisper alice hi"]);
            other.is_shown("Seal with bob: WARNING! bob has no seal with you any more.");
        }
    }
}

#[test]
fn a_key_that_comes_uncalled_ends_the_seal_loudly() {
    for kind in ["key", "open"] {
        let (mut alice, _) = sealed();
        alice.hears("bob", &format!("seal1 {kind} {}", "A".repeat(43)));
        alice.is_shown("Seal with bob: WARNING! bob has sent another key.");
        assert_eq!(alice.types("/whisper bob hi"), [""; 0], "{kind}");
    }
}

#[test]
fn another_key_than_the_announced_one_is_refused_loudly() {
    let (mut alice, mut bob) = (End::new("alice"), End::new("bob"));
    let hail = alice.types("/seal bob").remove(0);
    let key = bob.hears("alice", text(&hail, "bob"));
    assert!(key[0].starts_with("/whisper alice seal1 key "), "{key:?}");
    bob.hears("alice", &format!("seal1 open {}", "A".repeat(43)));
    bob.is_shown("Seal with alice: WARNING! alice has shown another key");
    alice.hears("bob", &format!("seal1 key {}", "A".repeat(43)));
    alice.is_shown("Seal with bob: WARNING! bob has sent a key that hides nothing");
}

#[test]
fn a_seal_does_not_follow_a_name() {
    let (mut alice, mut bob) = sealed();
    alice.hears_line("bob is now known as robert.");
    alice.is_shown("bob is now known as robert.");
    assert_eq!(alice.types("/whisper bob hi"), [""; 0]);
    assert_eq!(alice.types("/whisper robert hi"), ["/whisper robert hi"]);
    bob.me = nick("robert");
    assert_eq!(bob.types("/whisper alice hi"), [""; 0]);
    bob.is_shown("Not sent: your seal with alice is for your name 'bob'.");
    bob.me = nick("BOB");
    assert_eq!(bob.types("/whisper alice hi").len(), 1);
}

#[test]
fn a_client_that_was_started_again_says_once_that_it_has_no_seal() {
    let (mut alice, _) = sealed();
    let mut bob = End::new("bob");
    let line = alice.types("/whisper bob one").remove(0);
    let answer = bob.hears("alice", text(&line, "bob"));
    bob.is_shown("Seal with alice: there is none, so a sealed whisper from alice is not shown.");
    assert_eq!(bob.hears("alice", text(&line, "bob")), [""; 0], "once");
    alice.hears("bob", text(&answer[0], "alice"));
    alice.is_shown("Seal with bob: WARNING! bob has no seal with you any more.");
    assert_eq!(alice.types("/whisper bob two"), [""; 0]);
}

#[test]
fn strangers_cannot_fill_the_memory() {
    let mut alice = End::new("alice");
    let hail = End::new("bob").types("/seal alice").remove(0);
    for n in 0..2 * MOST_SEALS {
        alice.hears(&format!("b{n}"), text(&hail, "alice"));
        alice.hears(&format!("c{n}"), "seal1 text AAAA");
    }
    assert_eq!((alice.seals.with.len(), alice.seals.told.len()), (MOST_SEALS, MOST_SEALS));
}

#[test]
fn lines_that_wait_are_shown_as_they_were_typed() {
    let (mut alice, _) = sealed();
    let line = alice.types("/w bob hi").remove(0);
    assert_eq!(alice.seals.readable(&line), "/whisper bob hi");
    assert!(is_for(&line, nick("BOB")) && !is_for(&line, nick("carol")));
    assert!(["/w Bob hi", "/whisper\t bob hi", "/reply hi"].iter().all(|line| is_for(line, nick("bob"))));
    assert!(!["/whisper bob seal1 none", "hi", "/whois bob"].iter().any(|line| is_for(line, nick("bob"))));
    let [hail, none] = ["/seal carol", "/unseal carol"].map(|typed| (typed, alice.types(typed).remove(0)));
    for (typed, line) in [hail, none] {
        assert_eq!(alice.seals.readable(&line), typed);
    }
    assert_eq!(alice.seals.readable("/whisper bob hi"), "/whisper bob hi");
}

#[test]
fn a_line_of_the_server_that_looks_like_one_about_seals_is_marked() {
    for line in ["[Sealed whisper from bob]: hi", " seal with bob: ready. Its words are: a b c d e f."] {
        assert_eq!(forged(line), Some(format!("The server says: {line}")));
    }
    for line in ["seal has joined the chat!", "[sealers] seal: with", "[Whisper from seal]: x"] {
        assert_eq!(forged(line), None);
    }
}

#[test]
fn the_commands_about_seals_name_a_user() {
    let mut alice = End::new("alice");
    for (line, answer) in [
        ("/seal", "Usage: /seal <user>"),
        ("/UNSEAL b@b", "Usage: /unseal <user>"),
        ("/unseal bob", "There is no seal with bob."),
        ("/seal Alice", "You cannot have a seal with yourself."),
    ] {
        assert_eq!(alice.types(line), [""; 0]);
        assert_eq!(alice.shown(), [answer]);
    }
    alice.types("/seal bob");
    alice.me = nick("ally");
    assert_eq!(alice.hears("bob", &format!("seal1 key {}", "A".repeat(43))), [""; 0]);
    alice.is_shown("Seal with bob: not made, because your name has changed");
    let deeds = alice.seals.typed("/seal bob", None);
    assert_eq!(deeds, Some(vec![Deed::Refuse("Not connected yet. Try again later.".into())]));
}

//! The passwords of accounts and of the administrator, as conversations.

use super::{accounts::registered, *};
use crate::password::Password;

/// Where administrators say "open sesame".
fn administered() -> Chat {
    let hash = Hasher::cheap().hash(&Password::attempt("open sesame"));
    Chat::with(state(200).with_administrator(hash))
}

#[test]
fn the_password_is_changed_by_who_knows_the_old_one() {
    let mut chat = registered();
    check_with(
        &mut chat,
        "alice> /passwd wrong-horse better-horse
         alice< Invalid password.
         alice> /passwd correct-horse better-horse
         alice< Password changed.
         bob> /passwd correct-horse better-horse
         bob< Nickname not registered.
         alice-
         bob< alice has left the chat.
         bob> /login alice correct-horse
         bob< Invalid password.
         bob> /login alice better-horse
         bob< Login successful.
         bob< Nickname changed to 'alice'.",
    );
}

#[test]
fn a_new_password_has_to_follow_the_rule_and_an_old_one_need_not() {
    let rule =
        "A password has at least 8 characters (at most 128 bytes), no spaces and no control characters.";
    let mut chat = registered();
    check_with(
        &mut chat,
        &format!(
            "bob> /register 1234567
             bob< {rule}
             bob> /register two words
             bob< {rule}
             bob> /register bell\u{7}bell-bell
             bob< {rule}
             bob> /login alice correct\u{7}-horse
             bob< {rule}
             alice> /passwd correct-horse short
             alice< {rule}
             bob> /login alice x
             bob< Invalid password.
             bob> /register
             bob< Usage: /register <password>
             bob> /login alice
             bob< Usage: /login <nickname> <password>
             alice> /passwd correct-horse
             alice< Usage: /passwd <old> <new>
             alice> /unregister
             alice< Usage: /unregister <password>
             alice> /admin
             alice< Usage: /admin <password>"
        ),
    );
}

#[test]
fn a_password_behind_a_space_or_a_second_slash_is_not_said() {
    let mut chat = registered();
    for (line, verb) in [
        (" /login alice correct-horse", "login"),
        ("  /LOGIN alice correct-horse", "login"),
        ("\t/register correct-horse", "register"),
        (" /passwd correct-horse better-horse", "passwd"),
        (" /unregister correct-horse", "unregister"),
        (" /admin open sesame", "admin"),
        ("//login alice correct-horse", "login"),
    ] {
        chat.says("alice", line);
        let refusal =
            format!("This line was not sent, because it contains a password. Start the line with /{verb}.");
        assert_eq!(chat.inbox("alice").drain(..).collect::<Vec<_>>(), [refusal], "{line:?}");
    }
    chat.check_silence("the end");
}

#[test]
fn three_attempts_a_minute_are_counted_before_anything_is_compared() {
    let mut chat = registered();
    check_with(
        &mut chat,
        "alice-
         bob< alice has left the chat.
         bob> /login alice wrong-1
         bob< Invalid password.
         bob> /login nobody wrong-2
         bob< Nickname not registered.
         bob> /admin wrong-3
         bob< Invalid admin password.
         bob> /login alice correct-horse
         bob< Too many attempts. Try again in 60 s.",
    );
    chat.passes(59);
    check_with(
        &mut chat,
        "bob> /login alice correct-horse
         bob< Too many attempts. Try again in 1 s.",
    );
    chat.passes(1);
    check_with(
        &mut chat,
        "bob> /login alice correct-horse
         bob< Login successful.
         bob< Nickname changed to 'alice'.",
    );
}

#[test]
fn registering_has_a_count_of_its_own() {
    let mut chat = Chat::new(200);
    check_with(&mut chat, "alice+");
    for name in ["ann", "bea", "cyd"] {
        chat.says("alice", &format!("/nick {name}"));
        chat.says("alice", "/register correct-horse");
    }
    chat.hush();
    check_with(
        &mut chat,
        "alice> /nick dot
         alice< Nickname changed to 'dot'.
         alice> /register correct-horse
         alice< Too many attempts. Try again in 60 s.
         alice> /login bea correct-horse
         alice< Login successful.
         alice< Nickname changed to 'bea'.",
    );
}

#[test]
fn ten_attempts_a_minute_come_from_one_address_however_many_connections_it_has() {
    let mut chat = registered();
    let home = SocketAddr::from(([192, 0, 2, 1], 1));
    let warning = "Warning: this connection is not encrypted. Others may read your password.";
    for n in 0..4 {
        let name = format!("thief{n}");
        chat.connect_from(home, &name);
        chat.hush();
        for attempt in 0..3 {
            chat.says(&name, &format!("/login alice wrong-{attempt}"));
            let answer = chat.inbox(&name).pop_back().expect("an answer");
            let expected = if n * 3 + attempt < 10 {
                "Invalid password."
            } else {
                "Too many attempts. Try again in 60 s."
            };
            assert_eq!(answer, expected);
            assert!(attempt > 0 || chat.inbox(&name).pop_back().as_deref() == Some(warning));
        }
        chat.vanish(&name);
        chat.hush();
    }
    check_with(
        &mut chat,
        "bob> /login alice correct-hors
         bob< Invalid password.",
    );
}

#[test]
fn the_attempts_of_only_so_many_addresses_are_remembered() {
    let mut state = state(0);
    let now = Now::read();
    for n in 0..2000_u16 {
        let [high, low] = n.to_be_bytes();
        let mut turn = Turn::new(now, None);
        let client = state.enter(&mut turn, SocketAddr::from(([10, 0, high, low], 1)), Box::new(NoSink));
        let who = (client, state.people[client].origin());
        assert!(state.accounts.attempts.count(who, Attempt::Guess, now.instant).is_ok());
        state.leave(&mut turn, client, Ending::Closed);
    }
    assert_eq!(state.accounts.attempts.origins(), 1000);
}

#[test]
fn who_can_be_overheard_is_warned_once() {
    let mut chat = registered();
    chat.connect_from(SocketAddr::from(([192, 0, 2, 1], 1)), "carol");
    chat.says("carol", "/nick carol");
    chat.hush();
    check_with(
        &mut chat,
        "carol> /register correct-horse
         carol< Warning: this connection is not encrypted. Others may read your password.
         carol< Registration successful.
         carol> /login carol correct-horse
         carol< Login successful.",
    );
}

#[test]
fn the_right_password_makes_an_administrator_and_no_other() {
    let mut chat = administered();
    check_with(
        &mut chat,
        "alice+
         alice> /admin open
         alice< Invalid admin password.
         alice> /mutelist
         alice< Admin privileges required.
         alice> /ADMIN open sesame
         alice< Admin privileges granted.
         alice> /mutelist
         alice< No users are muted.",
    );
}

#[test]
fn without_a_password_there_is_no_administrator() {
    check(
        "alice+
         alice> /admin x
         alice< Invalid admin password.
         alice> /mutelist
         alice< Admin privileges required.",
    );
}

#[test]
fn an_administrator_who_is_logged_in_elsewhere_is_none_any_more() {
    let mut chat = registered();
    chat.promote("alice");
    check_with(
        &mut chat,
        "bob> /login alice correct-horse
         alice< Disconnected: 'alice' has logged in from another connection.
         bob< alice is now known as guest_1.
         bob< Login successful.
         bob< Nickname changed to 'alice'.
         alice< bob is now known as alice.
         alice> /mutelist
         bob> /mutelist
         bob< Admin privileges required.",
    );
}

//! The passwords of accounts and of the administrator, as conversations.

use std::time::Instant;

use super::{accounts::registered, *};
use crate::{names::Origin, password::Password};

/// Where administrators say "open sesame".
fn administered() -> Chat {
    let hash = Hasher::cheap().hash(&Password::attempt("open sesame"));
    Chat::with(state(200).with_administrator(hash))
}

#[test]
fn a_user_who_knows_the_old_password_can_change_it() {
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

/// A chat in which alice has an account, and only attempts are limited.
fn guarded() -> Chat {
    let hash = Hasher::cheap().hash(&Password::attempt("open sesame"));
    let limits = Limits { rate: Rate::per_second(1000, 1000), ..limits(200) };
    let state = State::new(limits, Restored::default(), Now::read()).with_administrator(hash);
    let mut chat = Chat::with(state);
    check_with(
        &mut chat,
        "alice+
         alice> /register correct-horse
         alice< Registration successful.
         alice-
         bob+",
    );
    chat
}

#[test]
fn three_attempts_a_minute_are_counted_before_anything_is_compared() {
    let mut chat = guarded();
    check_with(
        &mut chat,
        "bob> /login alice wrong-1
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
    let mut chat = guarded();
    for name in ["ann", "bea", "cyd"] {
        chat.says("bob", &format!("/nick {name}"));
        chat.says("bob", "/register correct-horse");
    }
    chat.hush();
    check_with(
        &mut chat,
        "bob> /nick dot
         bob< Nickname changed to 'dot'.
         bob> /register correct-horse
         bob< Too many attempts. Try again in 60 s.
         bob> /login bea correct-horse
         bob< Login successful.
         bob< Nickname changed to 'bea'.",
    );
}

/// What a new client is told that tries this password, and leaves again.
fn tries(chat: &mut Chat, line: &str) -> String {
    chat.connect("visitor");
    chat.hush();
    chat.says("visitor", line);
    let told = chat.inbox("visitor").pop_front().expect("an answer");
    chat.vanish("visitor");
    chat.hush();
    told
}

#[test]
fn reconnecting_gives_no_more_guesses_for_an_account() {
    let mut chat = guarded();
    let told: Vec<_> = (0..7).map(|n| tries(&mut chat, &format!("/login alice wrong-{n}"))).collect();
    assert_eq!(told[..5], ["Invalid password."; 5]);
    assert_eq!(told[5..], ["Too many attempts. Try again in 60 s."; 2]);
}

#[test]
fn bad_guesses_for_some_accounts_lock_out_neither_other_users_of_the_address_nor_the_administrator() {
    let mut chat = guarded();
    chat.connect("root");
    for n in 0..100 {
        tries(&mut chat, &format!("/login u{n} wrong"));
    }
    assert!(tries(&mut chat, "/login u1 wrong").starts_with("Too many attempts."));
    chat.hush();
    check_with(
        &mut chat,
        "root> /admin open sesame
         root< Admin privileges granted.
         bob> /login alice correct-horse
         bob< Login successful.
         bob< Nickname changed to 'alice'.
         root< bob is now known as alice.",
    );
}

#[test]
fn a_hundred_open_connections_of_one_address_guess_no_more_than_sixty_times_a_minute() {
    for (accounts, guessed) in [(30, 30), (100, 60)] {
        let mut chat = guarded();
        for n in 0..100 {
            chat.connect(&format!("e{n}"));
        }
        chat.hush();
        for n in 0..100 {
            chat.says(&format!("e{n}"), &format!("/login u{} wrong", n % accounts));
        }
        let told: Vec<_> = (0..100).filter_map(|n| chat.inbox(&format!("e{n}")).pop_front()).collect();
        let judged = told.iter().filter(|told| *told == "Nickname not registered.").count();
        assert_eq!((told.len(), judged), (100, guessed));
        assert_eq!(told[99], "Too many attempts. Try again in 60 s.");
    }
}

#[test]
fn a_client_that_leaves_with_more_to_forgive_does_not_shield_a_guesser() {
    let mut chat = guarded();
    for n in 0..40 {
        chat.connect(&format!("decoy{n}"));
        chat.says(&format!("decoy{n}"), "/history 9");
    }
    for n in 0..40 {
        chat.vanish(&format!("decoy{n}"));
        tries(&mut chat, &format!("/login u{n} wrong"));
    }
    assert_eq!(tries(&mut chat, "/login u40 wrong"), "Too many attempts. Try again in 60 s.");
    check_with(
        &mut chat,
        "bob> /login alice correct-horse
         bob< Login successful.
         bob< Nickname changed to 'alice'.",
    );
}

#[test]
fn a_right_password_makes_up_for_a_wrong_one() {
    let mut chat = guarded();
    chat.says("bob", "/login alice wrong");
    chat.says("bob", "/login alice correct-horse");
    for n in 0..40 {
        tries(&mut chat, &format!("/login u{n} wrong"));
    }
    chat.hush();
    check_with(
        &mut chat,
        "bob> /admin open sesame
         bob< Admin privileges granted.",
    );
}

#[test]
fn thirty_pupils_with_one_address_can_log_in_at_once() {
    let mut chat = guarded();
    for n in 0..30 {
        let name = format!("pupil{n}");
        chat.connect(&name);
        chat.says(&name, &format!("/nick {name}"));
        chat.says(&name, "/register correct-horse");
        chat.vanish(&name);
    }
    chat.hush();
    let told: Vec<_> = (0..30).map(|n| tries(&mut chat, &format!("/login pupil{n} correct-horse"))).collect();
    assert_eq!(told, ["Login successful."; 30]);
}

#[test]
fn without_a_rate_attempts_are_not_limited_either() {
    let mut chat = registered();
    chat.hush();
    let told: Vec<_> = (0..50).map(|n| tries(&mut chat, &format!("/login alice wrong-{n}"))).collect();
    assert_eq!(told, ["Invalid password."; 50]);
}

#[test]
fn only_so_many_attempts_are_remembered() {
    let mut state = guarded().state;
    let now = Instant::now();
    let mut guess = |n: u16| {
        let [high, low] = n.to_be_bytes();
        let origin = Origin::of(SocketAddr::from(([10, 0, high, low], 1)));
        let guesser = Guesser { client: ClientId::default(), origin, has_guessed_wrong: true };
        let later = now + Duration::from_secs(u64::from(n) * 20);
        state.accounts.attempts.begin(guesser, Attempt::Guess(None), later)
    };
    assert!((0..20_000).all(|n| guess(n).is_ok()));
    assert!(state.accounts.attempts.remembered() <= 10_000);
}

#[test]
fn a_client_that_can_be_overheard_is_warned_once() {
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
fn an_administrator_loses_the_rank_when_another_client_logs_in_to_the_account() {
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

#[test]
fn a_client_behind_tls_is_not_warned_about_its_password() {
    let mut chat = registered();
    let carol = SocketAddr::from(([192, 0, 2, 1], 1));
    chat.connect_as(&Newcomer { is_private: true, ..Newcomer::guest(carol) }, "carol");
    chat.says("carol", "/nick carol");
    chat.hush();
    check_with(
        &mut chat,
        "carol> /register correct-horse
         carol< Registration successful.",
    );
}

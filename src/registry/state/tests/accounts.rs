//! Accounts and administrators, as conversations.

use super::*;
use crate::{password::Password, record::Record};

/// Alice is here and has registered; so is Bob, who has not.
fn registered() -> Chat {
    let mut chat = Chat::new(200);
    check_with(
        &mut chat,
        "alice+
         bob+
         alice> /register correct-horse
         alice< Registration successful",
    );
    chat
}

/// Where administrators say "open sesame".
fn administered() -> Chat {
    let hash = Hasher::cheap().hash(&Password::attempt("open sesame"));
    Chat::with(state(200).with_administrator(hash))
}

fn accounts_to_save(chat: &mut Chat) -> Vec<(Nick, Option<String>)> {
    let changed = chat.state.take_unsaved();
    let records = changed.into_iter().map(|changed| chat.state.record(changed));
    records
        .filter_map(|record| match record {
            Record::Account { nick, hash } => Some((nick, hash)),
            _ => None,
        })
        .collect()
}

/// A minute later, everybody may try again.
fn later(chat: &mut Chat) {
    chat.passes(60);
}

#[test]
fn a_nickname_is_registered_once_and_logged_in_to() {
    let mut chat = registered();
    check_with(
        &mut chat,
        "alice> /register another-horse
         alice< Nickname already registered
         alice-
         bob< alice has left the chat.
         bob> /login alice wrong
         bob< Invalid password
         bob> /login ALICE correct-horse
         bob< Login successful
         bob< Nickname changed to 'alice'.
         bob> /login nobody correct-horse
         bob< Nickname not registered",
    );
}

#[test]
fn a_registered_nickname_cannot_be_used_without_login() {
    let mut chat = registered();
    check_with(
        &mut chat,
        "alice-
         bob< alice has left the chat.
         bob> /nick Alice
         bob< Nickname 'Alice' is registered. Use /login Alice <password> if it is yours.
         bob> /login alice correct-horse
         bob< Login successful
         bob< Nickname changed to 'alice'.
         bob> /nick rob
         bob< Nickname changed to 'rob'.
         bob> /nick alice
         bob< Nickname changed to 'alice'.",
    );
}

#[test]
fn logging_in_takes_the_nickname_back_from_a_stale_connection() {
    let mut chat = registered();
    check_with(
        &mut chat,
        "bob> /login alice correct-horse
         alice< Disconnected: somebody has logged in as 'alice' elsewhere.
         bob< alice is now known as guest_1.
         bob< Login successful
         bob< Nickname changed to 'alice'.
         alice< bob is now known as alice.
         alice-
         bob< guest_1 has left the chat.
         bob> /users
         bob< Users in lobby: alice",
    );
    chat.check_consistent();
}

#[test]
fn who_is_logged_in_under_another_nickname_has_to_go_too() {
    let mut chat = registered();
    check_with(
        &mut chat,
        "alice> /nick ann
         alice< Nickname changed to 'ann'.
         bob< alice is now known as ann.
         bob> /login alice correct-horse
         alice< Disconnected: somebody has logged in as 'alice' elsewhere.
         bob< Login successful
         bob< Nickname changed to 'alice'.
         alice< bob is now known as alice.",
    );
    later(&mut chat);
    check_with(
        &mut chat,
        "alice> /nick alice
         alice> /passwd correct-horse stolen-horse
         alice> nobody listens to this any more",
    );
}

#[test]
fn logging_in_again_changes_nothing() {
    let mut chat = registered();
    check_with(
        &mut chat,
        "alice> /login alice correct-horse
         alice< Login successful
         alice> /nick alice
         alice< Nickname changed to 'alice'.",
    );
    chat.check_consistent();
}

#[test]
fn a_stale_connection_does_not_take_the_ignoring_with_it() {
    let mut chat = registered();
    check_with(
        &mut chat,
        "carol+
         carol> /ignore alice
         carol< You are now ignoring 'alice'.
         bob> /login alice correct-horse
         alice< Disconnected: somebody has logged in as 'alice' elsewhere.
         bob< alice is now known as guest_1.
         carol< alice is now known as guest_1.
         bob< Login successful
         bob< Nickname changed to 'alice'.
         alice< bob is now known as alice.
         carol< bob is now known as alice.
         bob> hi
         bob< [lobby] alice: hi
         alice< [lobby] alice: hi",
    );
}

#[test]
fn a_guest_chooses_a_nickname_before_registering_it() {
    let mut chat = Chat::new(200);
    chat.connect("guest");
    chat.hush();
    check_with(
        &mut chat,
        "guest> /register correct-horse
         guest< Choose a nickname with /nick before you register it.",
    );
}

#[test]
fn the_password_is_changed_by_who_knows_the_old_one() {
    let mut chat = registered();
    check_with(
        &mut chat,
        "alice> /passwd wrong-horse better-horse
         alice< Invalid password
         alice> /passwd correct-horse better-horse
         alice< Password changed
         bob> /passwd correct-horse better-horse
         bob< Nickname not registered
         alice-
         bob< alice has left the chat.
         bob> /login alice correct-horse
         bob< Invalid password
         bob> /login alice better-horse
         bob< Login successful
         bob< Nickname changed to 'alice'.",
    );
}

#[test]
fn who_unregisters_gives_the_nickname_back_to_everybody() {
    let mut chat = registered();
    check_with(
        &mut chat,
        "alice> /unregister wrong-horse
         alice< Invalid password
         alice> /unregister correct-horse
         alice< Nickname 'alice' is no longer registered.
         alice> /unregister correct-horse
         alice< Nickname not registered
         alice-
         bob< alice has left the chat.
         bob> /nick alice
         bob< Nickname changed to 'alice'.
         bob> /login alice correct-horse
         bob< Nickname not registered
         bob> /register battery-staple
         bob< Registration successful",
    );
}

#[test]
fn whoever_registers_a_nickname_next_does_not_inherit_its_rank() {
    let mut chat = registered();
    let (alice, ops) = (Nick::new("alice").unwrap(), Room::new("ops").unwrap());
    let lasting = Lasting { moderators: [alice].into(), ..Lasting::default() };
    chat.state.put_to_sleep(ops, lasting);
    check_with(
        &mut chat,
        "alice> /unregister correct-horse
         alice< Nickname 'alice' is no longer registered.",
    );
    assert!(chat.state.lasting(ops).is_none_or(|lasting| lasting.moderators.is_empty()));
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
             bob< Invalid password
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
            format!("Nobody was told this, because of the password. Start the line with /{verb} itself.");
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
         bob< Invalid password
         bob> /login nobody wrong-2
         bob< Nickname not registered
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
         bob< Login successful
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
         alice< Login successful
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
                "Invalid password"
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
         bob< Invalid password",
    );
}

#[test]
fn the_attempts_of_only_so_many_addresses_are_remembered() {
    let mut state = state(0);
    let now = Now::read();
    for n in 0..2000_u16 {
        let [high, low] = n.to_be_bytes();
        let client = state.enter(SocketAddr::from(([10, 0, high, low], 1)), Box::new(NoSink), now);
        assert!(state.may_attempt(client, Attempt::Guess));
        state.leave(client, Ending::Closed, now);
    }
    assert_eq!(state.attempts.len(), 1000);
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
         carol< Registration successful
         carol> /login carol correct-horse
         carol< Login successful",
    );
}

#[test]
fn a_registration_that_cannot_be_saved_is_undone_and_that_is_said() {
    let mut chat = Chat::new(200);
    chat.has_disk = false;
    check_with(
        &mut chat,
        "alice+
         alice> /register correct-horse
         alice< That could not be saved, so nothing has changed.
         alice> /login alice correct-horse
         alice< Nickname not registered",
    );
    chat.has_disk = true;
    check_with(
        &mut chat,
        "alice> /register correct-horse
         alice< Registration successful",
    );
    chat.has_disk = false;
    check_with(
        &mut chat,
        "alice> /passwd correct-horse better-horse
         alice< That could not be saved, so nothing has changed.
         alice> /unregister correct-horse
         alice< That could not be saved, so nothing has changed.",
    );
    later(&mut chat);
    check_with(
        &mut chat,
        "alice> /login alice correct-horse
         alice< Login successful",
    );
}

#[test]
fn nothing_is_acknowledged_before_it_is_saved_and_what_is_saved_is_a_hash() {
    let mut chat = Chat::new(200);
    check_with(&mut chat, "alice+");
    let hashing = chat.begins("alice", "/register correct-horse");
    let saving = chat.goes_on("alice", hashing).expect("it is to be saved");
    assert!(matches!(saving.work, Work::Save));
    chat.check_silence("it is saved");
    let [(nick, Some(hash))] = &accounts_to_save(&mut chat)[..] else { panic!("one account") };
    assert_eq!(nick.as_str(), "alice");
    assert!(hash.starts_with("$argon2id$") && !hash.contains("correct-horse"), "{hash}");
    assert!(chat.goes_on("alice", saving).is_none());
    assert_eq!(chat.inbox("alice").pop_front().as_deref(), Some("Registration successful"));
}

#[test]
fn who_was_registered_when_the_server_stopped_still_is() {
    let hash = Hasher::cheap().hash(&Password::attempt("correct-horse")).expect("a hash");
    let accounts = vec![(Nick::new("Alice").unwrap(), hash.as_str().to_owned())];
    let mut chat =
        Chat::with(State::new(limits(200), Restored { accounts, ..Restored::default() }, Now::read()));
    check_with(
        &mut chat,
        "bob+
         bob> /nick alice
         bob< Nickname 'alice' is registered. Use /login alice <password> if it is yours.
         bob> /login alice correct-horse
         bob< Login successful
         bob< Nickname changed to 'Alice'.",
    );
}

#[test]
fn what_happens_while_a_password_is_compared_is_not_forgotten() {
    let mut chat = registered();
    let comparing = chat.begins("bob", "/login alice correct-horse");
    check_with(
        &mut chat,
        "alice> /passwd correct-horse better-horse
         alice< Password changed",
    );
    assert!(chat.goes_on("bob", comparing).is_none());
    assert_eq!(chat.inbox("bob").pop_front().as_deref(), Some("Invalid password"));
    later(&mut chat);
    let comparing = chat.begins("bob", "/login alice better-horse");
    check_with(
        &mut chat,
        "alice> /unregister better-horse
         alice< Nickname 'alice' is no longer registered.",
    );
    assert!(chat.goes_on("bob", comparing).is_none());
    assert_eq!(chat.inbox("bob").pop_front().as_deref(), Some("Nickname not registered"));
}

#[test]
fn who_loses_the_nickname_while_registering_it_does_not_register_it() {
    let mut chat = Chat::new(200);
    check_with(&mut chat, "alice+");
    let hashing = chat.begins("alice", "/register correct-horse");
    chat.says("alice", "/nick ann");
    chat.hush();
    assert!(chat.goes_on("alice", hashing).is_none());
    let told = chat.inbox("alice").pop_front();
    assert_eq!(
        told.as_deref(),
        Some("Something else happened meanwhile, so nothing has changed. Try again.")
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
         alice< Nobody is muted.",
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
         alice< Disconnected: somebody has logged in as 'alice' elsewhere.
         bob< alice is now known as guest_1.
         bob< Login successful
         bob< Nickname changed to 'alice'.
         alice< bob is now known as alice.
         alice> /mutelist
         bob> /mutelist
         bob< Admin privileges required.",
    );
}

#[test]
fn a_login_that_was_under_way_when_its_connection_was_dismissed_takes_nothing_back() {
    let mut chat = registered();
    let comparing = chat.begins("alice", "/login alice correct-horse");
    chat.says("bob", "/login alice correct-horse");
    chat.hush();
    assert!(chat.goes_on("alice", comparing).is_none());
    check_with(
        &mut chat,
        "bob> /users
         bob< Users in lobby: alice, guest_1",
    );
}

#[test]
fn who_was_dismissed_while_registering_does_not_stay_logged_in_beside_the_owner() {
    let mut chat = Chat::new(200);
    check_with(&mut chat, "alice+ \n bob+ \n carol+");
    let hashing = chat.begins("alice", "/register correct-horse");
    let saving = chat.goes_on("alice", hashing).expect("it is to be saved");
    chat.says("bob", "/login alice correct-horse");
    chat.goes_on("alice", saving);
    chat.vanish("alice");
    chat.says("bob", "/nick bob");
    chat.hush();
    check_with(
        &mut chat,
        "carol> /login alice correct-horse
         bob< Disconnected: somebody has logged in as 'alice' elsewhere.
         carol< Login successful
         carol< Nickname changed to 'alice'.
         bob< carol is now known as alice.",
    );
}

#[test]
fn a_password_that_was_not_saved_does_not_undo_a_later_one_that_was() {
    let mut chat = registered();
    check_with(&mut chat, "carol+");
    let comparing = chat.begins("alice", "/passwd correct-horse better-horse");
    let hashing = chat.goes_on("alice", comparing).expect("the new one is to be hashed");
    let saving = chat.goes_on("alice", hashing).expect("it is to be saved");
    chat.says("bob", "/login alice better-horse");
    chat.says("bob", "/passwd better-horse battery-staple");
    assert_eq!(chat.inbox("bob").pop_back().as_deref(), Some("Password changed"));
    chat.has_disk = false;
    chat.goes_on("alice", saving);
    chat.hush();
    chat.says("carol", "/login alice battery-staple");
    assert!(chat.inbox("carol").contains(&"Login successful".to_owned()));
}

//! What happens to an account while its password is compared or its change is saved.

use super::{
    accounts::{later, registered},
    *,
};
use crate::{password::Password, record::Record};

fn accounts_to_save(chat: &mut Chat) -> Vec<(Nick, Option<String>)> {
    let changed = chat.state.take_unsaved();
    let records = changed.into_iter().map(|changed| chat.state.record(changed));
    records
        .filter_map(|record| match record {
            Record::Account(nick, hash) => Some((nick, hash)),
            _ => None,
        })
        .collect()
}

#[test]
fn a_registration_that_cannot_be_saved_is_undone_and_the_client_is_told() {
    let mut chat = Chat::new(200);
    chat.has_disk = false;
    check_with(
        &mut chat,
        "alice+
         alice> /register correct-horse
         alice< The change could not be saved and was undone. Try again later.
         alice> /login alice correct-horse
         alice< Nickname not registered.",
    );
    chat.has_disk = true;
    check_with(
        &mut chat,
        "alice> /register correct-horse
         alice< Registration successful.",
    );
    chat.has_disk = false;
    check_with(
        &mut chat,
        "alice> /passwd correct-horse better-horse
         alice< The change could not be saved and was undone. Try again later.
         alice> /unregister correct-horse
         alice< The change could not be saved and was undone. Try again later.",
    );
    later(&mut chat);
    check_with(
        &mut chat,
        "alice> /login alice correct-horse
         alice< Login successful.",
    );
}

#[test]
fn nothing_is_acknowledged_before_it_is_saved_and_what_is_saved_is_a_hash() {
    let mut chat = Chat::new(200);
    check_with(&mut chat, "alice+");
    let hashing = chat.begins("alice", "/register correct-horse");
    let saving = chat.goes_on("alice", hashing).expect("it is to be saved");
    assert!(matches!(saving, Task::Save(_)));
    chat.check_silence("it is saved");
    let [(nick, Some(hash))] = &accounts_to_save(&mut chat)[..] else { panic!("one account") };
    assert_eq!(nick.as_str(), "alice");
    assert!(hash.starts_with("$argon2id$") && !hash.contains("correct-horse"), "{hash}");
    assert!(chat.goes_on("alice", saving).is_none());
    assert_eq!(chat.inbox("alice").pop_front().as_deref(), Some("Registration successful."));
}

#[test]
fn a_nickname_that_was_registered_when_the_server_stopped_still_is() {
    let hash = Hasher::cheap().hash(&Password::attempt("correct-horse")).expect("a hash");
    let accounts = vec![(Nick::new("Alice").unwrap(), hash.as_str().to_owned())];
    let mut chat =
        Chat::with(State::new(limits(200), Restored { accounts, ..Restored::default() }, Now::read()));
    check_with(
        &mut chat,
        "bob+
         bob> /nick alice
         bob< 'alice' is registered. Use /login alice <password>.
         bob> /login alice correct-horse
         bob< Login successful.
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
         alice< Password changed.",
    );
    assert!(chat.goes_on("bob", comparing).is_none());
    assert_eq!(chat.inbox("bob").pop_front().as_deref(), Some("Invalid password."));
    later(&mut chat);
    let comparing = chat.begins("bob", "/login alice better-horse");
    check_with(
        &mut chat,
        "alice> /unregister better-horse
         alice< Nickname 'alice' is no longer registered.",
    );
    assert!(chat.goes_on("bob", comparing).is_none());
    assert_eq!(chat.inbox("bob").pop_front().as_deref(), Some("Nickname not registered."));
}

#[test]
fn a_client_that_loses_its_nickname_while_registering_it_does_not_register_it() {
    let mut chat = Chat::new(200);
    check_with(&mut chat, "alice+");
    let hashing = chat.begins("alice", "/register correct-horse");
    chat.says("alice", "/nick ann");
    chat.hush();
    assert!(chat.goes_on("alice", hashing).is_none());
    let told = chat.inbox("alice").pop_front();
    assert_eq!(
        told.as_deref(),
        Some("Nothing was changed, because the account changed in the meantime. Try again.")
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
fn a_client_dismissed_while_registering_does_not_stay_logged_in_beside_the_owner() {
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
         bob< Disconnected: 'alice' has logged in from another connection.
         carol< Login successful.
         carol< Nickname changed to 'alice'.
         bob< carol is now known as alice.",
    );
}

#[test]
fn a_right_password_is_not_called_wrong_when_its_account_has_changed_meanwhile() {
    for line in ["/unregister better-horse", "/passwd better-horse battery-staple"] {
        let mut chat = registered();
        let comparing = chat.begins("alice", "/passwd correct-horse better-horse");
        let hashing = chat.goes_on("alice", comparing).expect("the new one is to be hashed");
        let saving = chat.goes_on("alice", hashing).expect("it is to be saved");
        chat.says("bob", "/login alice better-horse");
        chat.hush();
        let mut task = Some(chat.begins("bob", line));
        chat.has_disk = false;
        assert!(chat.goes_on("alice", saving).is_none());
        while let Some(next) = task {
            task = chat.goes_on("bob", next);
        }
        let told = chat.inbox("bob").pop_front();
        assert_eq!(
            told.as_deref(),
            Some("Nothing was changed, because the account changed in the meantime. Try again."),
            "{line}"
        );
    }
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
    assert_eq!(chat.inbox("bob").pop_back().as_deref(), Some("Password changed."));
    chat.has_disk = false;
    chat.goes_on("alice", saving);
    chat.hush();
    chat.says("carol", "/login alice battery-staple");
    assert!(chat.inbox("carol").contains(&"Login successful.".to_owned()));
}

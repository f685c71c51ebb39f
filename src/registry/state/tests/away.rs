//! Being away, as conversations.

use super::*;

#[test]
fn a_user_is_shown_as_away_until_its_next_message() {
    check(
        "alice+
         bob+
         bob> /away lunch
         bob< You are away: lunch
         alice> /whisper bob are you there
         alice< [Whisper to bob]: are you there
         alice< bob is away: lunch
         bob< [Whisper from alice]: are you there
         alice> /users
         alice< Users in lobby: alice, bob (away)
         alice> /whois bob
         alice< bob is in room 'lobby', connected over text for 0 s, idle for 0 s. bob is away: lunch
         bob> /whois alice
         bob< alice is in room 'lobby', connected over text for 0 s, idle for 0 s.
         bob> yes
         bob< You are no longer away.
         bob< [lobby] bob: yes
         alice< [lobby] bob: yes
         alice> /users
         alice< Users in lobby: alice, bob",
    );
}

#[test]
fn a_reason_is_not_needed() {
    check(
        "alice+
         alice> /away
         alice< You are away.
         alice> /whois alice
         alice< alice is in room 'lobby', connected over text for 0 s, idle for 0 s. alice is away.
         alice> /me is back
         alice< You are no longer away.
         alice< * alice is back",
    );
}

#[test]
fn a_muted_user_gives_no_reason_for_being_away() {
    let mut chat = Chat::new(200);
    check_with(&mut chat, "alice+\n root+");
    chat.promote("root");
    chat.says("root", "/mute alice 60");
    chat.hush();
    check_with(
        &mut chat,
        "alice> /away you are all stupid
         alice< You are muted for 60 more seconds.
         alice> /away
         alice< You are away.",
    );
}

//! People in browsers talk to each other, and to people without one.

use rustix::process::Signal;

use super::{Page, start};
use crate::support::Chromium;

#[test]
fn two_browsers_and_a_text_client_talk_in_one_room() {
    let Some(chromium) = Chromium::shared() else { return };
    let (server, door) = start(&[]);
    let mut carol = server.client("carol");
    let alice = Page::enter(&chromium, door, "alice");
    carol.hears("alice has joined the chat!");
    let bob = Page::enter(&chromium, door, "bob");
    carol.hears("bob has joined the chat!");
    alice.says("hello <all>");
    carol.hears("[lobby] alice: hello <all>");
    carol.says("hi ë 👋");
    bob.says("good morning");
    carol.hears("[lobby] carol: hi ë 👋");
    carol.hears("[lobby] bob: good morning");
    for page in [&alice, &bob] {
        page.heard(&["alice: hello <all>", "carol: hi ë 👋", "bob: good morning"]);
        page.sees("document.querySelectorAll('#members button').length", &3.into());
    }
    carol.says("/me waves");
    bob.is_so("document.querySelector('.acted')?.textContent.startsWith('carol waves')");
    carol.says("/quit");
    alice.notes("carol has left the chat");
    alice.sees("document.querySelectorAll('#members button').length", &2.into());
    alice.is_content();
    bob.is_content();
}

#[test]
fn an_own_line_is_dim_until_the_server_has_said_it_and_is_shown_once() {
    let Some(chromium) = Chromium::shared() else { return };
    let (server, door) = start(&[]);
    let alice = Page::enter(&chromium, door, "alice");
    server.signal(Signal::STOP);
    alice.says("one");
    alice.says("two");
    alice.heard(&["alice: one", "alice: two"]);
    let opacities =
        "[...document.querySelectorAll('#log .said')].map(it => Number(getComputedStyle(it).opacity))";
    alice.is_so(&format!("{opacities}.every(opacity => opacity < 0.8)"));
    server.signal(Signal::CONT);
    alice.sees(opacities, &serde_json::json!([1, 1]));
    alice.heard(&["alice: one", "alice: two"]);
    // One that is refused says so, and can be discarded.
    alice.runs("document.querySelector('#input').value = 'long '.repeat(300)", ());
    alice.says("");
    alice.is_so("document.querySelector('.failed [role=alert]')");
    alice.clicks(".failed button:last-of-type");
    alice.sees("document.querySelectorAll('.failed').length", &0.into());
    assert_eq!(alice.count("#log .said"), 2);
    alice.is_content();
}

#[test]
fn whispers_are_conversations_of_their_own_and_say_how_much_is_unread() {
    let Some(chromium) = Chromium::shared() else { return };
    let (server, door) = start(&[]);
    let mut carol = server.client("carol");
    let (alice, bob) = (Page::enter(&chromium, door, "alice"), Page::enter(&chromium, door, "bob"));
    carol.hears("alice has joined the chat!");
    carol.hears("bob has joined the chat!");
    alice.clicks("#members [data-user=bob]");
    alice.says("psst");
    alice.says("a <b>secret</b>");
    bob.shows("[data-whisper=alice] .badge", "2");
    assert_eq!(bob.count("#log .said"), 0);
    bob.clicks("[data-whisper=alice]");
    bob.heard(&["alice: psst", "alice: a <b>secret</b>"]);
    assert_eq!(bob.count("#whispers .badge"), 0);
    bob.says("I tell no one");
    alice.heard(&["alice: psst", "alice: a <b>secret</b>", "bob: I tell no one"]);
    carol.says("/w alice me, too");
    carol.hears("[Whisper to alice]: me, too");
    alice.shows("[data-whisper=carol] .badge", "1");
    alice.clicks("[data-room=lobby]");
    assert_eq!(alice.count("#log .said"), 0);
    carol.hears_nothing();
    alice.is_content();
    bob.is_content();
}

#[test]
fn what_is_said_in_a_room_while_one_is_elsewhere_is_counted_and_there_when_one_comes_back() {
    let Some(chromium) = Chromium::shared() else { return };
    let (server, door) = start(&[]);
    let mut carol = server.client("carol");
    let alice = Page::enter(&chromium, door, "alice");
    carol.hears("alice has joined the chat!");
    carol.says("before");
    carol.hears("[lobby] carol: before");
    alice.heard(&["carol: before"]);
    alice.gives("#go-room", "dev\u{e007}");
    alice.shows("#place", "# dev");
    carol.hears("alice has left the room.");
    for line in ["one", "two", "three"] {
        carol.says(line);
    }
    carol.catches_up();
    alice.shows("[data-room=lobby] .badge", "3");
    alice.clicks("[data-room=lobby]");
    alice.heard(&["carol: before", "carol: one", "carol: two", "carol: three"]);
    // In the room, but with another window before it.
    alice.runs("document.hasFocus = () => false", ());
    carol.says("four, Alice");
    alice.sees("document.title", &"(1) lobby – Chat".into());
    alice.shows("[data-room=lobby] .badge", "1");
    alice.is_content();
}

#[test]
fn a_nickname_and_a_room_are_remembered_when_the_page_is_loaded_again() {
    let Some(chromium) = Chromium::shared() else { return };
    let (server, door) = start(&[]);
    let mut carol = server.client("carol");
    let alice = Page::enter(&chromium, door, "alice");
    carol.hears("alice has joined the chat!");
    alice.says("/join dev");
    alice.shows("#place", "# dev");
    alice.says("still here");
    alice.heard(&["alice: still here"]);
    alice.reloads();
    alice.is_in();
    alice.shows("#me", "alice");
    alice.shows("#place", "# dev");
    alice.heard(&["alice: still here"]);
    // A nickname that is taken is asked for again, and one that is not allowed is not even sent.
    let other = Page::open(&chromium, door, "other");
    other.types("carol\u{e007}");
    other.is_so("document.querySelector('#why').textContent.includes('carol')");
    other.runs("document.querySelector('#nick').value = ''", ());
    other.gives("#nick", "no name\u{e007}");
    other.is_so("document.querySelector('#nick:invalid') && document.querySelector('#entry[open]')");
    other.runs("document.querySelector('#nick').value = ''", ());
    other.gives("#nick", "dave\u{e007}");
    other.is_in();
    other.is_content();
}

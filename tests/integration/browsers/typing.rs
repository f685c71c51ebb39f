//! Everything can be done with the keyboard.

use serde_json::json;

use super::{ENTER, Page, TAB, start};
use crate::support::{
    Chromium,
    chromium::key::{DOWN, ESCAPE},
};

const TYPED: &str = "document.querySelector('#input').value";
const FOCUSED: &str = "document.activeElement.id || document.activeElement.dataset.user \
                       || document.activeElement.dataset.room || document.activeElement.tagName";

#[test]
fn commands_names_and_emoji_are_completed_and_explained_while_one_types() {
    let Some(chromium) = Chromium::shared() else { return };
    let (server, door) = start(&[]);
    let mut carol = server.client("carol");
    let alice = Page::enter(&chromium, door, "alice");
    carol.hears("alice has joined the chat!");
    alice.says("/admin open-sesame");
    alice.notes("Admin privileges granted.");
    alice.sees("document.querySelectorAll('#members button').length", &json!(2));
    alice.types("/to");
    alice.is_so("document.querySelector('#completions li').textContent.startsWith('/topic')");
    alice.types(ESCAPE);
    assert_eq!(alice.value("document.querySelector('#completions').hidden"), true);
    alice.types("p");
    alice.types(DOWN);
    let active =
        "document.getElementById(document.querySelector('#input').getAttribute('aria-activedescendant'))";
    assert_eq!(alice.value(&format!("{active}.getAttribute('aria-selected')")), "true");
    alice.types(TAB);
    assert_eq!(alice.value(TYPED), "/topic ");
    alice.is_so("document.querySelector('#usage').textContent.startsWith('/topic ')");
    alice.types(&format!("Tea at five{ENTER}"));
    alice.shows("#topic", "Tea at five");
    carol.hears("alice has set the topic: Tea at five");
    alice.types(&format!("@car{TAB}"));
    assert_eq!(alice.value(TYPED), "carol: ");
    alice.types(&format!("hi :rocke{TAB}{ENTER}"));
    carol.hears("[lobby] alice: carol: hi 🚀");
    alice.types(&format!("/w ca{TAB}"));
    assert_eq!(alice.value(TYPED), "/w carol ");
    alice.types(&format!("boo{ENTER}"));
    carol.hears("[Whisper from alice]: boo");
    alice.heard(&["alice: boo"]);
    alice.is_content();
}

#[test]
fn every_control_is_reached_with_tab_and_an_emoji_is_picked_with_keys() {
    let Some(chromium) = Chromium::shared() else { return };
    let (server, door) = start(&[]);
    let mut carol = server.client("carol");
    let alice = Page::enter(&chromium, door, "alice");
    carol.hears("alice has joined the chat!");
    alice.sees("document.querySelectorAll('#members button').length", &json!(2));
    let mut reached = Vec::new();
    for _ in 0..20 {
        alice.types(TAB);
        reached.push(alice.value(FOCUSED).as_str().expect("text").to_owned());
    }
    for control in
        ["carol", "lobby", "go-room", "me", "language", "scroll", "attach", "input", "pick", "send"]
    {
        assert!(reached.iter().any(|it| it == control), "{control} in {reached:?}");
    }
    alice.value("document.querySelector('#input').focus()");
    alice.types(TAB);
    assert_eq!(alice.value(FOCUSED), "pick");
    alice.types(ENTER);
    alice.sees(FOCUSED, &json!("input"));
    alice.is_so("document.querySelectorAll('#completions [role=option]').length > 9");
    alice.types("rocket");
    alice.types(DOWN);
    alice.types(ENTER);
    assert_eq!(alice.value(TYPED), "🚀 ");
    alice.types(ENTER);
    carol.hears_at_last("[lobby] alice: 🚀");
    alice.is_content();
}

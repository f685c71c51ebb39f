//! How the page looks and sounds: on each screen, by day and night, in its languages, and to a screen reader.

use std::{env, fs, sync::Arc};

use serde_json::{Value, json};

use super::{Page, start};
use crate::support::{Chromium, Peer, Server, chromium::key::ESCAPE};

/// alice on the page, who sees what carol has said, and all kinds of lines.
#[track_caller]
fn talk(chromium: &Arc<Chromium>) -> (Server, Peer, Page) {
    let (server, door) = start(&[]);
    let mut carol = server.client("carol");
    carol.says("/admin open-sesame");
    carol.says("/topic Tea, at five");
    carol.says("Has anyone seen https://example.com/a?b=c today?");
    carol.says("/me waves");
    let alice = Page::enter(chromium, door, "alice");
    alice.says("Good morning!");
    alice.heard(&["carol: Has anyone seen https://example.com/a?b=c today?", "alice: Good morning!"]);
    carol.says("hello alice, how are you?");
    carol.says("/w alice and this is for you alone");
    alice.shows("[data-whisper=carol] .badge", "1");
    carol.catches_up();
    (server, carol, alice)
}

#[track_caller]
fn prefers(page: &Page, scheme: &str) {
    let feature = json!({"name": "prefers-color-scheme", "value": scheme});
    page.cdp("Emulation.setEmulatedMedia", json!({"features": [feature]}));
}

#[test]
fn the_page_fits_every_screen() {
    let Some(chromium) = Chromium::shared() else { return };
    let (_server, mut carol, alice) = talk(&chromium);
    carol.says(&"W".repeat(900));
    alice.is_so("document.querySelector('#log').lastElementChild.textContent.includes('WWW')");
    for (width, height) in [(320, 640), (1024, 768), (2560, 1440)] {
        alice.is_sized(width, height);
        alice.sees("[innerWidth, innerHeight]", &json!([width, height]));
        let hidden = "['#input', '#send', '#place', '#log'].filter(it => {
            const box = document.querySelector(it).getBoundingClientRect();
            return !box.width || box.left < 0 || box.right > innerWidth || it !== '#log' && box.bottom > innerHeight;
        })";
        assert_eq!(alice.value(hidden), json!([]), "at {width}");
        let wide = "[document.documentElement, document.querySelector('#scroll')]
            .filter(it => it.scrollWidth > it.clientWidth).length";
        assert_eq!(alice.value(wide), 0, "at {width}");
        for scheme in ["light", "dark"] {
            prefers(&alice, scheme);
            alice.sees("document.getAnimations().length", &json!(0));
            alice.shoots(&format!("{width}-{scheme}"));
        }
    }
    alice.is_sized(320, 640);
    for list in ["places", "people"] {
        alice.sees(&format!("getComputedStyle(document.querySelector('#{list}')).display"), &json!("none"));
        alice.clicks(&format!("#show-{list}"));
        alice.is_so(&format!("getComputedStyle(document.querySelector('#{list}')).display !== 'none'"));
        alice.shoots(&format!("320-{list}"));
        alice.types(ESCAPE);
        alice.sees(&format!("getComputedStyle(document.querySelector('#{list}')).display"), &json!("none"));
    }
    alice.is_content();
}

#[test]
fn by_night_the_page_is_dark_and_the_language_is_remembered() {
    let Some(chromium) = Chromium::shared() else { return };
    let (_server, _carol, alice) = talk(&chromium);
    let light = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3)\
                 .every(part => Number(part) > 200)";
    prefers(&alice, "light");
    alice.sees(light, &json!(true));
    prefers(&alice, "dark");
    alice.sees(light, &json!(false));
    let words = "[document.documentElement.lang, document.querySelector('#send').textContent, \
                 document.querySelector('#people').ariaLabel]";
    assert_eq!(alice.value(words), json!(["en", "Send", "People"]));
    alice.clicks("#language");
    alice.sees(words, &json!(["de", "Senden", "Personen"]));
    alice.reloads();
    alice.is_in();
    assert_eq!(alice.value(words), json!(["de", "Senden", "Personen"]));
    alice.clicks("#language");
    alice.sees(words, &json!(["en", "Send", "People"]));
    alice.is_content();
}

#[test]
fn a_screen_reader_finds_regions_names_and_new_messages() {
    let Some(chromium) = Chromium::shared() else { return };
    let (_server, _carol, alice) = talk(&chromium);
    let tree = alice.cdp("Accessibility.getFullAXTree", json!({}));
    let nodes = tree["nodes"].as_array().expect("a list").iter().filter(|node| node["ignored"] == false);
    let nodes: Vec<_> = nodes.map(|node| (text(&node["role"]), text(&node["name"]))).collect();
    for wanted in [
        ("navigation", "Rooms, whispers"),
        ("main", ""),
        ("complementary", "People"),
        ("log", "Messages"),
        ("textbox", "Message"),
        ("heading", "# lobby"),
        ("button", "Send"),
        ("button", "# lobby 2"),
        ("link", "https://example.com/a?b=c"),
    ] {
        assert!(nodes.contains(&wanted), "{wanted:?} in {nodes:?}");
    }
    let controls = ["button", "link", "textbox", "combobox", "searchbox", "listbox", "dialog"];
    let nameless: Vec<_> =
        nodes.iter().filter(|(role, name)| controls.contains(role) && name.is_empty()).collect();
    assert_eq!(nameless, [&("", ""); 0]);
    alice.is_so("document.querySelector('#log').closest('[aria-live=polite]')");
}

fn text(value: &Value) -> &str {
    value["value"].as_str().unwrap_or_default()
}

#[test]
#[expect(clippy::print_stderr, reason = "without axe-core, the test says that it was skipped")]
fn axe_finds_nothing_that_keeps_people_out() {
    let Some(path) = env::var_os("CHAT_AXE") else {
        eprintln!("skipped: CHAT_AXE is not set to the path of axe.min.js");
        return;
    };
    let Some(chromium) = Chromium::shared() else { return };
    let axe = fs::read_to_string(path).expect("axe.min.js");
    let (_server, _carol, alice) = talk(&chromium);
    alice.cdp("Runtime.evaluate", json!({"expression": axe}));
    let click = |what: &str| format!("document.querySelector('{what}').click()");
    let folded = "document.querySelector('.fold').click()";
    let states = [
        (1024, String::new(), String::new()),
        (320, String::new(), String::new()),
        (320, folded.to_owned(), folded.to_owned()),
        (1024, click("#me"), "document.querySelector('#entry').close()".to_owned()),
        (
            1024,
            click("#pick"),
            "Object.assign(document.querySelector('#input'), {value: ''}).blur()".to_owned(),
        ),
        (1024, click("[data-whisper=carol]"), click("[data-room=lobby]")),
        (1024, click("#language"), click("#language")),
    ];
    let mut found = Vec::new();
    for scheme in ["light", "dark"] {
        prefers(&alice, scheme);
        for (width, act, undo) in &states {
            alice.is_sized(*width, 768);
            alice.runs(act, ());
            alice.sees("document.getAnimations().length", &json!(0));
            let violations = alice.runs(
                "const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'];
                const { violations } = await axe.run(document, { runOnly: tags });
                return violations.map(({ id, nodes }) => [id, ...nodes.map(it => it.html + it.failureSummary)]);",
                (),
            );
            let violations = violations.as_array().expect("a list").iter();
            found.extend(violations.map(|it| format!("{scheme}, {width} pixels, after '{act}': {it}\n")));
            alice.runs(undo, ());
        }
    }
    assert!(found.is_empty(), "{}", found.concat());
}

//! What people say and other sites try cannot harm the visitor of the page.

use serde_json::json;

use super::{Page, start};
use crate::support::{Chromium, Window};

/// What would run, load or disturb something if it got into the page as anything but text.
const ATTACKS: [&str; 10] = [
    "<img src=/none onerror=\"window.harmed = 1; alert(1)\">",
    "<script>window.harmed = 1</script>",
    "<svg onload=window.harmed=1><style>* { display: none }</style>",
    "\"><iframe src=\"javascript:parent.harmed = 1\"></iframe>",
    "javascript:window.harmed=1 data:text/html,<script>harmed=1</script>",
    "http://127.0.0.1/\"onmouseover=\"window.harmed=1\" https://a.example/<script>",
    "&lt;b&gt; &amp;amp; &#60;script&#62;",
    "{{constructor.constructor('harmed=1')()}} ${harmed=1}",
    "__proto__ constructor toString",
    "Z\u{351}\u{36b}\u{343}a\u{36a}\u{342}\u{36b}l\u{353}\u{33d}g\u{347}\u{34b}o",
];

#[test]
fn hostile_text_is_shown_as_text_and_runs_nothing() {
    let Some(chromium) = Chromium::shared() else { return };
    let (server, door) = start(&[]);
    let mut carol = server.client("carol");
    carol.says("/admin open-sesame");
    let alice = Page::enter(&chromium, door, "alice");
    for attack in ATTACKS {
        carol.says(attack);
    }
    let heard: Vec<_> = ATTACKS.iter().map(|attack| format!("carol: {attack}")).collect();
    alice.heard(&heard.iter().map(String::as_str).collect::<Vec<_>>());
    for attack in ATTACKS {
        carol.says(&format!("/topic {attack}"));
        alice.shows("#topic", attack);
        carol.says(&format!("/w alice {attack}"));
        carol.says(&format!("/me {attack}"));
    }
    alice.shows("[data-whisper=carol] .badge", "10");
    alice.sees("document.querySelectorAll('.acted').length", &json!(ATTACKS.len()));
    alice.clicks("[data-whisper=carol]");
    alice.heard(&heard.iter().map(String::as_str).collect::<Vec<_>>());
    alice.clicks("[data-room=lobby]");
    let foreign = "#log :is(img, script, svg, style, iframe, object, form, input, b:not(.badge))";
    assert_eq!(alice.count(foreign), 0);
    let links =
        alice.value("[...document.querySelectorAll('#log a')].map(it => [it.href, it.target, it.rel])");
    for link in links.as_array().expect("a list") {
        assert!(link[0].as_str().is_some_and(|href| href.starts_with("http")), "{link}");
        assert_eq!((&link[1], &link[2]), (&json!("_blank"), &json!("noopener noreferrer")));
    }
    assert_eq!(
        alice.value("[typeof window.harmed, typeof Object.prototype.harmed]"),
        json!(["undefined", "undefined"])
    );
    alice.is_content();
}

#[test]
fn text_that_changes_direction_or_has_no_end_keeps_to_its_line() {
    let Some(chromium) = Chromium::shared() else { return };
    let (server, door) = start(&["--history", "1000"]);
    let mut carol = server.client("carol");
    let alice = Page::enter(&chromium, door, "alice");
    alice.is_sized(320, 640);
    carol.hears("alice has joined the chat!");
    for line in ["\u{202e}\u{2066}evil", "שלום עולם", "\u{202e}", "after"] {
        carol.says(line);
    }
    alice.is_so("document.querySelector('#log').lastElementChild.textContent.endsWith('after')");
    // The name of the one who has said it stands at the left, before the time, in each line.
    let order = "[...document.querySelectorAll('.who')].every(who => {
        const [name, time] = [...who.children].map(it => it.getBoundingClientRect().left);
        return name <= time && name < 40;
    })";
    assert_eq!(alice.value(order), true);
    // 1 MB, in lines as long as the server allows.
    let longest = 1000;
    for letters in ["W", "🏴\u{200d}☠\u{fe0f}", "\u{fdfd}", "a\u{301}\u{302}\u{303}"] {
        let line = letters.repeat(longest / letters.len());
        for _ in 0..250 {
            carol.says(&line);
            carol.hears_at_last(&format!("[lobby] carol: {line}"));
        }
    }
    carol.says("the end");
    alice.is_so("document.querySelector('#log').lastElementChild.textContent.endsWith('the end')");
    let wide = "['html', '#scroll'].filter(it => {
        const { scrollWidth, clientWidth } = document.querySelector(it);
        return scrollWidth > clientWidth;
    })";
    assert_eq!(alice.value(wide), json!([]));
    assert!(alice.count("*") < 4000);
    alice.says("I am still here");
    carol.hears_at_last("[lobby] alice: I am still here");
    alice.is_content();
}

#[test]
fn the_policy_of_the_page_forbids_every_script_that_is_not_its_own() {
    let Some(chromium) = Chromium::shared() else { return };
    let (_server, door) = start(&[]);
    let alice = Page::enter(&chromium, door, "alice");
    let policy = alice.runs("return (await fetch('/')).headers.get('content-security-policy')", ());
    let policy = policy.as_str().expect("a policy");
    for wanted in ["default-src 'none'", "script-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"] {
        assert!(policy.split("; ").any(|it| it == wanted), "{wanted} in {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    // Even where the page's own code would be tricked into it.
    let tricked = "let refused = 0;
        for (const trick of [
            () => { document.body.innerHTML += '<img src=x onerror=\"harmed=1\">'; },
            () => { const it = document.createElement('script'); it.text = 'harmed=1'; document.body.append(it); },
            () => { document.body.setAttribute('onclick', 'harmed=1'); document.body.click(); },
            () => { setTimeout('harmed=1', 0); },
        ]) try { trick(); } catch { refused++; }
        await new Promise(done => setTimeout(done, 50));
        return [refused, typeof harmed];";
    assert_eq!(alice.runs(tricked, ()), json!([4, "undefined"]));
    let asked = "const url = 'http://elsewhere.localhost:' + location.port + '/healthz';
        return fetch(url).then(() => 'asked', () => 'refused')";
    assert_eq!(alice.runs(asked, ()), "refused");
}

#[test]
fn a_page_of_another_site_can_neither_listen_nor_speak_for_its_visitor() {
    let Some(chromium) = Chromium::shared() else { return };
    let (server, door) = start(&[]);
    let mut carol = server.client("carol");
    let alice = Page::enter(&chromium, door, "alice");
    carol.hears("alice has joined the chat!");
    // The other site is another server, on another port.
    let (_other, elsewhere) = start(&[]);
    let place = format!("http://evil.localhost:{}", elsewhere.port());
    let evil = Window::open(&chromium, &format!("{place}/healthz"));
    let tries = "const [ws, http] = given;
        const socket = new WebSocket(ws, 'chat.json');
        const opened = await new Promise(done => { socket.onopen = () => done('opened'); socket.onerror = () => done('refused'); });
        const bodies = [['no-cors', 'text/plain'], ['cors', 'application/json']];
        const posted = await Promise.all(bodies.map(([mode, type]) => fetch(http, {
            method: 'POST', mode, credentials: 'include', headers: { 'Content-Type': type },
            body: '{\"client_name\":\"eve\",\"chat_room\":\"lobby\"}',
        }).then(({ type, status }) => `${type} ${status}`, () => 'refused')));
        const shown = await fetch(http.replace('clients/register', 'server/status')).then(() => 'shown', () => 'refused');
        return [opened, ...posted, shown];";
    let to = [format!("ws://{door}/ws"), format!("http://{door}/clients/register")];
    assert_eq!(evil.runs(tries, to.to_vec()), json!(["refused", "opaque 0", "refused", "refused"]));
    let complaints = evil.complaints(&door.to_string());
    assert!(complaints.iter().any(|it| it.contains("WebSocket") && it.contains("403")), "{complaints:?}");
    carol.says("/users");
    carol.hears("Users in lobby: alice, carol");
    carol.hears_nothing();
    alice.is_content();
}

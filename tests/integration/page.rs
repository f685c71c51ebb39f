//! The page of the chat, as a browser gets it, and what its scripts ask the server.

use serde_json::json;

use crate::support::{Browser, Server, Socket};

fn start(options: &[&str]) -> (Server, u16) {
    let mut server = Server::start(&[&["--listen", "http://127.0.0.1:0"], options].concat());
    let said = server.prints();
    let port = said.strip_prefix("Chat page on http://127.0.0.1:").and_then(|port| port.parse().ok());
    let port = port.unwrap_or_else(|| panic!("{said}"));
    (server, port)
}

/// The files that a file of the page asks for, as it writes them between quotes.
fn wanted(source: &str) -> impl Iterator<Item = String> {
    let quoted = source.split('"').skip(1).step_by(2);
    let paths =
        quoted.filter_map(|text| text.strip_prefix('.').or(Some(text)).filter(|text| text.starts_with('/')));
    paths
        .filter(|path| [".js", ".css", ".svg", ".json"].iter().any(|end| path.ends_with(end)))
        .map(str::to_owned)
}

#[test]
fn a_browser_finds_all_that_the_page_wants_and_may_run_nothing_else() {
    let (_server, port) = start(&[]);
    let mut browser = Browser::connect(port);
    let (mut paths, mut seen) = (vec!["/".to_owned()], 0);
    while let Some(path) = paths.get(seen).cloned() {
        seen += 1;
        browser.asks(&format!("GET {path}"));
        let reply = browser.reply();
        assert_eq!(reply.status, 200, "{path}");
        let policy = reply.header("Content-Security-Policy").expect("a policy");
        for rule in
            ["default-src 'none'", "script-src 'self';", "connect-src 'self';", "frame-ancestors 'none'"]
        {
            assert!(policy.contains(rule), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(reply.header("X-Content-Type-Options"), Some("nosniff"));
        assert_eq!(reply.header("Referrer-Policy"), Some("no-referrer"));
        let media = reply.header("Content-Type").expect("a media type");
        let is_right = match path.rsplit_once('.').map(|(_, end)| end) {
            None => media == "text/html; charset=utf-8",
            Some("js") => media == "text/javascript; charset=utf-8",
            Some("css") => media == "text/css; charset=utf-8",
            Some("svg") => media == "image/svg+xml",
            _ => media == "application/json",
        };
        assert!(is_right, "{path} is {media}");
        for path in wanted(&reply.body) {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
    }
    assert!(paths.contains(&"/words.js".to_owned()) && paths.contains(&"/vocabulary.json".to_owned()));
}

#[test]
fn a_browser_that_has_a_file_does_not_get_it_again() {
    let (_server, port) = start(&[]);
    let mut browser = Browser::connect(port);
    for path in ["/", "/main.js", "/vocabulary.json"] {
        browser.asks(&format!("GET {path}"));
        let reply = browser.reply();
        assert_eq!(reply.header("Cache-Control"), Some("no-cache"));
        let tag = reply.header("ETag").expect("a tag").to_owned();
        let ask =
            |known: &str| format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nIf-None-Match: {known}\r\n\r\n");
        for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
            browser.sends(ask(&known));
            let reply = browser.reply_to("HEAD");
            assert_eq!((reply.status, reply.header("ETag")), (304, Some(&tag[..])), "{known}");
            assert_eq!(reply.header("Content-Length"), None);
        }
        browser.sends(ask("\"x\""));
        assert_eq!(browser.reply().status, 200);
    }
}

#[test]
fn a_page_is_told_what_was_said_and_what_is_new_elsewhere() {
    let (server, port) = start(&[]);
    let (_alice, mut zoe) = (server.client("alice"), server.client("zoe"));
    zoe.says("/join dev");
    zoe.hears("You joined room 'dev'.");
    for text in ["one", "two", "three"] {
        zoe.says(text);
        zoe.hears(&format!("[dev] zoe: {text}"));
    }
    let mut bob = Socket::connect(port, "chat.json");
    bob.says(&json!({"type": "join", "room": "lobby", "user": "bob"}).to_string());
    assert_eq!(bob.hears_a("system")["event"], "welcome");
    bob.says(&json!({"type": "overview", "seen": {"dev": 1, "lobby": 0}}).to_string());
    let overview = bob.hears_a("overview");
    assert_eq!(overview["users"], json!([{"name": "alice"}, {"name": "bob"}]));
    let dev = json!({"name": "dev", "users": 1, "unread": 2});
    assert_eq!(overview["rooms"], json!([dev, {"name": "lobby", "users": 2, "unread": 0}]));
    bob.says(&json!({"type": "command", "text": "/join dev"}).to_string());
    bob.says(&json!({"type": "history", "before": 3, "limit": 1}).to_string());
    let history = bob.hears_a("history");
    assert_eq!((&history["room"], &history["more"]), (&json!("dev"), &json!(true)));
    assert_eq!((&history["lines"][0]["text"], &history["lines"][0]["seq"]), (&json!("two"), &json!(2)));
    assert!(history["lines"][0]["at"].as_u64().is_some_and(|seconds| seconds > 1_700_000_000));
    bob.says(&json!({"type": "history", "after": 1, "id": 4}).to_string());
    assert_eq!(bob.hears_a("ack")["id"], 4);
    let history = bob.hears_a("history");
    assert_eq!((history["lines"].as_array().map(Vec::len), &history["more"]), (Some(2), &json!(false)));
}

//! The page of the chat, for browsers. It is part of the program, and asks nothing of any other site.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    command::verbs,
    emoji::{self, Emoji, Found},
    http::{Request, Response, Status},
};

/// What a browser lets the page do: run its own scripts, show its own styles and pictures, and talk to this server.
/// Nothing that a user says could run as a script, even if it got into the page as markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/// The media type of the page itself.
pub(super) const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// What is written by hand, with its path and media type.
static SOURCES: [(&str, &str, &str); 16] = [
    ("/", HTML, include_str!("page/page.html")),
    ("/page.css", STYLE, include_str!("page/page.css")),
    ("/icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
    ("/main.js", SCRIPT, include_str!("page/main.js")),
    ("/alerts.js", SCRIPT, include_str!("page/alerts.js")),
    ("/chat.js", SCRIPT, include_str!("page/chat.js")),
    ("/composer.js", SCRIPT, include_str!("page/composer.js")),
    ("/conversation.js", SCRIPT, include_str!("page/conversation.js")),
    ("/dom.js", SCRIPT, include_str!("page/dom.js")),
    ("/files.js", SCRIPT, include_str!("page/files.js")),
    ("/line.js", SCRIPT, include_str!("page/line.js")),
    ("/link.js", SCRIPT, include_str!("page/link.js")),
    ("/log.js", SCRIPT, include_str!("page/log.js")),
    ("/places.js", SCRIPT, include_str!("page/places.js")),
    ("/speech.js", SCRIPT, include_str!("page/speech.js")),
    ("/words.js", SCRIPT, include_str!("page/words.js")),
];

/// One file of the page, as it is sent.
struct File {
    path: &'static str,
    media: &'static str,
    content: String,
    /// Changes whenever the content does (RFC 9110 §8.8.3).
    tag: String,
}

/// All of them: what is written by hand, and what is made of the server's own tables.
static FILES: LazyLock<Vec<File>> = LazyLock::new(|| {
    let sources = SOURCES.iter().map(|&(path, media, source)| File::new(path, media, source.to_owned()));
    let vocabulary = File::new("/vocabulary.json", "application/json", format!("{}\n", vocabulary()));
    sources.chain([vocabulary]).collect()
});

/// Whether a path is one of the page.
pub(super) fn has(path: &str) -> bool {
    FILES.iter().any(|file| file.path == path)
}

/// The file of the page at the path of a request, unless the browser has it already.
pub(super) fn show(request: &Request) -> Response {
    let file = FILES.iter().find(|file| file.path == request.path);
    let file = file.expect("the route was found by this path");
    let is_known = |tag: &str| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == file.tag;
    let response = if request.list("if-none-match").any(is_known) {
        Response::empty(Status::NotModified)
    } else {
        Response::new(Status::Ok, file.media, file.content.as_bytes())
    };
    response
        .with("Cache-Control", "no-cache")
        .with("ETag", &file.tag[..])
        .with("Content-Security-Policy", POLICY)
        .with("Referrer-Policy", "no-referrer")
        .with("Cross-Origin-Resource-Policy", "same-origin")
}

impl File {
    fn new(path: &'static str, media: &'static str, content: String) -> Self {
        let tag = format!("\"{}\"", STANDARD.encode(&Sha256::digest(&content)[..12]));
        Self { path, media, content, tag }
    }
}

/// The verbs and the emoji, which the page suggests.
fn vocabulary() -> Value {
    let pair = |emoji: &Emoji| json!([emoji.name, emoji.picture]);
    let verbs = verbs().map(|verb| {
        json!({
            "name": verb.name,
            "aliases": verb.aliases,
            "parameters": verb.parameters,
            "help": verb.help,
            "details": verb.details,
            "secret": verb.is_secret,
        })
    });
    json!({
        "verbs": verbs.collect::<Vec<_>>(),
        "emoji": emoji::all().map(|emoji| pair(&emoji)).collect::<Vec<_>>(),
        "favourites": Found::search("").shown.iter().map(pair).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    /// The longest line, in characters.
    const WIDEST: usize = 120;

    /// Learners read all of the page.
    const MOST_LINES: usize = 1200;

    #[test]
    fn every_file_of_the_page_is_served_and_can_be_read_in_an_evening() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/page");
        let mut lines = 0;
        for entry in fs::read_dir(folder).unwrap() {
            let (path, name) = (entry.as_ref().unwrap().path(), entry.unwrap().file_name());
            let (source, name) = (fs::read_to_string(path).unwrap(), name.into_string().unwrap());
            assert!(SOURCES.iter().any(|(_, _, served)| *served == source), "{name} is served");
            for (at, line) in source.lines().enumerate() {
                assert!(line.chars().count() <= WIDEST, "{name}:{} is too long", at + 1);
            }
            lines += source.lines().count();
        }
        assert!(lines <= MOST_LINES, "the page has {lines} lines");
    }

    #[test]
    fn nothing_that_people_say_can_become_markup_or_script() {
        let forbidden =
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("];
        for (path, media, source) in &SOURCES {
            for word in forbidden {
                assert!(!source.contains(word), "{path} has {word}");
            }
            assert!(!source.contains("http://") && !source.contains("https://") || media == &"image/svg+xml");
            if *media == HTML {
                assert!(
                    !source.contains(" on") && !source.contains("style=") && !source.contains("javascript:")
                );
                assert_eq!(
                    source.matches("<script").count(),
                    source.matches("<script type=\"module\" src=\"/").count()
                );
            }
        }
    }

    #[test]
    fn the_page_suggests_what_the_server_knows() {
        let vocabulary = vocabulary();
        let named = |kind: &str, name: &str| {
            vocabulary[kind].as_array().unwrap().iter().any(|row| row["name"] == name || row[0] == name)
        };
        assert!(verbs().all(|verb| named("verbs", verb.name)));
        assert!(named("emoji", "smile") && named("favourites", "rocket"));
        let login =
            vocabulary["verbs"].as_array().unwrap().iter().find(|row| row["name"] == "login").unwrap();
        assert_eq!(login["secret"], true);
    }
}

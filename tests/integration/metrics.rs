//! What the server counts, as Prometheus reads it.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
};

use crate::support::{
    Browser, Peer, Server, Socket,
    server::{command, look_until},
};

/// One reading: each sample with its labels, and its value.
#[derive(Debug)]
struct Page {
    samples: BTreeMap<String, String>,
    /// The type of each family.
    types: BTreeMap<String, String>,
    /// How many bytes the response had.
    length: u64,
}

/// The bytes of a request for a page.
const REQUEST: u64 = "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".len() as u64;

impl Page {
    /// Reads a page, and checks that each sample is of a family that was described, once.
    #[track_caller]
    fn read(browser: &mut Browser) -> Self {
        browser.asks("GET /metrics");
        let reply = browser.reply();
        let media = "text/plain; version=0.0.4; charset=utf-8";
        assert_eq!((reply.status, reply.header("Content-Type")), (200, Some(media)));
        assert!(reply.body.ends_with('\n'));
        let (mut samples, mut types) = (BTreeMap::new(), BTreeMap::new());
        let mut family = "";
        for line in reply.body.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                family = help.split(' ').next().expect("a name");
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let kind = kind.strip_prefix(family).expect("the help is before the type").trim().to_owned();
                assert_eq!(types.insert(family.to_owned(), kind), None, "{family} is described once");
            } else {
                let (sample, value) = line.rsplit_once(' ').expect("a value");
                assert!(sample.starts_with(family), "{line} is in its family");
                assert_eq!(samples.insert(sample.to_owned(), value.to_owned()), None, "{line}");
            }
        }
        Self { samples, types, length: reply.length() }
    }

    #[track_caller]
    fn value(&self, sample: &str) -> u64 {
        let value = self.samples.get(sample).unwrap_or_else(|| panic!("there is no {sample}: {self:?}"));
        value.parse().unwrap_or_else(|_| panic!("{sample} is {value}"))
    }

    /// The values of a family, by the value of its label.
    fn family(&self, name: &str) -> BTreeMap<&str, u64> {
        let prefix = format!("{name}{{");
        let samples = self.samples.iter().filter(|(sample, _)| sample.starts_with(&prefix));
        samples
            .map(|(sample, value)| {
                (sample.split('"').nth(1).expect("a label"), value.parse().expect("a count"))
            })
            .collect()
    }

    /// No counter, and no bucket, is less than it was. The buckets of a histogram rise to its count.
    #[track_caller]
    fn has_not_fallen_since(&self, earlier: &Self) {
        for (sample, value) in &self.samples {
            let name = sample.split('{').next().expect("a name");
            let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            let is_histogram =
                family.is_some_and(|family| self.types.get(family).is_some_and(|kind| kind == "histogram"));
            if is_histogram || self.types.get(name).is_some_and(|kind| kind == "counter") {
                let number = |value: &String| value.parse::<f64>().expect("a number");
                let before = earlier.samples.get(sample).map_or(0.0, number);
                assert!(number(value) >= before, "{sample} was {before} and is {value}");
            }
        }
        for histogram in self.types.iter().filter(|(_, kind)| *kind == "histogram").map(|(name, _)| name) {
            let mut buckets: Vec<_> = self.family(&format!("{histogram}_bucket")).into_iter().collect();
            buckets.sort_by(|(a, _), (b, _)| {
                let bound = |le: &str| if le == "+Inf" { f64::MAX } else { le.parse().expect("a number") };
                bound(a).total_cmp(&bound(b))
            });
            assert!(buckets.is_sorted_by_key(|&(_, count)| count), "{buckets:?}");
            let count = self.value(&format!("{histogram}_count"));
            assert_eq!(buckets.last(), Some(&("+Inf", count)));
        }
    }

    /// The counts above 0 of a family.
    fn seen(&self, name: &str) -> Vec<(&str, u64)> {
        self.family(name).into_iter().filter(|&(_, count)| count > 0).collect()
    }
}

/// A server with an administrator, and doors for JSON and HTTP.
struct Stage {
    server: Server,
    json: SocketAddr,
    http: SocketAddr,
}

impl Stage {
    fn new(options: &[&str]) -> Self {
        let mut command = command();
        command.args(["--port", "0", "--listen", "json://127.0.0.1:0", "--listen", "http://127.0.0.1:0"]);
        command.args(options).env("CHAT_ADMIN_PASSWORD", "open-sesame");
        let mut server = Server::start_command(command);
        let (json, http) = (server.announces("json"), server.announces("http"));
        Self { server, json, http }
    }

    fn browser(&self) -> Browser {
        Browser::connect_to(self.http)
    }
}

/// What a client has heard.
#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    lines: u64,
    bytes: u64,
}

impl Heard {
    /// Adds what a client hears up to a line with this text.
    #[track_caller]
    fn hear(&mut self, peer: &mut Peer, text: &str) {
        loop {
            let line = peer.next_line().expect("it is connected");
            self.lines += 1;
            self.bytes += line.len() as u64 + 1;
            if line.contains(text) {
                return;
            }
        }
    }
}

#[test]
fn every_line_and_every_byte_is_counted_once() {
    let stage = Stage::new(&[]);
    let (mut heard, mut said) = (Heard::default(), 0);
    let mut says = |peer: &mut Peer, line: &str| {
        peer.says(line);
        said += line.len() as u64 + 1;
    };
    let (mut alice, mut bob) = (stage.server.connect(), stage.server.connect());
    says(&mut alice, "/nick alice");
    heard.hear(&mut alice, "changed to 'alice'");
    says(&mut bob, "/nick bob");
    heard.hear(&mut bob, "changed to 'bob'");
    let mut carol = Peer::connect(stage.json);
    says(&mut carol, r#"{"type":"join","room":"lobby","user":"carol"}"#);
    heard.hear(&mut carol, "welcome");
    says(&mut bob, "/msg alice psst");
    heard.hear(&mut bob, "psst");
    for n in 0..5 {
        says(&mut alice, &format!("line {n}"));
    }
    for peer in [&mut alice, &mut bob, &mut carol] {
        heard.hear(peer, "line 4");
    }
    let mut browser = stage.browser();
    let (mut page, mut asked, mut answered) = (Page::read(&mut browser), REQUEST, 0);
    // The broadcaster counts what it has sent when the clients may have read it already.
    let sent = || {
        answered += page.length;
        asked += REQUEST;
        page = Page::read(&mut browser);
        page.value("chat_sent_bytes_total") - answered
    };
    look_until("the last send is counted", sent, |sent| *sent == heard.bytes);
    assert_eq!(page.value("chat_received_bytes_total"), said + asked);
    assert_eq!(page.value("chat_deliveries_total"), heard.lines);
    assert_eq!(page.seen("chat_messages_total"), [("line", 5), ("whisper", 1)]);
    assert_eq!(page.seen("chat_clients"), [("json", 1), ("text", 2)]);
    assert_eq!((page.value("chat_rooms"), page.value("chat_channel_length")), (1, 0));
    assert!(page.value("chat_channel_capacity") > 0);
}

#[test]
fn it_is_counted_why_clients_leave_and_why_others_are_not_let_in() {
    let stage = Stage::new(&["--outbox-limit", "65536"]);
    let mut browser = stage.browser();
    let mut root = stage.server.client("root");
    root.says("/admin wrong");
    root.hears("Invalid admin password.");
    root.says("/admin open-sesame");
    root.hears("Admin privileges granted.");
    let mut bob = stage.server.client("bob");
    root.says("/disconnect bob flooding");
    bob.hears_at_last("Disconnected by root: flooding");
    root.hears_at_last("bob has left the chat.");
    let mut quick = stage.server.client("quick");
    quick.says("/quit");
    quick.hears_at_last("Goodbye!");
    root.hears_at_last("quick has left the chat.");
    drop(stage.server.client("gone"));
    root.hears_at_last("gone has left the chat.");
    let mut twin = Peer::connect(stage.json);
    twin.says(r#"{"type":"join","room":"lobby","user":"root"}"#);
    assert!(twin.next_line().expect("an answer").contains("root"));
    drop(twin);
    let slow = stage.server.client("slow");
    root.hears_at_last("guest_1 is now known as slow.");
    let text = "x".repeat(1000);
    loop {
        root.says(&text);
        if root.next_line().as_deref() == Some("slow has left the chat.") {
            break;
        }
    }
    let page = Page::read(&mut browser);
    let left = [("closed", 1), ("dismissed", 1), ("quit", 1), ("too_slow", 1)];
    assert_eq!(page.seen("chat_clients_left_total"), left);
    assert_eq!(page.seen("chat_refusals_total"), [("name", 1)]);
    assert_eq!(page.seen("chat_passwords_total"), [("right", 1), ("wrong", 1)]);
    assert_eq!(page.seen("chat_clients"), [("text", 1)]);
    assert_eq!(page.family("chat_clients_left_total").len(), 8, "what never happened is 0");
    drop(slow);
}

#[test]
fn a_client_without_a_place_is_counted() {
    let stage = Stage::new(&["--max-clients", "2"]);
    let mut browser = stage.browser();
    // It has its place once it is answered.
    assert_eq!(Page::read(&mut browser).seen("chat_refusals_total"), []);
    let _alice = stage.server.client("alice");
    for _ in 0..3 {
        let mut late = stage.server.connect();
        late.hears("Server is full.");
        late.hears_the_end();
    }
    assert_eq!(Page::read(&mut browser).seen("chat_refusals_total"), [("full", 3)]);
}

#[test]
fn a_browser_is_in_the_chat_only_once_it_speaks_websocket() {
    let stage = Stage::new(&[]);
    let mut browser = stage.browser();
    assert_eq!(Page::read(&mut browser).seen("chat_clients"), []);
    let mut bob = Socket::connect(stage.http.port(), "chat.text");
    bob.says("/nick bob");
    let look = || Page::read(&mut browser).family("chat_clients")["websocket"];
    look_until("the browser is in the chat", look, |clients| *clients == 1);
    drop(bob);
    let look = || Page::read(&mut browser).seen("chat_clients").len();
    look_until("the browser has left", look, |wires| *wires == 0);
}

#[test]
fn counters_never_fall_while_many_clients_talk() {
    const CLIENTS: usize = 20;
    let stage = Stage::new(&[]);
    let is_over = AtomicBool::new(false);
    let talk = |n: usize| {
        let mut peer = stage.server.client(&format!("user_{n}"));
        while !is_over.load(Relaxed) {
            peer.says("hello");
            peer.hears_at_last(&format!("[lobby] user_{n}: hello"));
        }
    };
    thread::scope(|scope| {
        let talking: Vec<_> = (0..CLIENTS)
            .map(|n| thread::Builder::new().spawn_scoped(scope, move || talk(n)).expect("a thread"))
            .collect();
        let mut browser = stage.browser();
        let mut last = Page::read(&mut browser);
        for _ in 0..200 {
            let page = Page::read(&mut browser);
            page.has_not_fallen_since(&last);
            last = page;
        }
        is_over.store(true, Relaxed);
        for talking in talking {
            talking.join().expect("it talks");
        }
    });
    let page = Page::read(&mut stage.browser());
    assert!(page.value("chat_lock_hold_seconds_count") > 200);
    assert!(page.value("chat_batch_posts_count") > 0);
}

#[test]
fn a_page_names_no_room_and_no_user() {
    let stage = Stage::new(&[]);
    let mut alice = stage.server.client("xalicex");
    alice.says("/join xroomx");
    alice.hears("You joined room 'xroomx'.");
    let mut browser = stage.browser();
    browser.asks("GET /metrics");
    let reply = browser.reply();
    assert!(!reply.body.contains("xalicex") && !reply.body.contains("xroomx"));
    assert!(reply.body.len() < 16 * 1024, "{}", reply.body.len());
    browser.asks("HEAD /metrics");
    assert_eq!(browser.reply_to("HEAD").status, 200);
}

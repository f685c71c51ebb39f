//! The conversations of the course, which are text, played over other wires.

use chat::course::{
    checks::{Check, How},
    stage::Wording,
    steps::{Part, STEPS, Step},
    verdict::Style,
};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::{
    course::{LONG, all, example, grader},
    support::{
        Server, WireClient,
        secure::{Certified, path},
    },
};

/// Plays those conversations over a wire for which `is_fit` holds. Returns how many there were.
fn play(wire: &str, is_fit: impl Fn(&Step, &str) -> bool) -> usize {
    let server = env!("CARGO_BIN_EXE_chat_server");
    let grader =
        grader(&[&example("interpreter"), wire, server, "--max-clients", "100"], Wording::Strict, LONG);
    let steps = STEPS.iter().filter(|step| step.part != Part::Wires);
    let rows = steps.flat_map(|step| step.checks.iter().map(move |check| (step, check)));
    let played: Vec<_> =
        rows.filter(|(step, check)| text_of(check).is_some_and(|text| is_fit(step, text))).collect();
    all(&played, |(step, check)| {
        let verdict = grader.check(step, check).expect("the interpreter was built with the tests");
        assert!(verdict.fault.is_none(), "{} over {wire}:\n{}", check.name, verdict.text(Style::Plain));
    });
    played.len()
}

/// The text of a check that is a conversation.
fn text_of(check: &Check) -> Option<&'static str> {
    if let How::Conversation(text) = check.how { Some(text) } else { None }
}

#[test]
fn every_conversation_is_the_same_in_frames() {
    assert!(play("frames", |_, _| true) > 30);
}

/// A program has a name before it comes in, so there are no guests. It is told the history without a heading. What it
/// says is never a command, so blanks before a slash mean nothing.
#[test]
fn every_conversation_among_users_with_names_is_the_same_in_json() {
    let is_fit = |step: &Step, text: &str| {
        text.contains("\npeers: ")
            && !text.contains("(connects)")
            && !text.contains("> \\x20/")
            && step.title != "History"
    };
    assert!(play("json", is_fit) > 20);
}

/// Each door of a server with all wires, and an interpreter of what is spoken there.
const DOORS: [(&str, &str); 26] = [
    ("text", "text"),
    ("text+unix", "text"),
    ("unframed", "unframed"),
    ("unframed+unix", "unframed"),
    ("json", "json"),
    ("json+unix", "json"),
    ("json", "terse"),
    ("json+unix", "terse"),
    ("json+udp", "json"),
    ("frames", "frames"),
    ("frames+unix", "frames"),
    ("verbs", "verbs"),
    ("verbs+unix", "verbs"),
    ("any", "text"),
    ("any", "websocket"),
    ("http", "websocket"),
    ("http", "websocket-text"),
    ("http+unix", "websocket"),
    ("text+tls", "text"),
    ("unframed+tls", "unframed"),
    ("json+tls", "json"),
    ("json+tls", "terse"),
    ("frames+tls", "frames"),
    ("verbs+tls", "verbs"),
    ("https", "websocket"),
    ("https", "websocket-text"),
];

/// A server with all doors, and a client at each that has a name: `c0`, `c1` and so on.
struct AllWires {
    server: Server,
    clients: Vec<WireClient>,
    doors: Vec<String>,
    certified: Certified,
    _folder: TempDir,
}

impl AllWires {
    fn start(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let certified = Certified::new("localhost");
        let (chain, key) = (certified.chain(), certified.key());
        let mut schemes: Vec<_> = DOORS.iter().map(|(scheme, _)| *scheme).collect();
        schemes.sort_unstable();
        schemes.dedup();
        let place = |scheme: &&str| match scheme.strip_suffix("+unix") {
            Some(_) => format!("{scheme}://{}", folder.path().join(scheme).display()),
            None => format!("{scheme}://127.0.0.1:0"),
        };
        let urls: Vec<_> = schemes.iter().map(place).collect();
        let listen = urls.iter().flat_map(|url| ["--listen", url]);
        let tls = ["--tls-cert", path(&chain), "--tls-key", path(&key)];
        let mut server = Server::start(&listen.chain(tls).chain(options.iter().copied()).collect::<Vec<_>>());
        let listening = |_| server.prints().split_once(" on ").expect("a door").1.to_owned();
        let doors: Vec<_> = schemes.iter().map(listening).collect();
        let mut all = Self { server, clients: Vec::new(), doors, certified, _folder: folder };
        for number in 0..DOORS.len() {
            let client = all.connect(number, &name(number));
            all.clients.push(client);
        }
        all
    }

    /// Comes in through a door, under a name.
    #[track_caller]
    fn connect(&self, door: usize, name: &str) -> WireClient {
        let (scheme, speech) = DOORS[door];
        let url = self.doors.iter().find(|url| url.starts_with(&format!("{scheme}://"))).expect("it is open");
        let (scheme, address) = url.split_once("://").expect("a URL");
        let mut client = if scheme == "https" || scheme.ends_with("+tls") {
            WireClient::secure(self.certified.connect(address.parse().expect("an address")), speech)
        } else {
            WireClient::connect(url, speech)
        };
        client.says(&format!("/nick {name}"));
        client.hears_at_last(&format!("Nickname changed to '{name}'."));
        // When it hears this, it is in the chat.
        client.says(&format!("/whisper {name} in?"));
        client.hears_at_last(&format!("[Whisper to {name}]: in?"));
        client
    }

    /// What each client hears of this many lines, which the clients say in turn in the lobby. All hear the same lines in
    /// the same order, except that a client of terse JSON does not hear itself.
    #[track_caller]
    fn hear(&mut self, count: usize) -> Vec<String> {
        let mut heard = Vec::new();
        for (number, client) in self.clients.iter_mut().enumerate() {
            let own = format!("[lobby] {}: ", name(number));
            let is_heard = |line: &String| DOORS[number].1 != "terse" || !line.starts_with(&own);
            let due = if number == 0 { count } else { heard.iter().filter(|line| is_heard(line)).count() };
            let lines = std::iter::from_fn(|| client.next_line()).filter(|line| line.starts_with("[lobby]"));
            let lines: Vec<_> = lines.take(due).collect();
            if number == 0 {
                heard = lines;
            } else {
                let expected: Vec<_> = heard.iter().filter(|line| is_heard(line)).cloned().collect();
                assert_eq!(lines, expected, "{:?}", DOORS[number]);
            }
        }
        heard
    }

    /// All clients except these hear this sentence.
    #[track_caller]
    fn all_hear(&mut self, sentence: &str, except: &[usize]) {
        for (number, client) in self.clients.iter_mut().enumerate() {
            if !except.contains(&number) {
                client.hears_at_last(sentence);
            }
        }
    }
}

fn name(number: usize) -> String {
    format!("c{number}")
}

#[test]
fn all_wires_meet_in_one_room_and_hear_each_other_in_the_same_order() {
    let mut all = AllWires::start(&["--rate", "0"]);
    for round in 0..10 {
        for (number, client) in all.clients.iter_mut().enumerate() {
            client.says(&format!("round {round}, \"{number}\" ë 😄"));
        }
        let mut heard = all.hear(DOORS.len());
        heard.sort_unstable();
        let mut said: Vec<_> = (0..DOORS.len())
            .map(|number| format!("[lobby] {}: round {round}, \"{number}\" ë 😄", name(number)))
            .collect();
        said.sort_unstable();
        assert_eq!(heard, said);
    }
}

#[test]
fn whispers_and_new_names_pass_from_every_wire_to_every_other() {
    let mut all = AllWires::start(&["--rate", "0"]);
    for from in 0..DOORS.len() {
        for to in (0..DOORS.len()).filter(|to| *to != from) {
            all.clients[from].says(&format!("/whisper {} psst {from}", name(to)));
            all.clients[from].hears_at_last(&format!("[Whisper to {}]: psst {from}", name(to)));
            all.clients[to].hears_at_last(&format!("[Whisper from {}]: psst {from}", name(from)));
        }
    }
    for number in 0..DOORS.len() {
        all.clients[number].says(&format!("/nick d{number}"));
        all.clients[number].hears_at_last(&format!("Nickname changed to 'd{number}'."));
        all.all_hear(&format!("c{number} is now known as d{number}."), &[number]);
    }
}

#[test]
fn a_newcomer_on_any_wire_is_told_the_history() {
    let mut all = AllWires::start(&["--rate", "0", "--history-replay", "5"]);
    for line in 0..9 {
        all.clients[0].says(&format!("line {line}"));
    }
    all.hear(9);
    for (door, wire) in DOORS.iter().enumerate() {
        let mut late = all.connect(door, &format!("late{door}"));
        late.says("/history 2");
        let lines = std::iter::from_fn(|| late.next_line()).filter(|line| line.contains("[lobby] c0: line"));
        let heard: Vec<_> = lines.take(2).map(|line| line[line.len() - 6..].to_owned()).collect();
        assert_eq!(heard, ["line 7", "line 8"], "{wire:?}");
    }
}

#[test]
fn a_moderator_kicks_from_every_wire_and_the_others_go_on() {
    let mut all = AllWires::start(&["--rate", "0"]);
    for number in 0..DOORS.len() {
        all.clients[number].says("/join ops");
        all.clients[number].hears_at_last("You joined room 'ops'.");
    }
    for number in 1..DOORS.len() {
        all.clients[0].says(&format!("/kick {} enough", name(number)));
        all.clients[number].hears_at_last("You returned to the lobby.");
        all.clients[0].hears_at_last(&format!("c0 has kicked {}: enough", name(number)));
    }
}

#[test]
fn a_client_that_does_not_read_is_told_so_on_every_wire_and_the_others_go_on() {
    let mut all = AllWires::start(&["--rate", "0", "--history-replay", "0", "--outbox-limit", "16384"]);
    let (alice, others) = all.clients.split_first_mut().expect("there are many");
    let line = "x".repeat(1000);
    loop {
        for _ in 0..500 {
            alice.says(&line);
        }
        alice.says("/users");
        let users =
            std::iter::from_fn(|| alice.next_line()).find(|line| line.starts_with("Users in lobby: "));
        if users.expect("an answer") == "Users in lobby: c0" {
            break;
        }
    }
    for (number, client) in others.iter_mut().enumerate() {
        // What a socket for datagrams cannot hold is lost.
        if DOORS[number + 1].0 != "json+udp" {
            client.hears_at_last("Disconnected: too slow to read.");
            while client.next_line().is_some() {}
        }
    }
}

#[test]
fn the_stop_is_told_on_every_wire_and_every_stream_ends() {
    let all = AllWires::start(&[]);
    all.server.signal(Signal::TERM);
    for (number, mut client) in all.clients.into_iter().enumerate() {
        client.hears_at_last("Server shutting down.");
        if !DOORS[number].0.ends_with("+udp") {
            while client.next_line().is_some() {}
        }
    }
    assert!(all.server.ends().success());
}

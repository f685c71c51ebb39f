//! The writer and the real rules, in random orders of events: what is in the file is what was said.

use std::{cell::RefCell, collections::BTreeMap, io, iter};

use crossbeam_channel::bounded;
use proptest::prelude::*;

use super::*;
use crate::{
    broadcaster::Sink,
    clock::Now,
    command::{Command, Verb},
    dialect::Dialect,
    ending::Ending,
    file::ByteCount,
    names::ClientId,
    registry::{
        Registry,
        hashing::Hasher,
        state::{FileLimits, HistoryLimits, Limits, LineLimits, Newcomer, State},
    },
    watch::Watch,
};

/// More rooms than one write takes.
const ROOMS: usize = 70;

const CLIENTS: usize = 3;

struct NoSink;

impl Sink for NoSink {
    fn send(&mut self, owed: &[u8], fresh: &[u8]) -> io::Result<usize> {
        Ok(owed.len() + fresh.len())
    }

    fn finish(&mut self) {}

    fn hang_up(&mut self, _why: Ending) {}
}

/// Something that happens in the chat.
#[derive(Clone, Debug)]
enum Happening {
    /// A client joins a room; that may open a dormant room again, and leave another one empty.
    Join(usize, usize),
    /// A client says something in its room.
    Say(usize),
    /// A client says something in every room.
    SayEverywhere(usize),
}

/// A step of a test.
#[derive(Clone, Debug)]
enum Step {
    Now(Happening),
    /// After the writer has taken marks, and before it asks for the next record.
    Between(Happening),
    /// From now on the disk takes so many pages more.
    Disk(u32),
    DeleteFile,
    Save,
}

/// The real rules, in which things happen while the writer is at work.
struct Chat {
    registry: Registry,
    clients: Vec<ClientId>,
    model: RefCell<Model>,
    between: RefCell<Vec<Happening>>,
}

/// What was said in each room, and where each client is.
#[derive(Default)]
struct Model {
    said: BTreeMap<String, Vec<String>>,
    places: BTreeMap<usize, String>,
    count: usize,
}

impl Chat {
    fn new() -> Self {
        let limits = Limits {
            presence: 0,
            history: HistoryLimits { remembered: 100_000, replayed: 0 },
            rate: None,
            files: FileLimits { largest: ByteCount(0), port: None },
            lines: LineLimits { line: 100, text: 100 },
        };
        let state = State::new(limits, Restored::default(), Now::read());
        let registry = Registry::new(state, bounded(1).0, Store::none(), Hasher::cheap(), Watch::start());
        let enter = |port| {
            let newcomer = Newcomer::guest(std::net::SocketAddr::from(([127, 0, 0, 1], port)));
            registry.enter(&newcomer, &mut Some(Box::new(NoSink))).unwrap()
        };
        let clients = (0..CLIENTS).map(|_| enter(1)).collect();
        Self { registry, clients, model: RefCell::default(), between: RefCell::default() }
    }

    fn happens(&self, happening: &Happening) {
        match *happening {
            Happening::Join(client, room) => {
                let room = format!("r{room}");
                self.apply(client, Verb::find("join").unwrap().command(&room, 99));
                self.model.borrow_mut().places.insert(client, room);
            }
            Happening::Say(client) => {
                let line = self.model.borrow_mut().say(client);
                self.apply(client, Command::say(text(&line)));
            }
            Happening::SayEverywhere(client) => {
                for room in 0..ROOMS {
                    self.happens(&Happening::Join(client, room));
                    self.happens(&Happening::Say(client));
                }
            }
        }
    }

    fn apply(&self, client: usize, command: Command) {
        assert!(self.registry.apply(self.clients[client], Dialect::Text, &mut vec![command]).is_continue());
    }

    fn said(&self) -> BTreeMap<String, Vec<String>> {
        self.model.borrow().said.clone()
    }
}

impl Model {
    fn say(&mut self, client: usize) -> String {
        self.count += 1;
        // Long enough that a few of them fill a page.
        let line = format!("{} {}", self.count, "x".repeat(900));
        let room = self.places.get(&client).map_or("lobby", String::as_str);
        self.said.entry(room.to_owned()).or_default().push(line.clone());
        line
    }
}

impl Source for Chat {
    fn changes(&self) -> Box<dyn Iterator<Item = Record> + '_> {
        let mut records = self.registry.changes();
        Box::new(iter::from_fn(move || {
            let happening = self.between.borrow_mut().pop();
            happening.inspect(|happening| self.happens(happening));
            records.next()
        }))
    }

    fn mark_everything_unsaved(&self) {
        self.registry.mark_everything_unsaved();
    }
}

/// What a server that is killed now would restore.
fn saved(folder: &Folder) -> BTreeMap<String, Vec<String>> {
    let rooms = folder.copy().open().restore(usize::MAX).unwrap().rooms;
    let texts = |lines: &[Line]| lines.iter().map(|line| line.text.as_str().to_owned()).collect();
    rooms.iter().map(|room| (room.name.as_str().to_owned(), texts(&room.lines))).collect()
}

/// Each room's lines are the first ones of what was said in it.
#[track_caller]
fn check_no_gap(saved: &BTreeMap<String, Vec<String>>, said: &BTreeMap<String, Vec<String>>) {
    for (room, lines) in saved {
        assert!(said[room].starts_with(lines), "{room}: {} of {} lines", lines.len(), said[room].len());
    }
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (0..CLIENTS, 0..4_usize).prop_map(|(client, room)| Happening::Join(client, room)),
        4 => (0..CLIENTS).prop_map(Happening::Say),
        1 => (0..CLIENTS).prop_map(Happening::SayEverywhere),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => happening().prop_map(Step::Now),
        4 => happening().prop_map(Step::Between),
        2 => prop_oneof![Just(0), 1..20_u32, Just(100_000)].prop_map(Step::Disk),
        1 => Just(Step::DeleteFile),
        4 => Just(Step::Save),
    ]
}

fn check(steps: &[Step]) {
    let (folder, chat) = (Folder::new(), Chat::new());
    let (_store, mut writer) = Writer::new(folder.open());
    let mut pass = Pass::done();
    for step in steps {
        match step {
            Step::Now(happening) => chat.happens(happening),
            Step::Between(happening) => chat.between.borrow_mut().push(happening.clone()),
            Step::Disk(pages) => writer.database.limit_growth(*pages),
            Step::DeleteFile => drop(fs::remove_file(folder.file())),
            Step::Save => {
                let before = chat.said();
                let is_saved = writer.save(&chat, &mut pass);
                let saved = saved(&folder);
                check_no_gap(&saved, &chat.said());
                if is_saved {
                    check_no_gap(&before, &saved);
                }
            }
        }
    }
    writer.database.limit_growth(100_000);
    while !chat.between.borrow().is_empty() {
        assert!(writer.save(&chat, &mut pass));
    }
    assert!(writer.save(&chat, &mut pass));
    check_no_gap(&saved(&folder), &chat.said());
    check_no_gap(&chat.said(), &saved(&folder));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_events_costs_a_room_its_last_lines(steps in prop::collection::vec(step(), 1..30)) {
        check(&steps);
    }
}

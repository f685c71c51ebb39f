//! Programs that say line after line over HTTP: each sends its next request when the last one is answered.

use std::time::{Duration, Instant};

use httparse::EMPTY_HEADER;
use serde_json::{Value, json};

use crate::{
    contender::{Contender, nick, room},
    crowd::{Client, Crowd, Hear},
    failure::{Failure, Result},
    gather::{Goal, gather},
    histogram::Histogram,
    mark::{Mark, TEXT},
    measure::{Measure, Sample},
    process::Usage,
    receiver::Receiver,
};

const PATIENCE: Duration = Duration::from_secs(10);

/// More headers than a response has here.
const HEADERS: usize = 16;

/// The client that hears what the first program says, in a server that delivers it.
const WITNESS: usize = 0;

/// Runs `programs` programs for `length`, each on a connection and in a room of its own, and counts what is answered.
pub(crate) fn rest(contender: &dyn Contender, programs: usize, length: Duration) -> Result<Sample> {
    let server = contender.start(programs + 1)?;
    let mut crowd = Crowd::new()?;
    // Other servers deliver nothing.
    let is_witnessed = contender.program().is_none();
    if is_witnessed {
        gather(&mut crowd, &server, contender, 1, &Goal::Room(&|_| 1))?;
    }
    let first = crowd.len();
    let mut desk = Desk::new(contender, first, programs);
    for id in first..first + programs {
        let address = contender.address(id.max(1), &server).without_layers();
        let request = desk.register(id);
        crowd.connect(&address)?.send(&request)?;
    }
    desk.wait_for(&mut crowd, "programs to be registered", |desk| desk.answered == programs as u64)?;
    desk.answered = 0;
    for id in first..first + programs {
        desk.say(id, crowd.client(id))?;
    }
    desk.listen(&mut crowd, length / 4)?;
    desk.forget();
    let (start, usage, own) = (Instant::now(), server.usage(), Usage::of_this_program());
    desk.listen(&mut crowd, length)?;
    let (passed, answered) = (start.elapsed().as_secs_f64(), desk.answered as f64);
    let cpu = server.usage().cpu_since(&usage);
    let generator = Usage::of_this_program().cpu_since(&own);
    let mut sample = vec![
        (Measure::Requests, answered / passed),
        (Measure::CpuPerRequest, cpu / answered),
        (Measure::Generator, generator / passed),
    ];
    for (measure, share) in [(Measure::P50, 0.5), (Measure::P99, 0.99)] {
        sample.extend(desk.latency.percentile(share).map(|latency| (measure, latency.as_secs_f64())));
    }
    desk.is_ending = true;
    desk.wait_for(&mut crowd, "the last answers and lines", |desk| {
        let is_done = desk.programs.iter().all(|program| !program.is_waiting);
        is_done && (!is_witnessed || desk.witness.next()[0] == desk.programs[0].next)
    })?;
    Ok(sample)
}

/// Where all answers arrive.
struct Desk<'a> {
    contender: &'a dyn Contender,
    witness: Receiver,
    /// The client number of the first program.
    first: usize,
    programs: Vec<Program>,
    latency: Histogram,
    answered: u64,
    is_ending: bool,
}

struct Program {
    /// What stands before the body of each of its requests; empty until it has a token.
    head: String,
    /// The mark of what it says next.
    next: Mark,
    sent_at: Instant,
    is_waiting: bool,
    /// The number of its last line in the server's count.
    seq: u64,
}

impl<'a> Desk<'a> {
    fn new(contender: &'a dyn Contender, first: usize, programs: usize) -> Self {
        let program = |number| Program {
            head: String::new(),
            next: Mark::new(number, 0),
            sent_at: Instant::now(),
            is_waiting: false,
            seq: 0,
        };
        Self {
            contender,
            witness: Receiver::new(0..1, None),
            first,
            programs: (0..programs).map(program).collect(),
            latency: Histogram::new(),
            answered: 0,
            is_ending: false,
        }
    }

    fn forget(&mut self) {
        self.latency = Histogram::new();
        self.answered = 0;
    }

    /// The request that makes a program a client of the chat. The first program is in the room of the witness.
    fn register(&self, id: usize) -> Vec<u8> {
        let room = room(1 + id - self.first);
        let body = json!({"client_name": nick(1 + id), "chat_room": room}).to_string();
        post("/clients/register", "", body.len()).into_bytes().into_iter().chain(body.into_bytes()).collect()
    }

    fn say(&mut self, id: usize, client: &mut Client) -> Result<()> {
        let number = id - self.first;
        let program = &mut self.programs[number];
        let mut text = Vec::new();
        program.next.write(&mut text);
        program.next = program.next.next();
        let text = String::from_utf8_lossy(&text);
        let body = body(&text, number);
        program.sent_at = Instant::now();
        program.is_waiting = true;
        client.send(&[program.head.as_bytes(), body.as_bytes()].concat())
    }

    fn listen(&mut self, crowd: &mut Crowd, length: Duration) -> Result<()> {
        let (end, before) = (Instant::now() + length, self.answered);
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            crowd.turn(left, self)?;
        }
        if self.answered == before {
            return Err(Failure::TooLate { after: length, waited_for: "any answer".into() });
        }
        Ok(())
    }

    fn wait_for(&mut self, crowd: &mut Crowd, what: &str, is_done: impl Fn(&Self) -> bool) -> Result<()> {
        let start = Instant::now();
        while !is_done(self) {
            if start.elapsed() > PATIENCE {
                return Err(Failure::TooLate { after: PATIENCE, waited_for: what.into() });
            }
            crowd.turn(Duration::from_millis(100), self)?;
        }
        Ok(())
    }

    fn answer(&mut self, id: usize, answer: &Answer<'_>, client: &mut Client) -> Result<()> {
        let refused =
            || Failure::Broken(format!("answered {}: {}", answer.status, answer.body.escape_ascii()));
        let object: Value = serde_json::from_slice(answer.body).map_err(|_| refused())?;
        let program = &mut self.programs[id - self.first];
        self.answered += 1;
        if program.head.is_empty() {
            let token = object["token"].as_str().filter(|_| answer.status == 201).ok_or_else(refused)?;
            // All bodies have the same length.
            let length = body(&"x".repeat(TEXT), id - self.first).len();
            program.head = post("/messages/send", &format!("Authorization: Bearer {token}\r\n"), length);
            return Ok(());
        }
        let seq = object["seq"].as_u64().filter(|_| answer.status == 202).ok_or_else(refused)?;
        if seq <= program.seq {
            return Err(Failure::Broken(format!("line {seq} was said after line {}", program.seq)));
        }
        program.seq = seq;
        program.is_waiting = false;
        self.latency.add(u64::try_from(program.sent_at.elapsed().as_nanos()).unwrap_or(u64::MAX));
        if self.is_ending { Ok(()) } else { self.say(id, client) }
    }
}

impl Hear for Desk<'_> {
    fn hear(&mut self, id: usize, bytes: &[u8], client: &mut Client) -> Result<usize> {
        if id < self.first {
            let speech = self.contender.speaks(WITNESS);
            let taken = self.witness.take(bytes, speech, &mut Vec::new(), |_| {});
            return taken.map_err(|what| Failure::Broken(what).to(id));
        }
        let mut used = 0;
        while let Some((length, answer)) = Answer::read(&bytes[used..])? {
            self.answer(id, &answer, client)?;
            used += length;
        }
        Ok(used)
    }
}

/// What the program with this number says to its room, as the body of a request.
fn body(text: &str, number: usize) -> String {
    format!("{{\"message_data\":\"{text}\",\"chat_room\":\"{}\"}}", room(1 + number))
}

/// The head of a request whose body has this length.
fn post(path: &str, headers: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}\
         Content-Length: {length}\r\n\r\n"
    )
}

/// One response.
struct Answer<'a> {
    status: u16,
    body: &'a [u8],
}

impl<'a> Answer<'a> {
    /// The first response with its length, if all of it is there.
    fn read(bytes: &'a [u8]) -> Result<Option<(usize, Self)>> {
        let broken = || Failure::Broken(format!("no response: {}", bytes.escape_ascii()));
        let mut headers = [EMPTY_HEADER; HEADERS];
        let mut head = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(start) = head.parse(bytes).map_err(|_| broken())? else {
            return Ok(None);
        };
        let length = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
        let length = length.and_then(|length| str::from_utf8(length.value).ok()?.parse::<usize>().ok());
        let end = start + length.ok_or_else(broken)?;
        let status = head.code.ok_or_else(broken)?;
        Ok(bytes.get(start..end).map(|body| (end, Self { status, body })))
    }
}

//! Clients that connect, say one line, and quit.

use std::time::{Duration, Instant};

use crate::{
    address::Address,
    contender::{Contender, Line, nick, room},
    crowd::{Client, Crowd, Hear, lines},
    failure::{Failure, Result},
    gather::{Goal, gather},
    mark::{Mark, TEXT},
    measure::{Measure, Sample},
    process::{Running, Usage, pause},
};

const PATIENCE: Duration = Duration::from_secs(10);

/// The server may keep this many threads of clients that have left, for those that come next.
const FREE_THREADS: u64 = 16;

/// Runs sessions for `length`, `at_once` at a time, and counts those that end as they should.
pub(crate) fn churn(contender: &dyn Contender, at_once: usize, length: Duration) -> Result<Sample> {
    let server = contender.start(at_once + 1)?;
    // One client stays, in another room. When it is in, all of the server's own threads have started.
    let mut resident = Crowd::new()?;
    gather(&mut resident, &server, contender, 1, &Goal::Room(&|_| at_once))?;
    let before = server.usage();
    let mut crowd = Crowd::new()?;
    let mut door = Revolving {
        contender,
        visits: vec![Visit::default(); at_once],
        // The client that stays has the first name.
        begun: 1,
        ended: Vec::new(),
        count: 0,
    };
    for slot in 0..at_once {
        let client = crowd.connect(&Address::Tcp(server.address))?;
        door.begin(slot, client)?;
    }
    let start = Instant::now();
    door.turn(&mut crowd, &server, start + length)?;
    let (passed, count) = (start.elapsed().as_secs_f64(), door.count as f64);
    let cpu = server.usage().cpu_since(&before);
    door.close(&mut crowd)?;
    check_nothing_is_left(contender, &server, &before)?;
    Ok(vec![(Measure::Sessions, count / passed), (Measure::CpuPerSession, cpu / count)])
}

/// Checks that clients that have left leave no threads and open files behind.
fn check_nothing_is_left(contender: &dyn Contender, server: &Running, before: &Usage) -> Result<()> {
    let start = Instant::now();
    loop {
        let left = server.usage();
        let is_clean = left.threads <= before.threads + FREE_THREADS && left.files <= before.files;
        if is_clean || contender.program().is_some() {
            return Ok(());
        }
        if start.elapsed() > PATIENCE {
            let what = format!(
                "leaked: {} threads and {} open files are left, of {} and {} in the beginning",
                left.threads, left.files, before.threads, before.files
            );
            return Err(Failure::Broken(what));
        }
        // There is no event to wait for when another process closes a file.
        pause(Duration::from_millis(10));
    }
}

#[derive(Clone, Default)]
struct Visit {
    session: u64,
    /// How often the server said that it is ready, and how often the client heard its own text.
    ready: u64,
    heard: u64,
}

struct Revolving<'a> {
    contender: &'a dyn Contender,
    visits: Vec<Visit>,
    begun: u64,
    /// Slots whose session has ended.
    ended: Vec<usize>,
    count: u64,
}

impl Revolving<'_> {
    fn begin(&mut self, slot: usize, client: &mut Client) -> Result<()> {
        self.visits[slot] = Visit { session: self.begun, ready: 0, heard: 0 };
        self.begun += 1;
        client.send(self.contender.speaks(slot).hello(&self.nick(slot)).as_bytes())
    }

    fn nick(&self, slot: usize) -> String {
        // Names have five digits, and 0 belongs to the client that stays, so 1 follows 99 999.
        nick(1 + usize::try_from(self.visits[slot].session % 99_999).unwrap_or(slot))
    }

    fn mark(&self, slot: usize) -> Mark {
        Mark::new(slot, self.visits[slot].session)
    }

    fn turn(&mut self, crowd: &mut Crowd, server: &Running, end: Instant) -> Result<()> {
        while Instant::now() < end {
            self.listen(crowd)?;
            while let Some(slot) = self.ended.pop() {
                let client = crowd.reconnect(&Address::Tcp(server.address), slot)?;
                self.begin(slot, client)?;
            }
        }
        Ok(())
    }

    /// Waits until the last sessions have ended.
    fn close(&mut self, crowd: &mut Crowd) -> Result<()> {
        while self.count + 1 < self.begun {
            self.listen(crowd)?;
        }
        Ok(())
    }

    fn listen(&mut self, crowd: &mut Crowd) -> Result<()> {
        let before = (self.count, Instant::now());
        while self.count == before.0 {
            crowd.turn(Duration::from_millis(100), self)?;
            if before.1.elapsed() > PATIENCE {
                let waited_for = format!("any of {} sessions to end", self.visits.len());
                return Err(Failure::TooLate { after: PATIENCE, waited_for });
            }
        }
        Ok(())
    }

    /// All bytes that a visitor sends, in one write, as a script does.
    fn talk(&self, slot: usize) -> Vec<u8> {
        let room = room(slot);
        let speech = self.contender.speaks(slot);
        let mut bytes = speech.enter(&self.nick(slot), &room);
        bytes.extend_from_slice(speech.say(&room, TEXT).as_bytes());
        self.mark(slot).write(&mut bytes);
        bytes.extend_from_slice(speech.line_end().as_bytes());
        bytes.extend_from_slice(speech.quit().unwrap_or_default().as_bytes());
        bytes
    }

    fn read(&mut self, slot: usize, line: &[u8], client: &mut Client) -> Result<()> {
        match self.contender.speaks(slot).read(line) {
            Line::Ready => {
                self.visits[slot].ready += 1;
                if self.visits[slot].ready == 1 {
                    client.send(&self.talk(slot))?;
                }
            }
            Line::Said(text) if Mark::of(text) == Some(self.mark(slot)) => self.visits[slot].heard += 1,
            Line::Ping(answer) => client.send(&answer)?,
            Line::Framing | Line::Chatter => {}
            Line::Said(_) | Line::Confirmed(_) | Line::Session(_) | Line::Complaint => {
                let what = format!("{} heard: {}", self.nick(slot), line.escape_ascii());
                return Err(Failure::Broken(what));
            }
        }
        Ok(())
    }
}

impl Hear for Revolving<'_> {
    fn hear(&mut self, id: usize, bytes: &[u8], client: &mut Client) -> Result<usize> {
        let (end, lines) = lines(bytes);
        for line in lines {
            self.read(id, line, client)?;
        }
        Ok(end)
    }

    fn end(&mut self, id: usize) -> Result<()> {
        let visit = &self.visits[id];
        let wanted = (2, u64::from(self.contender.echoes()));
        if (visit.ready, visit.heard) != wanted {
            let what = format!(
                "{} was disconnected after {} of 2 answers and {} of {} texts",
                self.nick(id),
                visit.ready,
                visit.heard,
                wanted.1
            );
            return Err(Failure::Broken(what));
        }
        self.count += 1;
        self.ended.push(id);
        Ok(())
    }
}

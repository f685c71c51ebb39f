//! Pairs of clients that whisper to each other: each whisper that is heard is answered by the next.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::{
    contender::{Contender, Line, nick},
    crowd::{Client, Crowd, Hear, lines},
    failure::{Failure, Result},
    gather::{Goal, gather},
    histogram::Histogram,
    mark::{Mark, TEXT},
    measure::{Measure, Sample},
};

const PATIENCE: Duration = Duration::from_secs(10);

/// Runs `pairs` pairs for `length`, with `under_way` whispers of each pair under way at any time, and
/// counts the whispers heard.
pub(crate) fn whispers(
    contender: &dyn Contender,
    pairs: usize,
    under_way: u64,
    length: Duration,
) -> Result<Sample> {
    let server = contender.start(2 * pairs)?;
    let mut crowd = Crowd::new()?;
    gather(&mut crowd, &server, contender, 2 * pairs, &Goal::Room(&|_| 0))?;
    let mut talk = Talk::new(contender, pairs, under_way);
    for pair in 0..pairs {
        let client = crowd.client(2 * pair);
        for first in 0..under_way {
            talk.whisper(2 * pair, Mark::new(pair, 2 * first), client)?;
        }
    }
    talk.listen(&mut crowd, length / 4)?;
    talk.round_trips = Histogram::new();
    talk.heard = 0;
    let (start, usage) = (Instant::now(), server.usage());
    talk.listen(&mut crowd, length)?;
    let (passed, heard) = (start.elapsed().as_secs_f64(), talk.heard as f64);
    let cpu = server.usage().cpu_since(&usage);
    talk.finish(&mut crowd)?;
    let mut sample = vec![(Measure::Whispers, heard / passed), (Measure::CpuPerWhisper, cpu / heard)];
    for (measure, share) in [(Measure::P50, 0.5), (Measure::P99, 0.99)] {
        sample.extend(talk.round_trips.percentile(share).map(|trip| (measure, trip.as_secs_f64())));
    }
    Ok(sample)
}

struct Talk<'a> {
    contender: &'a dyn Contender,
    pairs: Vec<Pair>,
    /// Whispers of a pair under way: those to the first client and those to the second together.
    under_way: u64,
    round_trips: Histogram,
    heard: u64,
    is_ending: bool,
}

/// The clients 2n and 2n + 1. The first whispers the even numbers, and the second answers each with the
/// odd number after it.
struct Pair {
    /// The next whisper that each must hear.
    due: [Mark; 2],
    /// The next whisper that the server must confirm to each.
    unconfirmed: [Mark; 2],
    /// How many whispers were heard and not answered, because the talk is ending.
    unanswered: u64,
    /// When the first client sent each of its unanswered whispers, oldest first.
    asked: VecDeque<Instant>,
}

impl<'a> Talk<'a> {
    fn new(contender: &'a dyn Contender, pairs: usize, under_way: u64) -> Self {
        let pair = |pair| Pair {
            due: [Mark::new(pair, 1), Mark::new(pair, 0)],
            unconfirmed: [Mark::new(pair, 0), Mark::new(pair, 1)],
            unanswered: 0,
            asked: VecDeque::new(),
        };
        Self {
            contender,
            pairs: (0..pairs).map(pair).collect(),
            under_way,
            round_trips: Histogram::new(),
            heard: 0,
            is_ending: false,
        }
    }

    fn whisper(&mut self, from: usize, mark: Mark, client: &mut Client) -> Result<()> {
        let speech = self.contender.speaks(from);
        let mut bytes = speech.whisper(&nick(from ^ 1), TEXT).into_bytes();
        mark.write(&mut bytes);
        bytes.extend_from_slice(speech.line_end().as_bytes());
        if from.is_multiple_of(2) {
            self.pairs[from / 2].asked.push_back(Instant::now());
        }
        client.send(&bytes)
    }

    fn listen(&mut self, crowd: &mut Crowd, length: Duration) -> Result<()> {
        let (end, before) = (Instant::now() + length, self.heard);
        while Instant::now() < end {
            crowd.turn(length, self)?;
        }
        if self.heard == before {
            return Err(Failure::TooLate { after: length, waited_for: "any whisper".into() });
        }
        Ok(())
    }

    /// Answers nothing more, and waits until the last whispers are heard and confirmed.
    fn finish(&mut self, crowd: &mut Crowd) -> Result<()> {
        self.is_ending = true;
        let start = Instant::now();
        while let Some(at) = self.pairs.iter().position(|pair| !self.is_done(pair)) {
            if start.elapsed() > PATIENCE {
                let waited_for = format!("pair {at}: {} to be heard and confirmed", self.pairs[at].due[1]);
                return Err(Failure::TooLate { after: PATIENCE, waited_for });
            }
            crowd.turn(Duration::from_millis(100), self)?;
        }
        Ok(())
    }

    fn is_done(&self, pair: &Pair) -> bool {
        // The second client hears what the first whispers, and the other way round.
        let is_confirmed = pair.unconfirmed[0] == pair.due[1] && pair.unconfirmed[1] == pair.due[0];
        pair.unanswered == self.under_way && (is_confirmed || !self.contender.confirms_whispers())
    }

    fn read(&mut self, id: usize, line: &[u8], client: &mut Client) -> Result<()> {
        let garbled = || Failure::Broken(format!("garbled: {}", line.escape_ascii()));
        match self.contender.speaks(id).read(line) {
            Line::Said(text) => {
                let mark = Mark::of(text).ok_or_else(garbled)?;
                self.heard(id, mark, client)
            }
            Line::Confirmed(text) => {
                let mark = Mark::of(text).ok_or_else(garbled)?;
                self.confirmed(id, mark)
            }
            Line::Ping(answer) => client.send(&answer),
            Line::Framing | Line::Chatter => Ok(()),
            Line::Ready | Line::Session(_) | Line::Complaint => {
                Err(Failure::Broken(format!("unexpected line: {}", line.escape_ascii())))
            }
        }
    }

    fn heard(&mut self, id: usize, mark: Mark, client: &mut Client) -> Result<()> {
        let pair = &mut self.pairs[id / 2];
        let due = &mut pair.due[id % 2];
        if mark != *due {
            return Err(Failure::Broken(format!("heard {mark} where {due} was due")));
        }
        *due = mark.next().next();
        self.heard += 1;
        if id.is_multiple_of(2)
            && let Some(asked) = pair.asked.pop_front()
        {
            self.round_trips.add(u64::try_from(asked.elapsed().as_nanos()).unwrap_or(u64::MAX));
        }
        if self.is_ending {
            pair.unanswered += 1;
            return Ok(());
        }
        // The first client has `under_way` even numbers out already when it hears the first answer.
        let ahead = if id.is_multiple_of(2) { 2 * (self.under_way - 1) } else { 0 };
        let next = Mark::new(id / 2, mark.number() + 1 + ahead);
        self.whisper(id, next, client)
    }

    fn confirmed(&mut self, id: usize, mark: Mark) -> Result<()> {
        let next = &mut self.pairs[id / 2].unconfirmed[id % 2];
        if mark != *next {
            return Err(Failure::Broken(format!("confirmed {mark} where {next} was due")));
        }
        *next = mark.next().next();
        Ok(())
    }
}

impl Hear for Talk<'_> {
    fn hear(&mut self, id: usize, bytes: &[u8], client: &mut Client) -> Result<usize> {
        let (end, lines) = lines(bytes);
        for line in lines {
            self.read(id, line, client).map_err(|failure| failure.to(id))?;
        }
        Ok(end)
    }
}

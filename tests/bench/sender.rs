//! One client that speaks, and waits for its hearers when they fall behind.

use crate::{
    contender::{self, Contender},
    crowd::Crowd,
    failure::Result,
    fan_out::{FanOut, Rhythm},
    mark::{Mark, TEXT},
    scenario::Settings,
};

/// How many batches keep their time of sending. No hearer may be further behind than this.
const REMEMBERED: u64 = 4096;

/// Lines under way unless the command line says otherwise: when written in batches, and one by one.
const WINDOW: u64 = 128;
const WINDOW_OF_EACH: u64 = 64;

pub(crate) struct Sender {
    pub(crate) client: usize,
    /// The mark of its next line.
    pub(crate) next: Mark,
    hearers: u64,
    /// The one hearer whose progress counts, or `None` for the average over all of them.
    paced_by: Option<usize>,
    /// Lines in one write.
    batch: u64,
    /// Batches that may be under way.
    window: u64,
    batches: u64,
    /// Batches heard, summed over the hearers that count.
    heard: u64,
    /// When each of the last batches was sent, in nanoseconds.
    sent_at: Vec<u64>,
    words: Words,
}

enum Words {
    /// The bytes before and after each text.
    Around(String, &'static str),
    /// The bytes that make the raw floor send a whole batch.
    Order(String),
}

impl Sender {
    pub(crate) fn new(plan: &FanOut, number: usize, contender: &dyn Contender, settings: &Settings) -> Self {
        let per_room = plan.per_room();
        let (room, at) = (number / plan.senders_per_room(), number % plan.senders_per_room());
        let client = room * per_room + at;
        let speech = contender.speaks(client);
        let say = speech.say(&contender::room(room), TEXT);
        let is_each = plan.rhythm == Rhythm::Each;
        let window = settings.window.unwrap_or(if is_each { WINDOW_OF_EACH } else { WINDOW });
        let (batch, window, words) = if let Some(lines) = contender.ready_made() {
            // The raw floor has one sender, which gets the window of all senders.
            (lines, window * plan.senders as u64, Words::Order(say))
        } else {
            let batch = if plan.rhythm == Rhythm::Batches { settings.batch } else { 1 };
            (batch, window, Words::Around(say, speech.line_end()))
        };
        // A sender that does not hear itself listens to the next client in its room.
        let first_hearer = if contender.echoes() { client } else { room * per_room + (at + 1) % per_room };
        Self {
            client,
            next: Mark::new(number, 0),
            hearers: (per_room - usize::from(!contender.echoes())) as u64,
            paced_by: is_each.then_some(first_hearer),
            batch,
            // With only one batch under way, the server would be idle while that one is being heard.
            window: (window / batch).max(if is_each { 1 } else { 2 }),
            batches: 0,
            heard: 0,
            sent_at: vec![0; REMEMBERED as usize],
            words,
        }
    }

    /// Whether its hearers have heard enough of its earlier lines.
    pub(crate) fn may_send(&self) -> bool {
        let counted = if self.paced_by.is_some() { 1 } else { self.hearers };
        (self.batches + 1) * counted <= self.heard + self.window * counted
    }

    /// Sends its next batch.
    pub(crate) fn send(&mut self, crowd: &mut Crowd, now: u64) -> Result<()> {
        self.sent_at[(self.batches % REMEMBERED) as usize] = now;
        self.batches += 1;
        let (before, after) = match &self.words {
            Words::Around(before, after) => (before, after),
            Words::Order(order) => return crowd.client(self.client).send(order.as_bytes()),
        };
        let mut bytes = Vec::new();
        for _ in 0..self.batch {
            bytes.extend_from_slice(before.as_bytes());
            self.next.write(&mut bytes);
            bytes.extend_from_slice(after.as_bytes());
            self.next = self.next.next();
        }
        crowd.client(self.client).send(&bytes)
    }

    /// Notes that `hearer` has heard one of its lines. Returns when that line was sent if it is the
    /// last of its batch. (Ready-made bytes do not tell which batch they are.)
    #[inline]
    pub(crate) fn note_heard(&mut self, mark: Mark, hearer: usize) -> Option<u64> {
        if !mark.ends(self.batch) {
            return None;
        }
        if self.paced_by.is_none_or(|client| client == hearer) {
            self.heard += 1;
        }
        let sent_at = self.sent_at[(mark.number() / self.batch % REMEMBERED) as usize];
        matches!(self.words, Words::Around(..)).then_some(sent_at)
    }

    /// How many deliveries its lines must have become in the end.
    pub(crate) fn owed(&self) -> u64 {
        self.batches * self.batch * self.hearers
    }
}

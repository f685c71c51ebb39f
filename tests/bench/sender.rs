//! One client that speaks, and does not run ahead of those who hear it.

use crate::{
    contender::{self, Contender},
    crowd::Crowd,
    failure::Result,
    fan_out::FanOut,
    mark::{Mark, TEXT},
    scenario::Settings,
};

/// Batches whose time of sending is kept: more than any client may be behind.
const REMEMBERED: u64 = 4096;

pub(crate) struct Sender {
    pub(crate) client: usize,
    /// Its next text.
    pub(crate) next: Mark,
    hearers: u64,
    /// Lines written at once.
    batch: u64,
    /// Batches that may be under way, on average over the hearers.
    window: u64,
    batches: u64,
    /// Batches heard, summed over the hearers.
    heard: u64,
    /// When each of the last batches was sent, in nanoseconds.
    sent_at: Vec<u64>,
    words: Words,
}

enum Words {
    /// What stands before and after each text.
    Around(String, &'static str),
    /// What makes the server send a whole batch.
    Order(String),
}

impl Sender {
    pub(crate) fn new(plan: &FanOut, number: usize, contender: &dyn Contender, settings: &Settings) -> Self {
        let per_room = plan.per_room();
        let (room, at) = (number / plan.senders_per_room(), number % plan.senders_per_room());
        let say = contender.say(&contender::room(room), TEXT);
        let (batch, window, words) = if let Some(lines) = contender.ready_made() {
            // The one who orders has the window of all.
            (lines, settings.window * plan.senders as u64, Words::Order(say))
        } else {
            let batch = if plan.pace.is_some() { 1 } else { settings.batch };
            (batch, settings.window, Words::Around(say, contender.line_end()))
        };
        Self {
            client: room * per_room + at,
            next: Mark::new(number, 0),
            hearers: (per_room - usize::from(!contender.echoes())) as u64,
            batch,
            // With less than two, nothing would be under way while the last is being heard.
            window: (window / batch).max(2),
            batches: 0,
            heard: 0,
            sent_at: vec![0; REMEMBERED as usize],
            words,
        }
    }

    /// Whether its hearers have heard enough of what it has said already.
    pub(crate) fn may_send(&self) -> bool {
        (self.batches + 1) * self.hearers <= self.heard + self.window * self.hearers
    }

    /// Says its next batch.
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

    /// Takes note that somebody has heard one of its texts; returns when that was sent if it was the
    /// last of its batch. (Ready-made bytes do not tell which batch they are.)
    #[inline]
    pub(crate) fn note_heard(&mut self, mark: Mark) -> Option<u64> {
        if !mark.ends(self.batch) {
            return None;
        }
        self.heard += 1;
        let sent_at = self.sent_at[(mark.number() / self.batch % REMEMBERED) as usize];
        matches!(self.words, Words::Around(..)).then_some(sent_at)
    }

    /// How many deliveries its texts must become.
    pub(crate) fn owed(&self) -> u64 {
        self.batches * self.batch * self.hearers
    }
}

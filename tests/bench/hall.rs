//! The load itself: senders who do not run ahead, and receivers who check every line.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use crate::{
    contender::{Contender, nick, room},
    crowd::{Client, Crowd, Hear},
    failure::{Failure, Result},
    fan_out::FanOut,
    histogram::Histogram,
    mark::{Mark, TEXT},
    receiver::Receiver,
    scenario::Settings,
};

/// Nobody hears anything for so long: something is lost.
const PATIENCE: Duration = Duration::from_secs(10);

/// After everything has come, nothing may come for so long.
const SILENCE: Duration = Duration::from_millis(30);

/// Batches whose time of sending is kept: more than any client may be behind.
const REMEMBERED: u64 = 4096;

pub(crate) struct Hall<'a> {
    contender: &'a dyn Contender,
    batch: u64,
    window: u64,
    clock: Instant,
    receivers: Vec<Receiver>,
    per_room: usize,
    senders: Vec<Sender>,
    pace: Option<Pace>,
    is_started: bool,
    latency: Histogram,
    delivered: u64,
    answers: Vec<u8>,
}

struct Sender {
    client: usize,
    /// What stands before and after each text.
    around: (String, &'static str),
    next: Mark,
    hearers: u64,
    batches: u64,
    /// Batches heard, summed over the hearers.
    heard: u64,
    /// When each of the last batches was sent, in nanoseconds since the hall's clock began.
    sent_at: Vec<u64>,
}

struct Pace {
    interval: Duration,
    due: Instant,
    sender: usize,
}

impl<'a> Hall<'a> {
    pub(crate) fn new(plan: &FanOut, contender: &'a dyn Contender, settings: &Settings) -> Self {
        let per_room = plan.per_room();
        let senders_of = |room: usize| -> Range<usize> {
            let count = plan.senders / plan.rooms;
            room * count..(room + 1) * count
        };
        let receiver = |client| Receiver::new(senders_of(client / per_room), contender.lap());
        let sender = |(room, number, at): (usize, usize, usize)| Sender {
            client: room * per_room + at,
            around: (contender.say(&crate::contender::room(room), TEXT), contender.line_end()),
            next: Mark::new(number, 0),
            hearers: (per_room - usize::from(!contender.echoes())) as u64,
            batches: 0,
            heard: 0,
            sent_at: vec![0; REMEMBERED as usize],
        };
        let senders = (0..plan.rooms)
            .flat_map(|room| senders_of(room).enumerate().map(move |(at, number)| (room, number, at)));
        let pace = |lines: f64| Pace {
            interval: Duration::from_secs_f64(1.0 / lines),
            due: Instant::now(),
            sender: 0,
        };
        Self {
            contender,
            batch: if plan.pace.is_some() { 1 } else { settings.batch },
            window: settings.window,
            clock: Instant::now(),
            receivers: (0..plan.clients).map(receiver).collect(),
            per_room,
            senders: senders.map(sender).collect(),
            pace: plan.pace.map(pace),
            is_started: false,
            latency: Histogram::new(),
            delivered: 0,
            answers: Vec::new(),
        }
    }

    /// Begins to count anew; the checks go on.
    pub(crate) fn forget(&mut self) {
        self.latency = Histogram::new();
        self.delivered = 0;
    }

    pub(crate) fn delivered(&self) -> u64 {
        self.delivered
    }

    pub(crate) fn latency(&self, share: f64) -> Option<Duration> {
        self.latency.percentile(share)
    }

    /// Speaks and listens for `length`.
    pub(crate) fn drive(&mut self, crowd: &mut Crowd, length: Duration) -> Result<()> {
        let end = Instant::now() + length;
        let mut silent_since = (Instant::now(), self.delivered);
        loop {
            let now = Instant::now();
            if now >= end {
                return Ok(());
            }
            if silent_since.1 != self.delivered {
                silent_since = (now, self.delivered);
            } else if now - silent_since.0 > PATIENCE {
                return Err(self.too_late());
            }
            let patience = self.speak(crowd, now)?;
            crowd.turn(patience.min(end - now), self)?;
        }
    }

    /// Sends what is due and says how long to wait for the next.
    fn speak(&mut self, crowd: &mut Crowd, now: Instant) -> Result<Duration> {
        let second = Duration::from_secs(1);
        if self.contender.lap().is_some() {
            return self.start_raw(crowd).map(|()| second);
        }
        let sent_at = nanoseconds(now - self.clock);
        if let Some(pace) = &mut self.pace {
            while pace.due <= now {
                self.senders[pace.sender].send(crowd, self.batch, sent_at)?;
                pace.sender = (pace.sender + 1) % self.senders.len();
                pace.due += pace.interval;
            }
            return Ok(pace.due - now);
        }
        let mut is_blocked = false;
        for sender in &mut self.senders {
            while (sender.batches + 1) * self.batch * sender.hearers
                <= sender.heard * self.batch + self.window * sender.hearers
            {
                sender.send(crowd, self.batch, sent_at)?;
            }
            is_blocked |= !crowd.client(sender.client).flush()?;
        }
        Ok(if is_blocked { Duration::from_millis(1) } else { second })
    }

    fn start_raw(&mut self, crowd: &mut Crowd) -> Result<()> {
        if std::mem::replace(&mut self.is_started, true) {
            return Ok(());
        }
        crowd.client(0).send(self.senders[0].around.0.as_bytes())
    }

    /// Says nothing more, and checks that everything said is heard, in order, and nothing else.
    pub(crate) fn finish(&mut self, crowd: &mut Crowd) -> Result<()> {
        if self.contender.lap().is_some() {
            return Ok(());
        }
        let start = Instant::now();
        while self.heard() < self.said() {
            if start.elapsed() > PATIENCE {
                return Err(self.too_late());
            }
            crowd.turn(Duration::from_millis(100), self)?;
        }
        let quiet = Instant::now();
        while quiet.elapsed() < SILENCE {
            crowd.turn(SILENCE, self)?;
        }
        if self.heard() > self.said() {
            return Err(Failure::Broken(format!("{} heard of {} said", self.heard(), self.said())));
        }
        self.check_order()
    }

    fn heard(&self) -> u64 {
        self.receivers.iter().map(Receiver::heard).sum()
    }

    fn said(&self) -> u64 {
        self.senders.iter().map(|sender| sender.batches * self.batch * sender.hearers).sum()
    }

    fn check_order(&self) -> Result<()> {
        let is_same = |room: &[Receiver]| room.iter().all(|receiver| receiver.order() == room[0].order());
        if self.contender.keeps_one_order() && !self.receivers.chunks(self.per_room).all(is_same) {
            return Err(Failure::Broken(
                "two clients in a room heard the same lines in another order".into(),
            ));
        }
        Ok(())
    }

    fn too_late(&self) -> Failure {
        let missing = self.receivers.iter().enumerate().find_map(|(client, receiver)| {
            let due = receiver.next().iter().find(|next| {
                let sender = &self.senders[next.sender()];
                let is_own = sender.client == client && !self.contender.echoes();
                next.number() < sender.next.number() && !is_own
            })?;
            Some(format!("{due} to reach client {client} ({})", nick(client)))
        });
        let waited_for = missing.unwrap_or_else(|| format!("anything to be heard in {}", room(0)));
        Failure::TooLate { after: PATIENCE, waited_for }
    }
}

impl Sender {
    fn send(&mut self, crowd: &mut Crowd, batch: u64, sent_at: u64) -> Result<()> {
        let mut bytes = Vec::new();
        for _ in 0..batch {
            bytes.extend_from_slice(self.around.0.as_bytes());
            self.next.write(&mut bytes);
            bytes.extend_from_slice(self.around.1.as_bytes());
            self.next = self.next.next();
        }
        self.sent_at[(self.batches % REMEMBERED) as usize] = sent_at;
        self.batches += 1;
        crowd.client(self.client).send(&bytes)
    }
}

impl Hear for Hall<'_> {
    fn hear(&mut self, id: usize, bytes: &[u8], client: &mut Client) -> Result<usize> {
        let now = nanoseconds(self.clock.elapsed());
        let (batch, is_raw) = (self.batch, self.contender.lap().is_some());
        let (latency, senders) = (&mut self.latency, &mut self.senders);
        let receiver = &mut self.receivers[id];
        let before = receiver.heard();
        let taken = receiver.take(bytes, self.contender, &mut self.answers, |mark| {
            if mark.ends(batch) && !is_raw {
                let sender = &mut senders[mark.sender()];
                sender.heard += 1;
                latency.add(now - sender.sent_at[(mark.number() / batch % REMEMBERED) as usize]);
            }
        });
        self.delivered += receiver.heard() - before;
        if !self.answers.is_empty() {
            client.send(&std::mem::take(&mut self.answers))?;
        }
        taken.map_err(|what| Failure::Broken(what).to(id))
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).expect("a run takes less than centuries")
}

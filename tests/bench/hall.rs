//! The load itself: senders that wait for their hearers, and receivers that check every line.

use std::time::{Duration, Instant};

use crate::{
    contender::{Contender, nick, room},
    crowd::{Client, Crowd, Hear},
    failure::{Failure, Result},
    fan_out::{FanOut, Rhythm},
    histogram::Histogram,
    receiver::Receiver,
    scenario::Settings,
    sender::Sender,
};

/// After this long without any delivery, something is lost.
const PATIENCE: Duration = Duration::from_secs(10);

/// After the last line, nothing more may arrive for this long.
const SILENCE: Duration = Duration::from_millis(30);

pub(crate) struct Hall<'a> {
    contender: &'a dyn Contender,
    clock: Instant,
    receivers: Vec<Receiver>,
    per_room: usize,
    senders: Vec<Sender>,
    pace: Option<Pace>,
    latency: Histogram,
    delivered: u64,
    answers: Vec<u8>,
}

struct Pace {
    interval: Duration,
    due: Instant,
    sender: usize,
}

impl Pace {
    fn new(lines_per_second: f64) -> Self {
        Self { interval: Duration::from_secs_f64(1.0 / lines_per_second), due: Instant::now(), sender: 0 }
    }
}

impl<'a> Hall<'a> {
    pub(crate) fn new(plan: &FanOut, contender: &'a dyn Contender, settings: &Settings) -> Self {
        let per_room = plan.per_room();
        let receiver = |client| {
            let first_sender = client / per_room * plan.senders_per_room();
            Receiver::new(first_sender..first_sender + plan.senders_per_room(), contender.ready_made())
        };
        // Ready-made bytes come from one sender, even if the plan has more.
        let senders = if contender.ready_made().is_some() { 1 } else { plan.senders };
        let pace = match plan.rhythm {
            Rhythm::Paced(lines) => Some(Pace::new(lines)),
            Rhythm::Batches | Rhythm::Each => None,
        };
        Self {
            contender,
            clock: Instant::now(),
            receivers: (0..plan.clients).map(receiver).collect(),
            per_room,
            senders: (0..senders).map(|number| Sender::new(plan, number, contender, settings)).collect(),
            pace,
            latency: Histogram::new(),
            delivered: 0,
            answers: Vec::new(),
        }
    }

    /// Restarts the measurement; the checks go on.
    pub(crate) fn forget(&mut self) {
        self.latency = Histogram::new();
        self.delivered = 0;
    }

    pub(crate) fn clients(&self) -> u64 {
        self.receivers.len() as u64
    }

    pub(crate) fn delivered(&self) -> u64 {
        self.delivered
    }

    pub(crate) fn latency(&self, share: f64) -> Option<Duration> {
        self.latency.percentile(share)
    }

    /// Sends and receives for `length`.
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

    /// Sends what is due and returns how long to wait for the next line.
    fn speak(&mut self, crowd: &mut Crowd, now: Instant) -> Result<Duration> {
        let second = Duration::from_secs(1);
        let sent_at = nanoseconds(now - self.clock);
        if let Some(pace) = &mut self.pace {
            while pace.due <= now {
                self.senders[pace.sender].send(crowd, sent_at)?;
                pace.sender = (pace.sender + 1) % self.senders.len();
                pace.due += pace.interval;
            }
            return Ok(pace.due - now);
        }
        let mut is_blocked = false;
        for sender in &mut self.senders {
            while sender.may_send() {
                sender.send(crowd, sent_at)?;
            }
            is_blocked |= !crowd.client(sender.client).flush()?;
        }
        Ok(if is_blocked { Duration::from_millis(1) } else { second })
    }

    /// Sends nothing more, and checks that every client has heard exactly what was sent, in order.
    pub(crate) fn finish(&mut self, crowd: &mut Crowd) -> Result<()> {
        let mut silent_since = (Instant::now(), self.delivered);
        while self.heard() < self.said() {
            if silent_since.1 != self.delivered {
                silent_since = (Instant::now(), self.delivered);
            } else if silent_since.0.elapsed() > PATIENCE {
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
        self.senders.iter().map(Sender::owed).sum()
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

impl Hear for Hall<'_> {
    fn hear(&mut self, id: usize, bytes: &[u8], client: &mut Client) -> Result<usize> {
        let now = nanoseconds(self.clock.elapsed());
        let (latency, senders) = (&mut self.latency, &mut self.senders);
        let receiver = &mut self.receivers[id];
        let before = receiver.heard();
        let taken = receiver.take(bytes, self.contender.speaks(id), &mut self.answers, |mark| {
            if let Some(sent_at) = senders[mark.sender()].note_heard(mark, id) {
                latency.add(now - sent_at);
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

//! Rooms full of clients in which some speak.

use std::time::{Duration, Instant};

use crate::{
    contender::Contender,
    crowd::Crowd,
    failure::Result,
    gather::{Goal, gather},
    hall::Hall,
    measure::{Measure, Sample},
    process::{Running, Usage},
    scenario::Settings,
};

#[derive(Clone, Copy)]
pub(crate) struct FanOut {
    pub(crate) clients: usize,
    pub(crate) rooms: usize,
    pub(crate) senders: usize,
    pub(crate) rhythm: Rhythm,
}

/// When the senders write.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rhythm {
    /// Several lines in one write, as soon as enough earlier lines were heard.
    Batches,
    /// One line in one write, each time an earlier line comes back to the sender.
    Each,
    /// This many lines per second, shared by all senders.
    Paced(f64),
}

impl FanOut {
    pub(crate) fn per_room(&self) -> usize {
        self.clients / self.rooms
    }

    pub(crate) fn senders_per_room(&self) -> usize {
        self.senders / self.rooms
    }

    pub(crate) fn run(&self, contender: &dyn Contender, settings: &Settings) -> Result<Sample> {
        let server = contender.start(self.clients)?;
        let empty = server.usage();
        let mut crowd = Crowd::new()?;
        if self.rhythm == Rhythm::Each {
            crowd.read_one_at_a_time();
        }
        let room_of = |client| client / self.per_room();
        gather(&mut crowd, &server, contender, self.clients, &Goal::Room(&room_of))?;
        let full = server.usage();

        let mut hall = Hall::new(self, contender, settings);
        hall.drive(&mut crowd, settings.length / 4)?;
        let mut sample = measure(&mut hall, &mut crowd, &server, settings.length)?;
        hall.finish(&mut crowd)?;
        let memory = full.memory.saturating_sub(empty.memory) as f64 / self.clients as f64;
        sample.push((Measure::Memory, memory));
        Ok(sample)
    }
}

fn measure(hall: &mut Hall<'_>, crowd: &mut Crowd, server: &Running, length: Duration) -> Result<Sample> {
    hall.forget();
    let (start, usage, own) = (Instant::now(), server.usage(), Usage::of_this_program());
    hall.drive(crowd, length)?;
    let (passed, delivered) = (start.elapsed().as_secs_f64(), hall.delivered() as f64);
    let cpu = server.usage().cpu_since(&usage);
    let generator = Usage::of_this_program().cpu_since(&own);
    let mut sample = vec![
        (Measure::Deliveries, delivered / passed),
        (Measure::Cpu, cpu / delivered),
        (Measure::Generator, generator / passed),
    ];
    for (measure, share) in [(Measure::P50, 0.5), (Measure::P99, 0.99)] {
        sample.extend(hall.latency(share).map(|latency| (measure, latency.as_secs_f64())));
    }
    Ok(sample)
}

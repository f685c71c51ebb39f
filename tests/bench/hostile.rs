//! Well-behaved clients that talk in a room of their own while other clients attack the server.

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use crate::{
    contender::Contender,
    crowd::Crowd,
    failure::{Failure, Result},
    fan_out::{FanOut, Rhythm},
    file,
    gather::{Goal, gather},
    hall::Hall,
    measure::{Measure, Sample},
    process::pause,
    scenario::Settings,
};

mod attack;
mod ignoring;
mod never_reading;
mod questions;
mod visits;

pub(crate) use self::attack::{ATTACKS, Attack};
use self::attack::{Kind, Target};

/// Each client says one line per second, far below the default limits. So the server may stall for four
/// seconds before more lines have piled up than a client may say at once, and the measurement fails.
const NEIGHBOURS: FanOut = FanOut { clients: 20, rooms: 1, senders: 20, rhythm: Rhythm::Paced(20.0) };

/// An attack is measured for this many times the usual length, because twenty lines per second are few.
const TIMES_LONGER: u32 = 3;

/// How many attackers can arrive per millisecond.
const CLIENTS_PER_MILLISECOND: usize = 8;

/// An attack that ends by itself is stopped after this long.
const LONGEST: Duration = Duration::from_secs(20);

/// How long the room is measured after the attack, because the server has work when the attackers leave.
const AFTERMATH: Duration = Duration::from_millis(300);

/// Measures how late lines are in the neighbours' room during an attack.
pub(crate) fn hostile(contender: &dyn Contender, attack: Attack, settings: &Settings) -> Result<Sample> {
    // A short run has no time for all of them.
    let attack = attack.at_most(settings.length.as_millis() as usize * CLIENTS_PER_MILLISECOND);
    let server = contender.start(NEIGHBOURS.clients + attack.clients)?;
    let mut crowd = Crowd::new()?;
    gather(&mut crowd, &server, contender, NEIGHBOURS.clients, &Goal::Room(&|_| 0))?;
    let files = match attack.kind {
        Kind::SilentAtFilePort => Some(file::port_for_files(server.address)?),
        _ => None,
    };
    let target = Target { chat: server.address, files, is_over: &AtomicBool::new(false) };
    let mut hall = Hall::new(&NEIGHBOURS, contender, settings);
    hall.drive(&mut crowd, settings.length / 4)?;
    hall.forget();
    let mut sample = drive(&mut hall, &mut crowd, &attack, &target, settings.length)?;
    hall.drive(&mut crowd, AFTERMATH)?;
    hall.finish(&mut crowd)?;
    for (measure, share) in [(Measure::P50, 0.5), (Measure::P99, 0.99), (Measure::Worst, 1.0)] {
        sample.extend(hall.latency(share).map(|latency| (measure, latency.as_secs_f64())));
    }
    Ok(sample)
}

/// Drives the room while another thread attacks.
fn drive(
    hall: &mut Hall<'_>,
    crowd: &mut Crowd,
    attack: &Attack,
    target: &Target<'_>,
    length: Duration,
) -> Result<Sample> {
    let start = Instant::now();
    thread::scope(|threads| {
        let attacker = spawn(threads, "attacker", || attack.run(target))?;
        let courier = spawn(threads, "courier", || file_wait(target))?;
        let is_enough = || {
            let is_done = attacker.is_finished() || !attack.ends_by_itself();
            is_done && start.elapsed() >= length * TIMES_LONGER
        };
        let mut driven = Ok(());
        while driven.is_ok() && !is_enough() && start.elapsed() < LONGEST {
            driven = hall.drive(crowd, length / 10);
        }
        // The threads end only now, even if the room has failed.
        target.is_over.store(true, Relaxed);
        let passed = start.elapsed().as_secs_f64();
        let done = attacker.join().map_err(|_| Failure::Broken("the attacker has panicked".into()))??;
        let file = courier.join().map_err(|_| Failure::Broken("the courier has panicked".into()))?;
        driven?;
        let mut sample: Sample = file.map(|wait| (Measure::FileWait, wait)).into_iter().collect();
        if attack.clients > 0 {
            sample.push((Measure::Attacks, done as f64 / passed));
        }
        Ok(sample)
    })
}

fn spawn<'scope, T: Send + 'scope>(
    threads: &'scope thread::Scope<'scope, '_>,
    name: &str,
    run: impl FnOnce() -> T + Send + 'scope,
) -> Result<thread::ScopedJoinHandle<'scope, T>> {
    let thread = thread::Builder::new().name(name.into());
    thread.spawn_scoped(threads, run).map_err(Failure::io("starting a thread"))
}

/// How many seconds it takes to get one file through; infinite if none gets through during the attack.
fn file_wait(target: &Target<'_>) -> Option<f64> {
    target.files?;
    let start = Instant::now();
    let mut attempt = 0;
    loop {
        let is_carried = file::carry_one(target.chat, attempt).is_ok();
        if target.is_over() {
            return Some(f64::INFINITY);
        }
        if is_carried {
            return Some(start.elapsed().as_secs_f64());
        }
        attempt += 1;
        // Each attempt costs the server two more clients.
        pause(Duration::from_millis(20));
    }
}

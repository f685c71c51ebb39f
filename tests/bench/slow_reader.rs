//! A room in which one client never reads: what this costs the other clients and the server.

use std::{
    io::Read,
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::{
    contender::Contender,
    crowd::Crowd,
    failure::{Failure, Result},
    fan_out::{FanOut, Rhythm},
    gather::{Goal, gather},
    hall::Hall,
    measure::{Measure, Sample},
    process::Running,
    receiver::Receiver,
    scenario::Settings,
};

/// How often the server's memory is measured.
const LOOK: Duration = Duration::from_millis(10);

/// This many texts are more than the sockets' buffers (4 MB here) and an outbox hold together. Sending them
/// takes no longer than `LONGEST`.
const ENOUGH: u64 = 150_000;
const LONGEST: Duration = Duration::from_secs(20);

/// If this long passes without a byte, the server has not disconnected the silent client.
const PATIENCE: Duration = Duration::from_secs(5);

/// Measures one sender among `clients` clients. The last client is absent in the first part and silent in
/// the second.
pub(crate) fn slow_reader(contender: &dyn Contender, clients: usize, settings: &Settings) -> Result<Sample> {
    let others = FanOut { clients: clients - 1, rooms: 1, senders: 1, rhythm: Rhythm::Batches };
    let alone = others.run(contender, settings)?;
    let mut sample: Sample = alone.into_iter().filter(|(measure, _)| *measure == Measure::P99).collect();
    sample.extend(with_silent(contender, &others, settings)?);
    Ok(sample)
}

fn with_silent(contender: &dyn Contender, others: &FanOut, settings: &Settings) -> Result<Sample> {
    let server = contender.start(others.clients + 1)?;
    let mut crowd = Crowd::new()?;
    gather(&mut crowd, &server, contender, others.clients + 1, &Goal::Room(&|_| 0))?;
    let silent = crowd.release_last()?.into();
    let mut hall = Hall::new(others, contender, settings);
    let growth = drive(&mut hall, &mut crowd, &server, settings.length)?;
    hall.finish(&mut crowd)?;
    let p99 = hall.latency(0.99).map_or(0.0, |latency| latency.as_secs_f64());
    let taken = read_to_the_end(contender, silent)?;
    Ok(vec![
        (Measure::P99WithSilent, p99),
        (Measure::MemoryGrowth, growth as f64),
        (Measure::TakenBySilent, taken as f64),
    ])
}

/// Returns how many bytes the server's memory grew by, at its peak.
fn drive(hall: &mut Hall<'_>, crowd: &mut Crowd, server: &Running, length: Duration) -> Result<u64> {
    let (start, before) = (Instant::now(), server.usage().memory);
    let mut most = before;
    let mut is_enough = false;
    while start.elapsed() < length || (!is_enough && start.elapsed() < LONGEST) {
        is_enough = hall.delivered() >= ENOUGH * hall.clients();
        hall.drive(crowd, LOOK)?;
        most = most.max(server.usage().memory);
    }
    Ok(most - before)
}

/// Checks what the silent client was sent before the server disconnected it, and returns its length.
fn read_to_the_end(contender: &dyn Contender, mut silent: TcpStream) -> Result<usize> {
    let prepare = Failure::io("looking after the silent client");
    silent.set_nonblocking(false).map_err(&prepare)?;
    silent.set_read_timeout(Some(PATIENCE)).map_err(&prepare)?;
    let mut bytes = Vec::new();
    let end = silent.read_to_end(&mut bytes);
    let is_cut = end.is_ok() || end.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset);
    if !is_cut {
        let what = format!("the silent client was sent {} bytes and not disconnected", bytes.len());
        return Err(Failure::Broken(what));
    }
    let speech = contender.speaks(0);
    let said = bytes.strip_suffix(speech.cut_notice().as_bytes()).unwrap_or(&bytes);
    Receiver::new(0..1, None)
        .take(said, speech, &mut Vec::new(), |_| {})
        .map_err(|what| Failure::Broken(format!("the silent client: {what}")))?;
    Ok(bytes.len())
}

//! The way back of the broadcaster's part of a journey to the thread that waits for it.

use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::Journey;

/// The two ends of one report.
pub fn report() -> (Reporter, Reported) {
    let (sender, receiver) = bounded(1);
    (Reporter(sender), Reported(receiver))
}

/// Reports one journey.
#[derive(Debug)]
pub struct Reporter(Sender<Journey>);

impl Reporter {
    /// Hands the journey over. Never waits; if the other end is gone, the report is dropped.
    pub fn send(&self, journey: Journey) {
        let _ = self.0.try_send(journey);
    }
}

/// Where a report arrives.
#[derive(Debug)]
pub struct Reported(Receiver<Journey>);

impl Reported {
    /// Waits for the report; `None` if it does not arrive within `patience`, or the reporter is gone.
    pub fn wait(&self, patience: Duration) -> Option<Journey> {
        self.0.recv_timeout(patience).ok()
    }
}

//! Messages whose journeys are traced. Each costs three more readings of the clock, and a report.

use crossbeam_channel::Sender;

use super::{Broadcaster, Traced};
use crate::{
    names::RoomId,
    watch::{Hop, Journey, Reach},
};

/// A traced message of this batch, to be reported when the batch is sent.
pub(super) struct ToReport {
    room: RoomId,
    hearers: usize,
    journey: Journey,
    report: Sender<Journey>,
}

impl Broadcaster {
    pub(super) fn tell_traced(&mut self, traced: Traced) {
        let Traced { room, except, event, report } = traced;
        let mut journey = Journey::default();
        journey.arrive(Hop::PickedUp);
        self.tell_room(room, &except, &event);
        journey.arrive(Hop::Encoded);
        let members = self.rooms.get(room).map_or(&[][..], |room| &room.members);
        let is_told = |client| !except.as_slice().contains(client);
        let hearers = members.iter().filter(|client| is_told(client)).count();
        self.to_report.push(ToReport { room, hearers, journey, report });
    }

    /// Reports the traced messages of a batch that has been sent.
    pub(super) fn report_traced(&mut self) {
        for ToReport { room, hearers, mut journey, report } in self.to_report.drain(..) {
            let members = self.rooms.get(room).map_or(&[][..], |room| &room.members);
            let waiting = members.iter().filter(|&&client| self.clients[client].outbox.is_blocked()).count();
            journey.end(Reach { hearers, waiting });
            // If the client has left, no thread waits for it.
            let _ = report.try_send(journey);
        }
    }
}

//! Where the first connection of a pair waits for the second.

use std::collections::HashMap;

use parking_lot::Mutex;

use super::{Claim, OfferId, Side, Wire};

/// The first connections of their pairs. The second one takes the first one out, and so does the end of
/// the offer.
#[derive(Default)]
pub(super) struct Parked(Mutex<HashMap<OfferId, Wire>>);

impl Parked {
    /// The sender's and the receiver's connection, if both are there.
    pub(super) fn meet(&self, claim: Claim, wire: Wire) -> Option<(Wire, Wire)> {
        let mut parked = self.0.lock();
        let Some(other) = parked.remove(&claim.offer) else {
            parked.insert(claim.offer, wire);
            return None;
        };
        Some(match claim.side {
            Side::Sender => (wire, other),
            Side::Receiver => (other, wire),
        })
    }

    pub(super) fn forget(&self, offer: OfferId) {
        self.0.lock().remove(&offer);
    }
}

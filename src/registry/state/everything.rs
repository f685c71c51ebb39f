//! Everything is unsaved when the data file is new and empty.

use super::{State, Unsaved};

impl State {
    /// Marks everything as unsaved.
    pub fn mark_everything_unsaved(&mut self) {
        // First what is small and matters most, should the server be killed meanwhile.
        self.accounts.keys().for_each(|&nick| self.unsaved.mark(Unsaved::Account(nick)));
        self.networks.names().for_each(|network| self.unsaved.mark(Unsaved::Network(network)));
        let awake = self.rooms.values_mut().map(|room| (room.name, &mut room.lasting));
        for (name, lasting) in awake.chain(self.asleep.rooms_mut()) {
            (lasting.history.saved, lasting.history.is_marked) = (0, true);
            self.unsaved.mark(Unsaved::Room(name));
            self.unsaved.mark(Unsaved::Lines(name));
        }
    }
}

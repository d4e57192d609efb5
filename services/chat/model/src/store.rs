//! The replica set: what the primary takes, what a majority has, and a fail-over between the two.
//!
//! A commit makes everything that was written so far durable; as it can come after any write, every prefix of the writes
//! can be what a fail-over leaves.

use crate::config::Config;
use crate::world::{Data, Kept, NONE, PLACES, Place, Slot, Stray, World};

impl Data {
    /// The document at a position, if the store has one.
    pub fn slot(&self, seq: u8) -> Option<&Slot> {
        self.slots.get(usize::from(seq).checked_sub(1)?).filter(|slot| slot.is_there())
    }

    /// Where the store has the message.
    pub fn find(&self, message: u8) -> Option<Place> {
        let there = |slot: &&Slot| slot.message == message && slot.is_there();
        self.slots.iter().find(there).map(|slot| slot.place)
    }

    /// The last entry that is there.
    pub fn top(&self) -> Place {
        self.slots.iter().rev().find(|slot| slot.is_there()).map_or(Place::default(), |s| s.place)
    }

    /// The end of the log: its last entry, or what the conversation counts if that is higher.
    pub fn end(&self) -> Place {
        let top = self.top();
        if self.head.seq > top.seq { self.head } else { top }
    }

    /// Position and id are unique among what is there. Says whether the entry went in.
    pub fn insert(&mut self, message: u8, place: Place) -> bool {
        let free = self.slot(place.seq).is_none() && self.find(message).is_none();
        let Some(slot) = self.slots.get_mut(usize::from(place.seq) - 1).filter(|_| free) else {
            return false;
        };
        *slot = Slot { message, place, kept: Kept::Content };
        true
    }

    /// Each of the numbers for itself, as `$max` does.
    pub fn raise(&mut self, place: Place) {
        self.head.seq = self.head.seq.max(place.seq);
        self.head.count = self.head.count.max(place.count);
        self.head.mseq = self.head.mseq.max(place.mseq);
    }

    /// Lets the floor follow the cursors.
    pub fn settle(&mut self) {
        let held = [self.placeholder];
        let lowest = self.cursors.iter().chain(&held).filter(|cursor| **cursor != NONE).min();
        self.floor = self.floor.max(lowest.copied().unwrap_or(self.floor));
    }
}

impl World {
    /// After every write: durable at once where nothing ever takes a write back.
    pub fn wrote(&mut self, config: &Config) {
        if config.durable_at_once() {
            self.durable = self.primary;
        }
    }

    /// Everything written so far is on a majority.
    pub fn commit(&mut self) {
        self.durable = self.primary;
    }

    /// Another member becomes primary, and has what a majority had.
    pub fn fail_over(&mut self) {
        self.left.failovers -= 1;
        self.primary = self.durable;
        if self.stray.begun {
            self.stray = Stray::NOTHING;
        }
    }

    /// Whether another insert can be left behind.
    pub fn can_stray(&self, config: &Config) -> bool {
        config.late && self.stray.messages[0] == NONE
    }

    /// The next entry of a late insert lands; the insert stops at the first that cannot.
    pub fn land(&mut self, config: &Config) {
        let Stray { messages, places, .. } = self.stray;
        let landed = self.primary.insert(messages[0], places[0]);
        self.stray = Stray::NOTHING;
        if landed && messages[1] != NONE {
            self.stray.messages[0] = messages[1];
            self.stray.places[0] = places[1];
            self.stray.begun = true;
        }
        self.wrote(config);
    }

    /// Whether something that was begun with a head below `seq` is still under way.
    pub fn is_begun_below(&self, seq: u8) -> bool {
        use crate::world::Phase::{Fencing, Inserted, Inserting, LookingUp, ReadCounted, ReadTop};
        let begun = |phase| {
            matches!(phase, ReadCounted | ReadTop | Inserting | Inserted | LookingUp | Fencing)
        };
        let below =
            self.instances.iter().any(|instance| begun(instance.phase) && instance.head.seq < seq);
        let strays = self.stray.messages.iter().zip(self.stray.places);
        below || strays.into_iter().any(|(message, place)| *message != NONE && place.seq <= seq)
    }
}

/// Every position.
pub fn positions() -> impl Iterator<Item = u8> {
    1..=u8::try_from(PLACES).unwrap_or(0)
}

//! Forgetting: content below the floor is stripped, headers are removed a day later, and what nobody calls for goes after
//! thirty days.
//!
//! The flush that raised the floor strips, and a sweeper finishes; here any entry below the floor can be stripped at any
//! time and in any order, which is more than both can do.

use crate::config::Config;
use crate::store::positions;
use crate::world::{Kept, NONE, World};

impl World {
    /// Positions whose content can be stripped because every live device has it.
    pub fn strippable(&self) -> impl Iterator<Item = u8> {
        // The floor is known from a write that a majority has.
        let floor = self.durable.floor;
        positions().filter(move |seq| *seq <= floor && self.has_content(*seq))
    }

    /// Positions that are thirty days old, if the head counts them: else it is raised first.
    pub fn overdue(&self, config: &Config) -> impl Iterator<Item = u8> {
        let most = match (config.cap, config.rules.head_above_cap) {
            (false, _) => 0,
            (true, true) => self.durable.head.seq,
            (true, false) => NONE,
        };
        positions().filter(move |seq| *seq <= most && self.has_content(*seq))
    }

    /// Whether there is content that the head does not count.
    pub fn is_uncounted(&self) -> bool {
        let counted = self.primary.head.seq;
        self.durable.top().seq > counted
    }

    fn has_content(&self, seq: u8) -> bool {
        self.primary.slot(seq).is_some_and(|slot| slot.kept == Kept::Content)
    }

    /// Forgets the content at a position.
    pub fn strip(&mut self, config: &Config, seq: u8) {
        self.primary.slots[usize::from(seq) - 1].kept = Kept::Header;
        self.wrote(config);
    }

    /// Headers that can be a day old. Within that day every request for the message has ended. The day is longer than a
    /// head is believed and an append takes (R1).
    pub fn removable(&self, config: &Config) -> impl Iterator<Item = u8> {
        let bounded = config.rules.bounded_heads;
        positions().filter(move |seq| {
            let Some(slot) = self.durable.slot(*seq) else { return false };
            let stripped =
                slot.kept == Kept::Header && self.primary.slot(*seq).is_some_and(|own| own == slot);
            let asked = self.instances.iter().any(|instance| instance.has(slot.message))
                || self.stray.messages.contains(&slot.message);
            stripped && !asked && !(bounded && self.is_begun_below(*seq))
        })
    }

    /// A day has passed: the header goes, its client sends no more, and no head from before is believed.
    pub fn remove(&mut self, config: &Config, seq: u8) {
        let at = usize::from(seq) - 1;
        let message = self.primary.slots[at].message;
        self.left.attempts[usize::from(message)] = 0;
        self.primary.slots[at].kept = Kept::Removed;
        self.durable.slots[at].kept = Kept::Removed;
        if config.rules.bounded_heads {
            for instance in &mut self.instances {
                instance.cached = instance.cached.filter(|head| head.seq >= seq);
            }
        }
        self.wrote(config);
    }
}

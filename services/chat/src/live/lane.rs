//! The order of one conversation's entries on one instance, without I/O.
//!
//! An instance passes a conversation's entries on in order and without holes. What the fan-out loses, doubles or swaps is
//! repaired once for the instance, from the store, before any socket sees it.

/// What to do with an entry that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It is the next one: pass it on.
    Deliver,
    /// It was passed on before, or a repair under way will do so.
    Drop,
    /// Something before it is missing: read everything above this position from the store, and pass that on.
    Repair(u64),
}

/// How far one conversation's entries have been passed on here.
#[derive(Debug, Default)]
pub struct Lane {
    /// Passed on up to here; `None` until the head was read after subscribing.
    last: Option<u64>,
    /// The highest position heard of.
    seen: u64,
    repairing: bool,
}

impl Lane {
    /// An entry came through the fan-out.
    pub fn arrive(&mut self, seq: u64) -> Arrival {
        self.seen = self.seen.max(seq);
        let Some(last) = self.last else { return Arrival::Drop };
        if self.repairing || seq <= last {
            return Arrival::Drop;
        }
        if seq == last + 1 {
            self.last = Some(seq);
            return Arrival::Deliver;
        }
        self.repairing = true;
        Arrival::Repair(last)
    }

    /// The head of the log was read after the subscription stood. What lies at or below it is every client's own `sync` to
    /// fetch the first time; later it tells of lost events. Answers where to repair from, if something is missing.
    pub fn head(&mut self, seq: u64) -> Option<u64> {
        self.seen = self.seen.max(seq);
        let last = *self.last.get_or_insert(seq);
        if self.repairing || self.seen <= last {
            return None;
        }
        self.repairing = true;
        Some(last)
    }

    /// The log is said to reach up to there. Answers where to repair from, if something is missing.
    pub fn told(&mut self, seq: u64) -> Option<u64> {
        self.seen = self.seen.max(seq);
        self.last.and_then(|_| self.head(seq))
    }

    /// The repair read an entry. Says whether to pass it on.
    pub fn repaired(&mut self, seq: u64) -> bool {
        if self.last.is_some_and(|last| seq <= last) {
            return false;
        }
        self.last = Some(seq);
        true
    }

    /// The repair read to the end of the log. Says whether something arrived meanwhile that it did not read.
    pub fn finish_repair(&mut self, read_nothing: bool) -> bool {
        let last = self.last.unwrap_or(0);
        if self.seen > last && !read_nothing {
            return true;
        }
        // Heard of, and not in the store any more: gone for good, and no reason to wait.
        self.last = Some(last.max(self.seen));
        self.repairing = false;
        false
    }

    /// Passed on up to here.
    pub const fn last(&self) -> Option<u64> {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane_at(seq: u64) -> Lane {
        let mut lane = Lane::default();
        assert_eq!(lane.head(seq), None);
        lane
    }

    #[test]
    fn passes_on_what_is_next_and_drops_what_was() {
        let mut lane = lane_at(4);
        assert_eq!(lane.arrive(5), Arrival::Deliver);
        assert_eq!(lane.arrive(5), Arrival::Drop);
        assert_eq!(lane.arrive(4), Arrival::Drop);
        assert_eq!(lane.arrive(6), Arrival::Deliver);
    }

    #[test]
    fn repairs_a_hole_once() {
        let mut lane = lane_at(4);
        assert_eq!(lane.arrive(7), Arrival::Repair(4));
        assert_eq!(lane.arrive(5), Arrival::Drop);
        assert_eq!(lane.arrive(8), Arrival::Drop);
        assert!((5..=7).all(|seq| lane.repaired(seq)));
        assert!(lane.finish_repair(false), "8 arrived while the repair read up to 7");
        assert!(lane.repaired(8));
        assert!(!lane.finish_repair(false));
        assert_eq!(lane.arrive(9), Arrival::Deliver);
    }

    #[test]
    fn an_entry_heard_between_subscribing_and_reading_the_head_is_not_lost() {
        let mut lane = Lane::default();
        assert_eq!(lane.arrive(6), Arrival::Drop);
        assert_eq!(lane.head(5), Some(5), "the head was read before entry 6 was counted");
        assert!(lane.repaired(6));
        assert!(!lane.finish_repair(false));
    }

    #[test]
    fn a_head_read_later_finds_what_was_lost() {
        let mut lane = lane_at(4);
        assert_eq!(lane.head(4), None);
        assert_eq!(lane.head(6), Some(4));
    }

    #[test]
    fn what_is_told_again_finds_the_last_one_and_is_no_place_to_begin_from() {
        let mut lane = lane_at(4);
        assert_eq!(lane.told(4), None);
        assert_eq!(lane.told(5), Some(4));
        let mut lane = Lane::default();
        assert_eq!(lane.told(5), None);
        assert_eq!(lane.last(), None);
        assert_eq!(lane.head(4), Some(4), "5 is in the log, and was not heard");
    }

    #[test]
    fn what_is_gone_from_the_store_is_not_waited_for() {
        let mut lane = lane_at(4);
        assert_eq!(lane.arrive(9), Arrival::Repair(4));
        assert!(!lane.finish_repair(true));
        assert_eq!(lane.arrive(10), Arrival::Deliver);
    }
}

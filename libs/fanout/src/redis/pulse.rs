use std::time::Duration;

/// Counts heartbeats that were published and not heard. It counts beats and not time, so that a process that was held up itself
/// does not take that for silence.
#[derive(Debug)]
pub(super) struct Pulse {
    /// So many beats in a row unheard are too many.
    limit: u128,
    unheard: u128,
    /// The last one that the server took.
    published: Option<u64>,
}

impl Pulse {
    /// Beats come `every` so often; they may stay away for `silence`.
    pub(super) fn new(every: Duration, silence: Duration) -> Self {
        let limit = (silence.as_millis() / every.as_millis().max(1)).max(1);
        Self { limit, unheard: 0, published: None }
    }

    /// It is time for another beat, and `heard` is the last one that came back. Says whether all is well.
    pub(super) fn is_well(&mut self, heard: u64) -> bool {
        if self.published.is_some_and(|published| heard < published) {
            self.unheard += 1;
        } else {
            self.unheard = 0;
        }
        self.unheard < self.limit
    }

    pub(super) fn published(&mut self, beat: u64) {
        self.published = Some(beat);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pulse() -> Pulse {
        Pulse::new(Duration::from_secs(1), Duration::from_secs(3))
    }

    #[test]
    fn so_many_beats_in_a_row_unheard_are_silence() {
        let mut pulse = pulse();
        assert!(pulse.is_well(0));
        pulse.published(1);
        assert!(pulse.is_well(0));
        pulse.published(2);
        assert!(pulse.is_well(0));
        pulse.published(3);
        assert!(!pulse.is_well(0));
    }

    #[test]
    fn a_beat_that_comes_late_is_heard_all_the_same() {
        let mut pulse = pulse();
        for beat in 1..=20 {
            pulse.published(beat);
            let late = if beat % 3 == 0 { 0 } else { 2 };
            assert!(pulse.is_well(beat.saturating_sub(late)), "beat {beat}");
        }
    }

    #[test]
    fn what_could_not_be_published_is_not_missed() {
        let mut pulse = pulse();
        pulse.published(1);
        for _ in 0..10 {
            assert!(pulse.is_well(1));
        }
    }
}

use std::time::Duration;

use kernel::Random;

/// The longest first wait.
const FIRST: Duration = Duration::from_millis(200);
/// The longest wait of all.
const LONGEST: Duration = Duration::from_secs(10);

/// How long to wait before the next try: twice as long each time, and never as long as the others, so that not all come
/// back at once.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failed: u32,
}

impl Backoff {
    /// It went well.
    pub(crate) fn reset(&mut self) {
        self.failed = 0;
    }

    /// From half of the longest wait to all of it.
    pub(crate) fn next(&mut self, random: &dyn Random) -> Duration {
        let longest = FIRST.saturating_mul(1 << self.failed.min(10)).min(LONGEST);
        self.failed = self.failed.saturating_add(1);
        let half = u64::try_from((longest / 2).as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(half + random.below(half + 1))
    }
}

#[cfg(test)]
mod tests {
    use kernel::SeededRandom;

    use super::*;

    #[test]
    fn waits_longer_each_time_and_not_for_ever() {
        let random = SeededRandom::new(1);
        let mut backoff = Backoff::default();
        let waits: Vec<Duration> = (0..40).map(|_| backoff.next(&random)).collect();
        assert!(waits[0] <= FIRST && waits[0] >= FIRST / 2);
        assert!(waits[5] > FIRST && waits.iter().all(|wait| *wait <= LONGEST));
        assert!(waits[39] >= LONGEST / 2);
        backoff.reset();
        assert!(backoff.next(&random) <= FIRST);
    }
}

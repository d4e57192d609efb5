use std::time::Duration;

use kernel::Random;

/// The first wait, before chance adds to it.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait, likewise.
const LONGEST: Duration = Duration::from_secs(30);

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

    /// Up to half again as long as it is this time's turn to wait; not less than the server asks for.
    pub(crate) fn next(&mut self, least: Duration, random: &dyn Random) -> Duration {
        let turn = FIRST.saturating_mul(1 << self.failed.min(10)).min(LONGEST);
        self.failed = self.failed.saturating_add(1);
        jittered(turn.max(least), random)
    }
}

/// What a server that goes away asks for, and up to half of it more.
pub(crate) fn jittered(wait: Duration, random: &dyn Random) -> Duration {
    let half = u64::try_from((wait / 2).as_millis()).unwrap_or(u64::MAX - 1);
    wait.saturating_add(Duration::from_millis(random.below(half + 1)))
}

#[cfg(test)]
mod tests {
    use kernel::SeededRandom;

    use super::*;

    const NONE: Duration = Duration::ZERO;

    #[test]
    fn waits_longer_each_time_and_not_for_ever() {
        let random = SeededRandom::new(1);
        let mut backoff = Backoff::default();
        let waits: Vec<Duration> = (0..40).map(|_| backoff.next(NONE, &random)).collect();
        assert!(waits[0] >= FIRST && waits[0] <= FIRST * 3 / 2);
        assert!(waits[1] >= FIRST * 2 && waits[1] <= FIRST * 3);
        assert!(waits[5..].iter().all(|wait| *wait >= LONGEST && *wait <= LONGEST * 3 / 2));
        backoff.reset();
        assert!(backoff.next(NONE, &random) <= FIRST * 3 / 2);
    }

    #[test]
    fn does_not_come_before_the_server_asks_for_it() {
        let random = SeededRandom::new(1);
        let mut backoff = Backoff::default();
        let asked = Duration::from_secs(10);
        let waits: Vec<Duration> = (0..20).map(|_| backoff.next(asked, &random)).collect();
        assert!(waits.iter().all(|wait| *wait >= asked));
        assert!(waits[..3].windows(2).any(|two| two[0] != two[1]), "not all at once");
    }
}

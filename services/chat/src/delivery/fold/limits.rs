//! How often acknowledgements are written, and how many may wait.

use std::time::Duration;

/// Writes leave the store to others for so many times as long as they took: the busier it is, the more acknowledgements share
/// a write, and the less each costs.
const REST: u32 = 4;

/// How often, and how much may wait.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Between two writes, if the store is quick.
    pub interval: Duration,
    /// Between two writes at the most.
    pub most: Duration,
    /// Acknowledgements that may wait; more are refused.
    pub waiting: usize,
}

impl Limits {
    /// How long to wait after a write that took so long.
    pub(super) fn rest_after(&self, write: Duration) -> Duration {
        write.saturating_mul(REST).min(self.most).max(self.interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_a_write_takes_the_longer_others_have_the_store() {
        let millis = Duration::from_millis;
        let limits = Limits { interval: millis(200), most: millis(1_000), waiting: 1 };
        for (write, rest) in [(0, 200), (50, 200), (100, 400), (250, 1_000), (3_000, 1_000)] {
            assert_eq!(limits.rest_after(millis(write)), millis(rest));
        }
        let at_once = Limits { interval: millis(0), most: millis(0), waiting: 1 };
        assert_eq!(at_once.rest_after(millis(30)), millis(0));
    }
}

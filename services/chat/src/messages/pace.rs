//! How fast one person may write over this instance.
//!
//! Counted in the instance's memory: a person has few sockets, and a round trip for each message would cost more than the
//! exactness is worth. Over several instances a person gets the limit of each.

use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use kernel::UserId;
use settings::ChatLimits;

/// The paces of everyone who wrote lately.
#[derive(Debug)]
pub struct Pace {
    sends: DefaultKeyedRateLimiter<UserId>,
    changes: DefaultKeyedRateLimiter<UserId>,
    clock: DefaultClock,
}

impl Pace {
    /// With these limits.
    pub fn new(limits: &ChatLimits) -> Self {
        let count = |count: u32| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        let sends = Quota::per_second(count(limits.sends_per_second))
            .allow_burst(count(limits.sends_burst));
        let changes = Quota::per_minute(count(limits.changes_per_minute));
        Self {
            sends: RateLimiter::keyed(sends),
            changes: RateLimiter::keyed(changes),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a message of the person; else says after how many seconds the next may come.
    pub fn send(&self, user: UserId) -> Result<(), u64> {
        self.check(&self.sends, user)
    }

    /// Counts another writing call of the person; else says after how many seconds the next may come.
    pub fn change(&self, user: UserId) -> Result<(), u64> {
        self.check(&self.changes, user)
    }

    /// Forgets people who have not written lately.
    pub fn tidy(&self) {
        self.sends.retain_recent();
        self.changes.retain_recent();
    }

    fn check(&self, limiter: &DefaultKeyedRateLimiter<UserId>, user: UserId) -> Result<(), u64> {
        limiter
            .check_key(&user)
            .map_err(|not_until| not_until.wait_time_from(self.clock.now()).as_secs() + 1)
    }
}

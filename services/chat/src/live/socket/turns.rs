//! How many of those who come are served at once.
//!
//! When everybody comes back at the same time, some are let in quickly and the others wait, instead of all being slow until
//! the first are cut off: whoever is cut off has cost as much, and comes again.

use std::time::Duration;

use kernel::{ErrorCode, Random, WireError};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

/// Those who found no place are told to come back after up to so many seconds, each after another time.
const AGAIN_S: u64 = 5;

/// Places for those who are let in or catch up. Who waits is served in the order of coming.
#[derive(Debug)]
pub struct Turns {
    places: Semaphore,
    patience: Duration,
}

impl Turns {
    /// So many places; nobody waits longer than that for one.
    pub fn new(places: usize, patience: Duration) -> Self {
        Self { places: Semaphore::new(places), patience }
    }

    /// A place, held until it is dropped; `SERVICE_UNAVAILABLE` to whoever waited too long.
    pub async fn take(&self, random: &dyn Random) -> Result<SemaphorePermit<'_>, WireError> {
        let came = Instant::now();
        let place = timeout(self.patience, self.places.acquire()).await;
        metrics::histogram!("socket_turn_wait_seconds").record(came.elapsed().as_secs_f64());
        if let Ok(Ok(place)) = place {
            return Ok(place);
        }
        metrics::counter!("socket_turns_refused_total").increment(1);
        let message = "more come than can be served at once; come back a little later";
        let refused = WireError::new(ErrorCode::ServiceUnavailable, message);
        Err(refused.retry_after(1 + random.below(AGAIN_S)))
    }
}

#[cfg(test)]
mod tests {
    use kernel::SeededRandom;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_is_told_when_to_come_back() {
        let (turns, random) = (Turns::new(1, Duration::from_secs(5)), SeededRandom::new(1));
        let place = turns.take(&random).await.unwrap();
        let came = Instant::now();
        let refused = turns.take(&random).await.unwrap_err();
        assert_eq!(came.elapsed(), Duration::from_secs(5));
        assert_eq!(refused.code, ErrorCode::ServiceUnavailable);
        assert!((1..=AGAIN_S).contains(&refused.retry_after.unwrap()));
        let (next, ()) = tokio::join!(turns.take(&random), async { drop(place) });
        assert!(next.is_ok(), "whoever waits gets the place that becomes free");
    }
}

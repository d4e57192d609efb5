//! When to try again after another instance was faster in a conversation.
//!
//! Whoever was faster tells everybody of its entry and then still counts and answers it. So the best moment is when that entry
//! is heard: the end of the log is known without reading, and nobody else is inserting. Two instances that write without a pause take turns
//! this way. Where nothing is heard, a growing pause with jitter keeps them apart.

use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use kernel::{ConversationId, Random};
use tokio::sync::Notify;

/// The longest that the third try waits to hear something, in milliseconds; doubles with each further one.
const PAUSE_MS: u64 = 4;
/// Tries after which pauses grow no more: then they are at most 64 ms, so that many fit into the time there is.
const LONGEST: u32 = 6;

/// Conversations that wait for their next try.
#[derive(Debug)]
pub struct Rest {
    random: Arc<dyn Random>,
    waiting: DashMap<ConversationId, Arc<Notify>>,
}

impl Rest {
    /// Nobody waits.
    pub fn new(random: Arc<dyn Random>) -> Self {
        Self { random, waiting: DashMap::new() }
    }

    /// An entry of the conversation was heard.
    pub fn heard(&self, id: ConversationId) {
        if let Some(waiting) = self.waiting.get(&id) {
            waiting.notify_one();
        }
    }

    /// Whether there is something to wait for after so many tries. The second is made at once: the look at what became of the
    /// first has taken its time, and the end of the log is read anew.
    pub const fn is_due(tries: u32) -> bool {
        tries > 1
    }

    /// Returns when it is time for the next try, after so many. Of one conversation one call at a time.
    pub async fn until_next(&self, id: ConversationId, tries: u32) {
        let heard = Arc::new(Notify::new());
        self.waiting.insert(id, Arc::clone(&heard));
        let doubled = tries.clamp(2, LONGEST) - 2;
        let pause = self.random.below(PAUSE_MS << doubled);
        // Those who hear the same entry are not to be all beaten again by one of them.
        let jitter = self.random.below(u64::from(doubled) + 1);
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(pause)) => {}
            () = heard.notified() => tokio::time::sleep(Duration::from_millis(jitter)).await,
        }
        self.waiting.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use kernel::{SeededRandom, Timestamp};
    use tokio::time::Instant;

    use super::*;

    fn id() -> ConversationId {
        ConversationId::new_v7(Timestamp::default(), &SeededRandom::new(1))
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_up_to_a_limit() {
        let rest = Rest::new(Arc::new(SeededRandom::new(1)));
        for (tries, longest) in [(2, 4), (3, 8), (6, 64), (100, 64)] {
            let mut most = Duration::ZERO;
            for _ in 0..100 {
                let start = Instant::now();
                rest.until_next(id(), tries).await;
                most = most.max(start.elapsed());
            }
            let longest = Duration::from_millis(longest);
            assert!(longest / 2 < most && most <= longest, "{most:?} after {tries} tries");
        }
        assert!(rest.waiting.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_heard_ends_the_pause() {
        let rest = Arc::new(Rest::new(Arc::new(SeededRandom::new(1))));
        for _ in 0..100 {
            let start = Instant::now();
            let next = rest.until_next(id(), 100);
            let hear = async {
                tokio::task::yield_now().await;
                rest.heard(id());
            };
            tokio::join!(next, hear);
            assert!(start.elapsed() <= Duration::from_millis(4));
        }
        rest.heard(id());
        assert!(rest.waiting.is_empty(), "nobody waits, and nothing is kept of it");
    }
}

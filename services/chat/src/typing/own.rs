//! Where one socket's person writes, as it was last passed on.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::ConversationId;

/// Conversations in which one socket writes at a time; what it says of others is not passed on.
const AT_ONCE: usize = 8;

/// Kept with each socket.
#[derive(Debug, Default)]
pub struct Own(Mutex<BTreeMap<ConversationId, Duration>>);

impl Own {
    /// The person writes. Says whether to pass it on: it was not within the last `again`.
    pub fn start(&self, id: ConversationId, now: Duration, again: Duration) -> bool {
        let mut said = self.said();
        if said.get(&id).is_some_and(|at| now.saturating_sub(*at) < again) {
            return false;
        }
        if said.len() >= AT_ONCE && !said.contains_key(&id) {
            said.retain(|_, at| now.saturating_sub(*at) < again);
        }
        if said.len() >= AT_ONCE && !said.contains_key(&id) {
            return false;
        }
        said.insert(id, now);
        true
    }

    /// The person does not write any more. Says whether to pass it on.
    pub fn stop(&self, id: ConversationId) -> bool {
        self.said().remove(&id).is_some()
    }

    /// The socket has left. Answers where its person was writing.
    pub fn leave(&self) -> Vec<ConversationId> {
        std::mem::take(&mut *self.said()).into_keys().collect()
    }

    fn said(&self) -> MutexGuard<'_, BTreeMap<ConversationId, Duration>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Who writes where, as this instance heard it, and until when that holds: an instance that dies, or an event that is lost, leaves
//! nobody writing for ever.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::{ConversationId, UserId};
use uuid::Uuid;

/// How long it holds, and how much is remembered.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Without being said again.
    pub life: Duration,
    /// People in one conversation; further ones are not passed on.
    pub people: usize,
    /// In all conversations; further ones are not passed on.
    pub all: usize,
}

/// What this instance heard.
#[derive(Debug)]
pub struct Typists {
    limits: Limits,
    until: Mutex<BTreeMap<(ConversationId, UserId), Duration>>,
}

impl Typists {
    /// Nobody writes yet.
    pub fn new(limits: Limits) -> Self {
        Self { limits, until: Mutex::default() }
    }

    /// Somebody writes. Says whether that is news.
    pub fn start(&self, id: ConversationId, user: UserId, now: Duration) -> bool {
        let mut until = self.until();
        let end = now + self.limits.life;
        if let Some(until) = until.get_mut(&(id, user)) {
            *until = end;
            return false;
        }
        let first = UserId::from_uuid(Uuid::nil());
        let here = until.range((id, first)..).take_while(|((other, _), _)| *other == id).count();
        if here >= self.limits.people || until.len() >= self.limits.all {
            metrics::counter!("typing_shed_total").increment(1);
            return false;
        }
        until.insert((id, user), end);
        true
    }

    /// Somebody does not write any more. Says whether that is news.
    pub fn stop(&self, id: ConversationId, user: UserId) -> bool {
        self.until().remove(&(id, user)).is_some()
    }

    /// Who has not said it again in time; they do not write any more.
    pub fn ended(&self, now: Duration) -> Vec<(ConversationId, UserId)> {
        let mut ended = Vec::new();
        self.until().retain(|typist, until| {
            let goes = *until <= now;
            if goes {
                ended.push(*typist);
            }
            !goes
        });
        ended
    }

    fn until(&self) -> MutexGuard<'_, BTreeMap<(ConversationId, UserId), Duration>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

use std::sync::Arc;
use std::time::Duration;

use kernel::SessionId;
use kv::{Kv, KvError};

/// How much longer than its tokens a session stays on the list: clocks differ, and one may be issued while it ends.
const AFTER: Duration = Duration::from_mins(1);

/// The list of ended sessions whose tokens are still good by themselves. Every instance reads it.
#[derive(Debug, Clone)]
pub struct Revocations {
    kv: Arc<dyn Kv>,
    ttl: Duration,
}

impl Revocations {
    /// `ttl` is how long a token is good: a while after that an entry is of no use.
    pub fn new(kv: Arc<dyn Kv>, ttl: Duration) -> Self {
        Self { kv, ttl: ttl + AFTER }
    }

    /// From now on tokens of this session are refused everywhere.
    pub async fn revoke(&self, session: SessionId) -> Result<(), KvError> {
        self.kv.set(&key(session), b"1", self.ttl).await
    }

    /// Whether the session is on the list.
    pub async fn is_revoked(&self, session: SessionId) -> Result<bool, KvError> {
        is_revoked(self.kv.as_ref(), session).await
    }

    /// Those of the sessions that are on the list; all are asked for in one pipeline.
    pub async fn revoked_among(&self, sessions: &[SessionId]) -> Result<Vec<SessionId>, KvError> {
        let keys: Vec<String> = sessions.iter().map(|session| key(*session)).collect();
        let found = self.kv.get_all(&keys).await?;
        let both = sessions.iter().zip(found);
        Ok(both.filter_map(|(session, found)| found.map(|_| *session)).collect())
    }
}

/// Whether the session is on the list.
pub(crate) async fn is_revoked(kv: &dyn Kv, session: SessionId) -> Result<bool, KvError> {
    Ok(kv.get(&key(session)).await?.is_some())
}

fn key(session: SessionId) -> String {
    format!("revoked:{session}")
}

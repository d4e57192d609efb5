use std::time::Duration;

use kernel::Timestamp;
use kv::{Kv, KvError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A log-in that waits for its code.
#[derive(Serialize, Deserialize)]
pub(super) struct Challenge {
    /// Whose tries and live challenges it counts among: an address, or a known device.
    pub(super) allowance: String,
    /// Keyed hash of the code.
    pub(super) code_hash: [u8; 32],
    /// The address, sealed.
    pub(super) address: Vec<u8>,
    /// When it ends, in milliseconds since 1970.
    expires_at: i64,
    /// Its place among the live ones of its allowance.
    slot: u32,
}

/// What a new challenge is about.
pub(super) struct Draft {
    pub(super) id: Uuid,
    pub(super) allowance: String,
    pub(super) code_hash: [u8; 32],
    pub(super) address: Vec<u8>,
}

/// The challenges in the short-lived store. An allowance has a fixed number of slots, and a challenge lives only while
/// its slot names it, so there are never more: a new one takes the place of the oldest.
pub(super) struct Challenges<'a> {
    pub(super) kv: &'a dyn Kv,
    pub(super) slots: u32,
    pub(super) ttl: Duration,
    pub(super) now: Timestamp,
}

impl Challenges<'_> {
    /// Keeps a new challenge.
    pub(super) async fn open(&self, draft: Draft) -> Result<(), KvError> {
        let slot = self.claim(&draft.allowance, draft.id).await?;
        let challenge = Challenge {
            allowance: draft.allowance,
            code_hash: draft.code_hash,
            address: draft.address,
            expires_at: self.now.plus(self.ttl).as_millis(),
            slot,
        };
        self.write(draft.id, &challenge, self.ttl).await
    }

    /// The challenge, if it is live.
    pub(super) async fn find(&self, id: Uuid) -> Result<Option<Challenge>, KvError> {
        let Some(bytes) = self.kv.get(&key(id)).await? else { return Ok(None) };
        let challenge: Challenge = match serde_json::from_slice(&bytes) {
            Ok(challenge) => challenge,
            Err(error) => return Err(KvError(format!("a challenge does not read back: {error}"))),
        };
        let slot = self.kv.get(&slot_key(&challenge.allowance, challenge.slot)).await?;
        Ok(slot.is_some_and(|held| named(&held) == Some(id)).then_some(challenge))
    }

    /// Ends a challenge. Of many at once exactly one is told `true`.
    pub(super) async fn close(&self, id: Uuid) -> Result<bool, KvError> {
        Ok(self.kv.take(&key(id)).await?.is_some())
    }

    /// Puts back a challenge that was closed for a log-in that then could not be stored, for the rest of its time.
    pub(super) async fn reopen(&self, id: Uuid, challenge: &Challenge) -> Result<(), KvError> {
        let left = Timestamp::from_millis(challenge.expires_at).since(self.now);
        if left.is_zero() { Ok(()) } else { self.write(id, challenge, left).await }
    }

    async fn write(&self, id: Uuid, challenge: &Challenge, ttl: Duration) -> Result<(), KvError> {
        let bytes = serde_json::to_vec(challenge).map_err(|error| KvError(error.to_string()))?;
        self.kv.set(&key(id), &bytes, ttl).await
    }

    async fn claim(&self, allowance: &str, id: Uuid) -> Result<u32, KvError> {
        let name = format!("{}:{id}", self.now.as_millis());
        for slot in 0..self.slots {
            let place = slot_key(allowance, slot);
            if self.kv.set_if_absent(&place, name.as_bytes(), self.ttl).await? {
                return Ok(slot);
            }
        }
        let oldest = self.oldest(allowance).await?;
        self.kv.set(&slot_key(allowance, oldest), name.as_bytes(), self.ttl).await?;
        Ok(oldest)
    }

    async fn oldest(&self, allowance: &str) -> Result<u32, KvError> {
        let mut oldest = (i64::MAX, 0);
        for slot in 0..self.slots {
            let held = self.kv.get(&slot_key(allowance, slot)).await?;
            let since = held.as_deref().and_then(opened).unwrap_or(0);
            oldest = oldest.min((since, slot));
        }
        Ok(oldest.1)
    }
}

fn key(id: Uuid) -> String {
    format!("login:challenge:{id}")
}

fn slot_key(allowance: &str, slot: u32) -> String {
    format!("login:slot:{allowance}:{slot}")
}

fn parts(held: &[u8]) -> Option<(&str, &str)> {
    std::str::from_utf8(held).ok()?.split_once(':')
}

fn opened(held: &[u8]) -> Option<i64> {
    parts(held)?.0.parse().ok()
}

fn named(held: &[u8]) -> Option<Uuid> {
    Uuid::try_parse(parts(held)?.1).ok()
}

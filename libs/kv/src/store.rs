use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

/// At most `count` hits within any stretch of `window`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How many hits.
    pub count: u32,
    /// In how long a stretch; the window rolls.
    pub window: Duration,
}

/// The answer to [`Kv::hit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// Within every limit, and counted.
    Allowed,
    /// Over a limit, and not counted. The same hit will be allowed after this long, if no other comes first.
    Refused(Duration),
}

/// One of the values that a key holds side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Of which key.
    pub key: String,
    /// Its name among the key's fields.
    pub name: String,
    /// What it holds.
    pub value: Vec<u8>,
}

/// The store could not answer in time.
#[derive(Debug, thiserror::Error)]
#[error("short-lived store: {0}")]
pub struct KvError(pub String);

/// Short-lived keys.
///
/// Every operation is atomic over all instances. A key lives at most as long as its `ttl`; an adapter counts time by one
/// clock for all instances. Keys are given without the namespace, which the adapter adds. Each call has a deadline inside
/// the adapter and then fails with [`KvError`].
#[async_trait]
pub trait Kv: Send + Sync + fmt::Debug {
    /// Writes a value, over any that is there.
    async fn set(&self, key: &str, value: &[u8], ttl: Duration) -> Result<(), KvError>;

    /// Writes a value unless the key is there already. Says whether it wrote: of many at once exactly one does.
    async fn set_if_absent(&self, key: &str, value: &[u8], ttl: Duration) -> Result<bool, KvError>;

    /// Reads a value.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError>;

    /// The value of each of the keys, in their order. All are asked for in one pipeline.
    async fn get_all(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, KvError>;

    /// Reads a value and removes it: of many at once exactly one gets it.
    async fn take(&self, key: &str) -> Result<Option<Vec<u8>>, KvError>;

    /// Removes a key, if it still holds `value`. Says whether it did. (Gives back a lease without taking another's.)
    async fn remove_if(&self, key: &str, value: &[u8]) -> Result<bool, KvError>;

    /// Counts a hit on `key` if that keeps every limit, else counts nothing. `limits` are the same on each call for a key.
    async fn hit(&self, key: &str, limits: &[Limit]) -> Result<Hit, KvError>;

    /// Writes fields, over any that are there, each with a time of its own to live. All go in one pipeline; after an error
    /// some may be written.
    async fn set_fields(&self, fields: &[Field], ttl: Duration) -> Result<(), KvError>;

    /// Removes a field of a key.
    async fn remove_field(&self, key: &str, name: &str) -> Result<(), KvError>;

    /// The fields of each of the keys, in the order of the keys; those of one key in any order. All are asked for in one
    /// pipeline.
    async fn fields(&self, keys: &[String]) -> Result<Vec<Vec<Field>>, KvError>;

    /// Answers if the store is in reach.
    async fn ping(&self) -> Result<(), KvError>;
}

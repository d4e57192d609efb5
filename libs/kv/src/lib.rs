//! Short-lived keys: codes, limits, deny-lists, leases. Two adapters, chosen by the scheme of a URL: SQLite and Redis.
//!
//! What is kept here may be lost at any time without losing anything that was acknowledged.

mod lease;
mod millis;
mod open;
mod redis;
mod sqlite;
mod store;

pub use crate::redis::RedisKv;
pub use crate::sqlite::SqliteKv;
pub use lease::Lease;
pub use open::open;
pub use store::{Field, Hit, Kv, KvError, Limit};

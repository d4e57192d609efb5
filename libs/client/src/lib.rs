//! A client that loses nothing, shows nothing twice and reorders nothing, as `docs/client-rules.md` asks of every client.
//!
//! It subscribes, then reads everything above its cursors, then lives on events. It stores before it acknowledges, fetches
//! what is missing between two entries, drops what it has, and sends its outbox again, in order and under the same ids,
//! until each letter is acknowledged. What it stores goes into a [`Storage`]; [`Memory`] is one.

mod backoff;
mod connection;
mod history;
mod running;
mod storage;
mod wire;

pub mod protocol;
pub mod rest;

pub use running::{Client, Settings, State};
pub use storage::{Letter, Mark, Memory, Storage, StorageError};

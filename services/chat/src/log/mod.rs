//! The conversation log: gapless, append-only, arbitrated by the store.

pub mod append;
pub mod entry;
pub mod mongo;
pub mod numbering;
pub mod order;
pub mod queue;
mod rest;
pub mod sqlite;
pub mod store;

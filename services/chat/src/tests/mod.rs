//! The use cases together, on real stores and the in-memory fan-out, with a clock that stands still.
//!
//! They run on SQLite; the test of all commands (`contract/mongo/shards.rs`) runs them all once more on MongoDB. So a test
//! lets time go by with [`place::Place::later`], which both stores understand.

mod blocks;
mod changes;
mod delivery;
mod devices;
mod folding;
mod groups;
pub mod instances;
mod keeping;
mod killed;
mod live;
mod membership;
mod own;
mod personal;
pub mod place;
mod presence;
mod receipts;
mod restoring;
mod retention;
mod sending;
mod snapshot;
pub mod stores;
mod sync_cost;
mod syncing;
mod typing;

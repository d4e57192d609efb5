//! The use cases together, on SQLite and the in-memory fan-out, with a clock that stands still.

mod delivery;
mod live;
mod place;
mod sending;
mod syncing;

//! Facts that other services must learn. Each is written in the transaction that makes it true and published from there.

mod cause;
#[cfg(test)]
mod contract;
mod mongo;
mod relay;
mod sqlite;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use cause::Cause;
pub(crate) use mongo::MongoOutbox;
pub(crate) use mongo::{add as add_mongo, add_all as add_all_mongo};
pub(crate) use relay::{Nudge, Relay};
pub(crate) use sqlite::SqliteOutbox;
pub(crate) use sqlite::add as add_sqlite;
pub(crate) use store::Outbox;

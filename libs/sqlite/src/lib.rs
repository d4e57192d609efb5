//! One SQLite file for a whole process: one writer that commits in groups, a few readers, migrations by name.
//!
//! What [`Database::write`] answered survives `kill -9` and power loss (`synchronous = FULL`). Deleted content is
//! overwritten (`secure_delete`), and the write-ahead log, where it still stands, is emptied seconds later ([`Limits::empty`]).

mod database;
mod databases;
mod engine;
mod error;
mod job;
mod log;
mod migrate;
mod open;
mod reader;
mod writer;

pub use database::{Database, Durability, Limits};
pub use databases::Databases;
pub use engine::{Engine, Work};
pub use error::SqliteError;
pub use migrate::Migration;
pub use open::is_in_use;
pub use rusqlite;
pub use rusqlite::{Connection, OptionalExtension, Row, params};

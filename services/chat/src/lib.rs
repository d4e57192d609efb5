//! The chat service: what is said. Conversations, their logs, delivery, reading, sockets.
//!
//! [`start`] gives the service to whoever composes it: this crate's own binary, or the all-in-one.

mod chat;
mod conversations;
mod delivery;
mod epochs;
mod live;
mod log;
mod messages;
mod mongo;
mod openapi;
mod own;
mod people;
mod presence;
mod reading;
mod receipts;
mod sqlite;
mod store;
mod sync;
mod typing;
mod wiring;

#[cfg(test)]
mod bench;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod property;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

/// Gives entries their places in the log. Here for the model check, which runs this very code.
#[doc(hidden)]
pub mod numbering {
    pub use crate::log::entry::EntryType;
    pub use crate::log::numbering::{Ask, Fate, Inserted, Round};
    pub use crate::log::store::Head;
}

pub use epochs::store::Survey;
pub use mongo::{SHARD_KEYS, index_commands};
pub use openapi::document as openapi;
pub use wiring::epochs::{Progress, new_epochs};
pub use wiring::{Remotes, Started, serve, start};

//! The user service: who you are. Log-in by mailed code, tokens, sessions, devices, profiles, contacts.
//!
//! [`start`] gives the service to whoever composes it; [`serve`] is the whole of it as a process of its own.

mod accounts;
mod contacts;
mod devices;
mod directory;
mod discovery;
mod limits;
mod login;
mod mongo;
mod openapi;
mod outbox;
mod pepper;
mod ports;
mod preferences;
mod profiles;
mod sessions;
mod sqlite;
mod store;
mod text;
mod wiring;

#[cfg(test)]
mod testing;

pub use mongo::{SHARD_KEYS, index_commands};
pub use openapi::document as openapi;
pub use wiring::{Remotes, Running, serve, start};

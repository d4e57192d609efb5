//! Changes of who is in a conversation and what it is called, each carried to its end whatever happens on the way.
//!
//! A change is begun by a mark in the store that names its entry. From there on it is the only one of its person (or of
//! the conversation itself), and whoever finds the mark can carry it on: append the entry, then finish what follows from it.

pub mod append;
pub mod carry;
pub mod mongo;
pub mod sqlite;
pub mod store;
pub mod sweep;
pub mod turn;

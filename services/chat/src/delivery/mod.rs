//! Delivered, then forgotten: how far each device has stored, and what may therefore go.

pub mod acknowledge;
pub mod devices;
pub mod fold;
pub mod http;
pub mod known;
pub mod leftovers;
pub mod mongo;
pub mod retention;
pub mod socket;
pub mod sqlite;
pub mod store;
pub mod sweep;
pub mod turn;

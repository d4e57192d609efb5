//! What people write to each other.

pub mod body;
pub mod delete;
pub mod digest;
pub mod edit;
pub mod erase;
pub mod folded;
pub mod history;
pub mod http;
pub mod pace;
pub mod react;
pub mod request;
pub mod send;
pub mod socket;
pub mod target;
pub mod write;

//! What people write to each other.

pub mod body;
pub mod digest;
pub mod history;
pub mod http;
pub mod pace;
pub mod request;
pub mod send;
pub mod socket;

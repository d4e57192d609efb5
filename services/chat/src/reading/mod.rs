//! How far people have read.

pub mod http;
pub mod read;
pub mod socket;
pub mod unread;

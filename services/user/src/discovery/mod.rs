//! What a client or a service must know before anybody has logged in.

mod config;
pub(crate) mod http;

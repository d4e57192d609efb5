//! Codes for logging in, by mail.

mod letter;
pub(crate) mod queue;
pub(crate) mod send;

//! The mail service: takes codes from the queue `send-otp` and mails them.
//!
//! [`start`] gives the service to whoever composes it: this crate's own binary, or the all-in-one. [`serve`] is the
//! binary's.

mod mailbox;
mod otp;
mod transport;
mod wiring;

pub use wiring::{serve, start};

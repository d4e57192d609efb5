//! Live delivery: from the fan-out to the sockets of this instance.
//!
//! The one folder beside doors that names the socket engine: it is what the sockets are for.

pub mod announce;
pub mod frame;
pub mod hub;
pub mod lane;
pub mod listen;
pub mod repair;
pub mod reply;
pub mod seat;
pub mod socket;

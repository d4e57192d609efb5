//! Live delivery: from the fan-out to the sockets of this instance.

pub mod again;
pub mod announce;
pub mod frame;
pub mod lane;
pub mod reply;
pub mod socket;

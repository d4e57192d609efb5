//! What decides: state machines that take frames and moments in and give steps out. No I/O, no clock, no locks.

pub(crate) mod heartbeat;
pub(crate) mod protocol;
pub(crate) mod transport;

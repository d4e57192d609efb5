//! Live events to every instance. Two adapters, chosen by the scheme of a URL: memory (one process) and Redis.
//!
//! What goes through here may be lost, doubled or late: the truth is in the store, and a listener that may have missed
//! something is told so.

mod ear;
mod memory;
mod open;
mod port;
mod redis;

pub use crate::redis::RedisFanout;
pub use memory::MemoryFanout;
pub use open::open;
pub use port::{Fanout, FanoutError, Happening, Listener, Subject};

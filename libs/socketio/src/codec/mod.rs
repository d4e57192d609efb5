//! Bytes to packets and back. No I/O, and no word of HTTP or websockets.

pub(crate) mod engine;
pub(crate) mod packet;
pub(crate) mod placeholder;

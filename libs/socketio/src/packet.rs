use std::fmt;

use bytes::Bytes;
use serde::Serialize;

use crate::codec::packet;

/// One event, encoded as it goes into a websocket text frame. A clone shares the bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Packet(Bytes);

impl Packet {
    /// An event with one argument.
    pub fn event(name: &str, payload: &impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(Self::event_from_json(name, &serde_json::to_vec(payload)?))
    }

    /// An event with one argument that is already JSON. The caller answers for its being valid: nothing looks at it again
    /// before the client does.
    pub fn event_from_json(name: &str, json: &[u8]) -> Self {
        Self(packet::event(name, json))
    }

    /// Bytes on the wire, without the frame's header.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Never: an event has a name.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        &self.0
    }
}

impl fmt::Debug for Packet {
    // What people wrote is in there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet").field("bytes", &self.len()).finish()
    }
}

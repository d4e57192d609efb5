//! Engine.IO without Socket.IO on top: messages, and nothing else.

use std::fmt;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};

use crate::frame::Frame;
use crate::queue::Queue;
use crate::{CloseReason, Handshake, SendError};

/// A message of Engine.IO.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

/// What a service does with clients that speak Engine.IO alone.
pub trait RawHandler: Send + Sync + 'static {
    /// A client is there.
    fn open(&self, socket: RawSocket, handshake: Handshake) -> Box<dyn RawSession>;
}

/// One client that speaks Engine.IO alone.
pub trait RawSession: Send + Sync {
    /// It said something. Called in the order of arrival.
    fn message(&self, message: Message);

    /// It is gone. Called once.
    fn closed(&self, reason: &CloseReason);
}

/// A client to talk to, from any thread.
#[derive(Clone)]
pub struct RawSocket(Arc<Queue>);

impl RawSocket {
    pub(crate) fn new(queue: Arc<Queue>) -> Self {
        Self(queue)
    }

    /// Queues a message. Never waits.
    pub fn send(&self, message: &Message) -> Result<(), SendError> {
        let frame = match message {
            Message::Text(text) => {
                let mut packet = BytesMut::with_capacity(text.len() + 1);
                packet.put_u8(b'4');
                packet.put_slice(text.as_bytes());
                Frame::Text(packet.freeze())
            }
            Message::Binary(bytes) => Frame::Binary(bytes.clone()),
        };
        self.0.send([frame], || None)
    }

    /// Ends the connection after what is queued. The first reason counts.
    pub fn close(&self, reason: CloseReason) {
        self.0.close(reason);
    }
}

impl fmt::Debug for RawSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawSocket")
    }
}

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::Random;

use crate::queue::Queue;
use crate::{CloseReason, Packet};

/// Names a socket: 120 random bits, written as 20 characters. Two sockets never share one, on whatever instance.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId([u8; 15]);

impl SocketId {
    pub(crate) fn draw(random: &dyn Random) -> Self {
        let mut bytes = [0; 15];
        random.fill(&mut bytes);
        Self(bytes)
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SocketId({self})")
    }
}

/// Why a packet was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The client does not read fast enough. Its socket was told to close; no other is affected.
    #[error("the socket's queue is full, the socket is being closed")]
    Full,
    /// The socket is closed or about to be.
    #[error("the socket is closed")]
    Closed,
}

/// A client to talk to, from any thread and any runtime. Clones are the same socket. Holding one does not keep the
/// connection open.
#[derive(Clone)]
pub struct Socket {
    id: SocketId,
    queue: Arc<Queue>,
}

impl Socket {
    pub(crate) fn new(id: SocketId, queue: Arc<Queue>) -> Self {
        Self { id, queue }
    }

    /// Names the socket; the client knows it as `socket.id`.
    pub fn id(&self) -> SocketId {
        self.id
    }

    /// Queues a packet. Packets arrive in the order in which they were queued, or not at all. Never waits.
    pub fn send(&self, packet: &Packet) -> Result<(), SendError> {
        self.queue.send(packet.bytes().clone())
    }

    /// Ends the connection after what is queued. The first reason counts.
    pub fn close(&self, reason: CloseReason) {
        self.queue.close(reason);
    }

    /// Whether the socket is closed or about to be.
    pub fn is_closed(&self) -> bool {
        self.queue.is_closing()
    }

    pub(crate) fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Socket({})", self.id)
    }
}

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use kernel::Random;
use tokio::sync::oneshot;

use crate::frame::Frame;
use crate::limits::{Claim, Owners, TooMany};
use crate::machine::protocol::Reply;
use crate::queue::Queue;
use crate::{CloseReason, Packet, SocketId};

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

/// Why a client's answer is not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The question could not be sent.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The client has not answered in time. What it answers later is dropped.
    #[error("the client did not answer in time")]
    Timeout,
    /// The client was gone before it answered.
    #[error("the client was gone before it answered")]
    Gone,
    /// The client has as many questions to answer as one may have.
    #[error("the client has too many questions to answer")]
    TooMany,
}

/// A client in a namespace to talk to, from any thread and any runtime. Clones are the same socket. Holding one does not
/// keep the connection open.
#[derive(Clone)]
pub struct Socket(Arc<Seat>);

struct Seat {
    id: SocketId,
    namespace: Arc<str>,
    queue: Arc<Queue>,
    owners: Arc<Owners>,
    max_asked: usize,
    /// CONNECT was answered: packets are no longer held.
    open: AtomicBool,
    /// The client has left the namespace, or the server has ended it.
    over: AtomicBool,
    more: Mutex<More>,
}

/// What most sockets do not have.
#[derive(Default)]
struct More {
    asked: u64,
    waiting: HashMap<u64, oneshot::Sender<Reply>>,
    claim: Option<Claim>,
}

impl Socket {
    /// Bytes of what all clones share.
    #[cfg(test)]
    pub(crate) const SIZE: usize = size_of::<Seat>();

    pub(crate) fn new(
        random: &dyn Random,
        namespace: Arc<str>,
        queue: Arc<Queue>,
        owners: Arc<Owners>,
        max_asked: usize,
    ) -> Self {
        Self(Arc::new(Seat {
            id: SocketId::draw(random),
            namespace,
            queue,
            owners,
            max_asked,
            open: false.into(),
            over: false.into(),
            more: Mutex::default(),
        }))
    }

    /// Names the socket; the client knows it as `socket.id`.
    pub fn id(&self) -> SocketId {
        self.0.id
    }

    /// The namespace that the client is in.
    pub fn namespace(&self) -> &str {
        &self.0.namespace
    }

    /// Queues a packet. Packets arrive in the order in which they were queued, or not at all. Never waits.
    pub fn send(&self, packet: &Packet) -> Result<(), SendError> {
        self.write(packet.encode(&self.0.namespace, None), packet.attachments())
    }

    /// Asks the client and waits for its answer, its acknowledgement of this event. At most `Config::max_asked` questions
    /// of one socket wait at a time.
    pub async fn ask(&self, packet: &Packet, patience: Duration) -> Result<Reply, AskError> {
        let (sender, receiver) = oneshot::channel();
        let question = {
            let mut more = self.more();
            if more.waiting.len() >= self.0.max_asked {
                return Err(AskError::TooMany);
            }
            let id = more.asked;
            more.asked += 1;
            more.waiting.insert(id, sender);
            Question { socket: self, id }
        };
        let text = packet.encode(&self.0.namespace, Some(question.id));
        self.write(text, packet.attachments())?;
        match tokio::time::timeout(patience, receiver).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(_)) => Err(AskError::Gone),
            Err(_) => Err(AskError::Timeout),
        }
    }

    /// Counts the socket as one of an owner's, such as a person, until it is gone. Refused when the owner has
    /// `Config::max_per_owner` already.
    pub fn belongs_to(&self, owner: &str) -> Result<(), TooMany> {
        let claim = self.0.owners.claim(owner)?;
        let mut more = self.more();
        // Nobody would take back what a socket claims that is gone already.
        if !self.0.over.load(Ordering::SeqCst) {
            more.claim = Some(claim);
        }
        Ok(())
    }

    /// Ends the connection after what is queued, all its namespaces included. The first reason counts.
    pub fn close(&self, reason: CloseReason) {
        self.0.queue.close(reason);
    }

    /// Ends the client's connection to this namespace after what is queued. The client does not come back by itself.
    pub fn disconnect(&self) {
        self.0.queue.part(self.0.id);
    }

    /// Whether the socket is closed or about to be.
    pub fn is_closed(&self) -> bool {
        self.0.over.load(Ordering::SeqCst) || self.0.queue.is_closing()
    }

    /// Lets packets go, behind the answer to CONNECT.
    pub(crate) fn open(&self, answer: Bytes) {
        self.0.queue.open(self.0.id, answer, || self.0.open.store(true, Ordering::SeqCst));
    }

    /// The client is not let in.
    pub(crate) fn refuse(&self) {
        self.leave();
        self.0.queue.forget_held(self.0.id);
    }

    /// The client is gone from the namespace: nothing more is sent, and nobody waits for an answer.
    pub(crate) fn leave(&self) {
        self.0.queue.alone(|| self.0.over.store(true, Ordering::SeqCst));
        let more = std::mem::take(&mut *self.more());
        drop(more);
    }

    /// The client answered.
    pub(crate) fn answered(&self, id: u64, reply: Reply) {
        let waiting = self.more().waiting.remove(&id);
        if let Some(waiting) = waiting {
            // Whoever asked may have given up.
            let _ = waiting.send(reply);
        }
    }

    /// Queues text and what belongs to it.
    pub(crate) fn write(&self, text: Bytes, attachments: &[Bytes]) -> Result<(), SendError> {
        if self.0.over.load(Ordering::SeqCst) {
            return Err(SendError::Closed);
        }
        let held_by = || (!self.0.open.load(Ordering::SeqCst)).then_some(self.0.id);
        if attachments.is_empty() {
            return self.0.queue.send([Frame::Text(text)], held_by);
        }
        let binary = attachments.iter().cloned().map(Frame::Binary);
        self.0.queue.send(std::iter::once(Frame::Text(text)).chain(binary), held_by)
    }

    fn more(&self) -> MutexGuard<'_, More> {
        self.0.more.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A question under way. Nobody waits for its answer once it is dropped.
struct Question<'a> {
    socket: &'a Socket,
    id: u64,
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        self.socket.more().waiting.remove(&self.id);
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Socket({})", self.0.id)
    }
}

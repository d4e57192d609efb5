//! One connected socket and whose it is.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use auth::Identity;
use kernel::{ConversationId, Timestamp};
use socketio::{CloseReason, Packet, Socket};

/// One connected socket. Live events pass through here, so that they wait while a `sync` is being answered.
#[derive(Debug)]
pub struct Seat {
    /// Whose it is; a later token must name the same person, session and device.
    pub identity: Identity,
    socket: Socket,
    /// End of the token's life, in milliseconds since 1970.
    expires: AtomicI64,
    warned: std::sync::atomic::AtomicBool,
    waiting: Mutex<Waiting>,
    /// `None` once the socket has left.
    joined: Mutex<Option<Vec<ConversationId>>>,
    /// Bytes of live events that may wait for one `sync`.
    limit: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    holds: u32,
    packets: Vec<Packet>,
    bytes: usize,
}

impl Seat {
    /// A socket of that person. At most `limit` bytes of live events wait while a `sync` is being answered.
    pub fn new(identity: Identity, socket: Socket, limit: usize) -> Self {
        let expires = AtomicI64::new(identity.expires_at.as_millis());
        Self {
            identity,
            socket,
            expires,
            warned: false.into(),
            waiting: Mutex::default(),
            joined: Mutex::new(Some(Vec::new())),
            limit,
        }
    }

    /// Passes a live event on, or lets it wait behind the `sync` that is being answered.
    pub fn deliver(&self, packet: &Packet) {
        let mut waiting = self.waiting();
        if waiting.holds == 0 {
            self.send(packet);
            return;
        }
        waiting.bytes += packet.len();
        if waiting.bytes > self.limit {
            drop(waiting);
            self.socket.close(CloseReason::SlowReader);
            return;
        }
        waiting.packets.push(packet.clone());
    }

    /// Passes an event on at once. A full queue closes the socket, which comes back and resumes from its cursors.
    pub fn send(&self, packet: &Packet) {
        if let Err(error) = self.socket.send(packet) {
            tracing::debug!(%error, "a socket was not told");
        }
    }

    /// From now on live events wait, until as many [`Seat::release`] came.
    pub fn hold(&self) {
        self.waiting().holds += 1;
    }

    /// Lets go what waited, in order.
    pub fn release(&self) {
        let mut waiting = self.waiting();
        waiting.holds = waiting.holds.saturating_sub(1);
        if waiting.holds > 0 {
            return;
        }
        waiting.bytes = 0;
        for packet in std::mem::take(&mut waiting.packets) {
            self.send(&packet);
        }
    }

    /// Ends the connection.
    pub fn close(&self, reason: CloseReason) {
        self.socket.close(reason);
    }

    /// The token was renewed.
    pub fn renew(&self, expires: Timestamp) {
        self.expires.store(expires.as_millis(), Ordering::Relaxed);
        self.warned.store(false, Ordering::Relaxed);
    }

    /// When the token's life ends.
    pub fn expires(&self) -> Timestamp {
        Timestamp::from_millis(self.expires.load(Ordering::Relaxed))
    }

    /// Whether this is the first time since the last renewal that the person is to be warned.
    pub fn warn_once(&self) -> bool {
        !self.warned.swap(true, Ordering::Relaxed)
    }

    /// Notes that the socket hears the conversation. Says whether it is to be let in: it did not hear it before, and it
    /// has not left.
    pub fn join(&self, id: ConversationId) -> bool {
        let mut joined = self.joined.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(joined) = joined.as_mut().filter(|joined| !joined.contains(&id)) else {
            return false;
        };
        joined.push(id);
        true
    }

    /// Notes that the socket does not hear the conversation any more. Says whether it did.
    pub fn part(&self, id: ConversationId) -> bool {
        let mut joined = self.joined.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(joined) = joined.as_mut() else { return false };
        let before = joined.len();
        joined.retain(|other| *other != id);
        joined.len() < before
    }

    /// Everything the socket hears, unless it has left.
    pub fn joined(&self) -> Vec<ConversationId> {
        self.joined.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default()
    }

    /// Everything the socket hears; it hears nothing afterwards, and joins nothing any more.
    pub fn leave_all(&self) -> Vec<ConversationId> {
        self.joined.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }

    /// Whether the socket hears the conversation, or has left.
    pub fn has_joined(&self, id: ConversationId) -> bool {
        let joined = self.joined.lock().unwrap_or_else(PoisonError::into_inner);
        joined.as_ref().is_none_or(|joined| joined.contains(&id))
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

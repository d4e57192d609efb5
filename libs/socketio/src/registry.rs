//! The sockets of one engine.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::{CloseReason, Socket, SocketId};

/// Every open socket, and whether more may come.
#[derive(Debug)]
pub(crate) struct Registry {
    inner: Mutex<Inner>,
    count: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Inner {
    draining: bool,
    sockets: HashMap<SocketId, Socket>,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self { inner: Mutex::default(), count: watch::Sender::new(0) }
    }

    /// Takes a socket in; `false` if no more may come.
    pub(crate) fn add(&self, socket: Socket) -> bool {
        let mut inner = self.lock();
        if inner.draining {
            return false;
        }
        inner.sockets.insert(socket.id(), socket);
        self.counted(&inner);
        metrics::gauge!("sockets_open").increment(1);
        true
    }

    /// Forgets a socket and counts why it went.
    pub(crate) fn remove(&self, id: SocketId, reason: CloseReason) {
        let mut inner = self.lock();
        if inner.sockets.remove(&id).is_some() {
            metrics::gauge!("sockets_open").decrement(1);
            metrics::counter!("socket_closed_total", "reason" => reason.as_str()).increment(1);
        }
        self.counted(&inner);
    }

    /// Takes no more in. Answers those that are there.
    pub(crate) fn drain(&self) -> Vec<Socket> {
        let mut inner = self.lock();
        inner.draining = true;
        inner.sockets.values().cloned().collect()
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.lock().draining
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().sockets.len()
    }

    /// Waits until none is left.
    pub(crate) async fn emptied(&self) {
        // An error would mean that the sender is gone, and `self` holds it.
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }

    fn counted(&self, inner: &Inner) {
        self.count.send_replace(inner.sockets.len());
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

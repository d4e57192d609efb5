//! The sessions and sockets of one engine.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::link::Link;
use crate::sid::Sid;
use crate::{CloseReason, Packet, Socket, SocketId};

/// Every session, and whether more may come.
pub(crate) struct Registry {
    inner: Mutex<Inner>,
    /// Sessions, those included whose last events are still being handled.
    count: watch::Sender<usize>,
}

#[derive(Default)]
struct Inner {
    draining: bool,
    /// Those that requests may find.
    links: HashMap<Sid, Arc<Link>>,
    /// Clients in namespaces.
    sockets: HashMap<SocketId, Socket>,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self { inner: Mutex::default(), count: watch::Sender::new(0) }
    }

    /// Takes a session in; `false` if no more may come.
    pub(crate) fn add(&self, link: &Arc<Link>) -> bool {
        let mut inner = self.lock();
        if inner.draining {
            return false;
        }
        inner.links.insert(link.sid, Arc::clone(link));
        self.count.send_modify(|count| *count += 1);
        metrics::gauge!("sockets_open").increment(1);
        true
    }

    /// The session of that name, if it is not over.
    pub(crate) fn find(&self, sid: Sid) -> Option<Arc<Link>> {
        let link = self.lock().links.get(&sid).cloned();
        link.filter(|link| !link.queue.is_spent())
    }

    /// The session is over: no request finds it any more.
    pub(crate) fn unlist(&self, link: &Link) {
        self.lock().links.remove(&link.sid);
    }

    /// Nothing of the session is under way any more.
    pub(crate) fn remove(&self, link: &Link) {
        self.unlist(link);
        let reason = link.queue.reason().unwrap_or(CloseReason::Internal);
        metrics::gauge!("sockets_open").decrement(1);
        metrics::counter!("socket_closed_total", "reason" => reason.as_str()).increment(1);
        self.count.send_modify(|count| *count = count.saturating_sub(1));
    }

    /// A client was let into a namespace.
    pub(crate) fn let_in(&self, socket: Socket) {
        self.lock().sockets.insert(socket.id(), socket);
    }

    /// A client has left a namespace.
    pub(crate) fn let_out(&self, id: SocketId) {
        self.lock().sockets.remove(&id);
    }

    /// The sockets of those names that are there.
    pub(crate) fn sockets(&self, ids: &[SocketId]) -> Vec<Socket> {
        let inner = self.lock();
        ids.iter().filter_map(|id| inner.sockets.get(id).cloned()).collect()
    }

    /// Takes no more in. Answers the sessions that are there.
    pub(crate) fn drain(&self) -> Vec<Arc<Link>> {
        let mut inner = self.lock();
        inner.draining = true;
        inner.links.values().cloned().collect()
    }

    /// Sends everyone the packet.
    pub(crate) fn tell_all(&self, packet: &Packet) {
        let sockets: Vec<_> = self.lock().sockets.values().cloned().collect();
        for socket in sockets {
            // One that cannot be told is closing already.
            let _ = socket.send(packet);
        }
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.lock().draining
    }

    pub(crate) fn len(&self) -> usize {
        *self.count.borrow()
    }

    /// Waits until none is left.
    pub(crate) async fn emptied(&self) {
        // An error would mean that the sender is gone, and `self` holds it.
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

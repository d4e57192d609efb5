//! What waits for one client, and what carries it there.

mod polling;
mod websocket;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

pub(crate) use self::polling::Polled;
use crate::frame::Frame;
use crate::machine::transport::Transport;
use crate::{CloseReason, Config, SendError, SocketId};

/// The bounded queue between everyone who sends to a client and the transport that writes. Packets to a namespace that are
/// sent before its CONNECT is answered are held back behind the answer.
#[derive(Debug)]
pub(crate) struct Queue {
    max_bytes: usize,
    max_packets: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    transport: Transport,
    ready: VecDeque<Frame>,
    /// Packets of sockets whose CONNECT is not answered.
    held: Vec<(SocketId, Frame)>,
    /// Bytes in both.
    bytes: usize,
    closing: Option<CloseReason>,
    /// Nothing more will be queued; the transport ends after what is ready.
    ended: bool,
    /// Sockets that the service wants out of their namespace.
    parting: Vec<SocketId>,
    /// The keeper is to look at its deadlines anew.
    rethink: bool,
    /// What is to be written on a websocket that is being tried.
    aside: Aside,
    /// The websocket that writes, the GET that waits, the keeper, the reader of a websocket.
    writer: Option<Waker>,
    poller: Option<Waker>,
    keeper: Option<Waker>,
    reader: Option<Waker>,
}

/// The websocket that is being tried, or that carries the session.
#[derive(Debug, Default)]
struct Aside {
    /// Tells it from those that were given up before.
    number: u32,
    frame: Option<Frame>,
}

/// Something for the keeper.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Close(CloseReason),
    /// These sockets are to leave their namespaces.
    Part(Vec<SocketId>),
    /// A deadline is nearer than it was.
    Rethink,
}

impl Queue {
    pub(crate) fn new(config: &Config, transport: Transport) -> Self {
        Self {
            max_bytes: config.queue_bytes,
            max_packets: config.queue_packets,
            inner: Mutex::new(Inner {
                transport,
                ready: VecDeque::new(),
                held: Vec::new(),
                bytes: 0,
                closing: None,
                ended: false,
                parting: Vec::new(),
                rethink: false,
                aside: Aside::default(),
                writer: None,
                poller: None,
                keeper: None,
                reader: None,
            }),
        }
    }

    /// Queues frames that belong together: all of them, or none. `held_by` is asked while nobody else can send, and names
    /// the socket if its CONNECT is not answered: its frames are held.
    pub(crate) fn send(
        &self,
        frames: impl IntoIterator<Item = Frame>,
        held_by: impl FnOnce() -> Option<SocketId>,
    ) -> Result<(), SendError> {
        let mut inner = self.lock();
        let held_by = held_by();
        for frame in frames {
            if let Err(error) = self.admit(&mut inner, &frame) {
                wake(inner, |inner| [inner.keeper.take(), inner.reader.take()]);
                return Err(error);
            }
            match held_by {
                Some(id) => inner.held.push((id, frame)),
                None => inner.ready.push_back(frame),
            }
        }
        if held_by.is_none() {
            wake_carrier(inner);
        }
        Ok(())
    }

    /// Queues a frame of the protocol itself; nothing holds it back.
    pub(crate) fn push(&self, frame: Frame) {
        // A full or closed queue ends the connection by itself.
        let _ = self.send([frame], || None);
    }

    /// Lets the packets of a socket go, behind the answer to its CONNECT. `opened` is called before anybody can send more.
    pub(crate) fn open(&self, id: SocketId, answer: Bytes, opened: impl FnOnce()) {
        let mut inner = self.lock();
        inner.bytes += answer.len();
        inner.ready.push_back(Frame::Text(answer));
        let held = std::mem::take(&mut inner.held);
        for (of, frame) in held {
            if of == id { inner.ready.push_back(frame) } else { inner.held.push((of, frame)) }
        }
        opened();
        wake_carrier(inner);
    }

    /// Does something while nobody can send.
    pub(crate) fn alone(&self, act: impl FnOnce()) {
        let _inner = self.lock();
        act();
    }

    /// Drops what was sent to a socket that was refused.
    pub(crate) fn forget_held(&self, id: SocketId) {
        let mut inner = self.lock();
        let held = std::mem::take(&mut inner.held);
        for (of, frame) in held {
            if of == id { inner.bytes -= frame.len() } else { inner.held.push((of, frame)) }
        }
    }

    /// Asks for the end of the connection.
    pub(crate) fn close(&self, reason: CloseReason) {
        let mut inner = self.lock();
        close(&mut inner, reason);
        wake(inner, |inner| [inner.keeper.take(), inner.reader.take()]);
    }

    /// Asks for the end of a socket's connection to its namespace.
    pub(crate) fn part(&self, id: SocketId) {
        let mut inner = self.lock();
        if inner.closing.is_none() {
            inner.parting.push(id);
        }
        wake(inner, |inner| [inner.keeper.take(), None]);
    }

    /// Lets the keeper look at its deadlines anew.
    pub(crate) fn rethink(&self) {
        let mut inner = self.lock();
        inner.rethink = true;
        wake(inner, |inner| [inner.keeper.take(), None]);
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.lock().closing.is_some()
    }

    /// Whether the session is over and nothing is left for the client to fetch.
    pub(crate) fn is_spent(&self) -> bool {
        let inner = self.lock();
        inner.ended && inner.ready.is_empty()
    }

    /// Why the connection is to end.
    pub(crate) fn reason(&self) -> Option<CloseReason> {
        self.lock().closing
    }

    /// Waits until the keeper is wanted.
    pub(crate) async fn called(&self) -> Call {
        poll_fn(|context| {
            let mut inner = self.lock();
            if let Some(reason) = inner.closing {
                return Poll::Ready(Call::Close(reason));
            }
            if !inner.parting.is_empty() {
                return Poll::Ready(Call::Part(std::mem::take(&mut inner.parting)));
            }
            if std::mem::take(&mut inner.rethink) {
                return Poll::Ready(Call::Rethink);
            }
            remember(&mut inner.keeper, context);
            Poll::Pending
        })
        .await
    }

    /// Waits until somebody asks for the end of the connection.
    pub(crate) async fn closing(&self) -> CloseReason {
        poll_fn(|context| {
            let mut inner = self.lock();
            if let Some(reason) = inner.closing {
                return Poll::Ready(reason);
            }
            remember(&mut inner.reader, context);
            Poll::Pending
        })
        .await
    }

    /// The last frames. From here on nothing is queued.
    pub(crate) fn end(&self, reason: CloseReason, last: impl IntoIterator<Item = Frame>) {
        let mut inner = self.lock();
        if inner.ended {
            return;
        }
        close(&mut inner, reason);
        for frame in last {
            inner.bytes += frame.len();
            inner.ready.push_back(frame);
        }
        inner.held = Vec::new();
        inner.ended = true;
        wake(inner, |inner| [inner.writer.take(), inner.poller.take()]);
    }

    /// The transport is gone: nobody will take anything from here again.
    pub(crate) fn abandon(&self) {
        let mut inner = self.lock();
        close(&mut inner, CloseReason::TransportClosed);
        clear(&mut inner);
        inner.ended = true;
        wake(inner, |inner| [inner.keeper.take(), inner.reader.take()]);
    }

    /// Waits until everything that was ready at the end is taken.
    pub(crate) async fn spent(&self) {
        poll_fn(|context| {
            let mut inner = self.lock();
            if inner.ready.is_empty() {
                return Poll::Ready(());
            }
            remember(&mut inner.keeper, context);
            Poll::Pending
        })
        .await;
    }

    fn admit(&self, inner: &mut Inner, frame: &Frame) -> Result<(), SendError> {
        if inner.closing.is_some() {
            return Err(SendError::Closed);
        }
        let bytes = inner.bytes + frame.len();
        if bytes > self.max_bytes || inner.ready.len() + inner.held.len() >= self.max_packets {
            metrics::counter!("socket_queue_full_total").increment(1);
            close(inner, CloseReason::SlowReader);
            return Err(SendError::Full);
        }
        inner.bytes = bytes;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client without a network.
impl Queue {
    /// The next packet alone; `None` once the end was asked for and nothing is left.
    pub(crate) fn poll_text(&self, context: &Context<'_>) -> Poll<Option<Bytes>> {
        let mut inner = self.lock();
        while let Some(frame) = inner.ready.pop_front() {
            inner.bytes -= frame.len();
            if let Frame::Text(text) = frame {
                return Poll::Ready(Some(text));
            }
        }
        if inner.closing.is_some() {
            return Poll::Ready(None);
        }
        remember(&mut inner.writer, context);
        remember(&mut inner.keeper, context);
        Poll::Pending
    }
}

fn close(inner: &mut Inner, reason: CloseReason) {
    if inner.closing.is_none() {
        inner.closing = Some(reason);
        if reason == CloseReason::SlowReader {
            clear(inner);
        }
    }
}

fn clear(inner: &mut Inner) {
    inner.ready = VecDeque::new();
    inner.held = Vec::new();
    inner.bytes = 0;
}

fn remember(slot: &mut Option<Waker>, context: &Context<'_>) {
    if !slot.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
        *slot = Some(context.waker().clone());
    }
}

/// Wakes what is ready for: the websocket, or the GET.
fn wake_carrier(inner: MutexGuard<'_, Inner>) {
    wake(inner, |inner| {
        let carrier =
            if inner.transport.is_websocket() { &mut inner.writer } else { &mut inner.poller };
        [carrier.take(), None]
    });
}

/// Wakes after the lock is given up: who is woken wants it.
fn wake(mut inner: MutexGuard<'_, Inner>, who: impl FnOnce(&mut Inner) -> [Option<Waker>; 2]) {
    let wakers = who(&mut inner);
    drop(inner);
    for waker in wakers.into_iter().flatten() {
        waker.wake();
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

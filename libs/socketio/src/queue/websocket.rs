//! What a websocket takes.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};

use super::{Inner, Queue, remember, wake};
use crate::CloseReason;
use crate::codec::engine;
use crate::frame::{Frame, HEADER_BYTES};
use crate::machine::transport::ProbeStep;

/// Bytes that are handed to the connection at once: a burst of packets goes out in one write.
pub(super) const CHUNK_BYTES: usize = 16 * 1024;

impl Queue {
    /// A websocket came for a session of long polling, to be tried. Answers its number; `None`: there is one.
    pub(crate) fn open_probe(&self) -> Option<u32> {
        let mut inner = self.lock();
        if inner.closing.is_some() || !inner.transport.open_probe() {
            return None;
        }
        inner.aside.number += 1;
        inner.aside.frame = None;
        Some(inner.aside.number)
    }

    /// A text on the websocket that is being tried.
    pub(crate) fn probed(&self, text: &[u8]) -> ProbeStep {
        let mut inner = self.lock();
        let step = inner.transport.probed(text);
        match step {
            ProbeStep::Answer => {
                inner.aside.frame = Some(Frame::Text(engine::PROBED));
                wake(inner, |inner| [inner.writer.take(), inner.poller.take()]);
            }
            ProbeStep::Switch => wake(inner, |inner| [inner.writer.take(), inner.poller.take()]),
            ProbeStep::Fail => {}
        }
        step
    }

    /// Gives the websocket of that number up if it does not carry the session.
    pub(crate) fn close_probe(&self, number: u32) {
        let mut inner = self.lock();
        if inner.transport.is_websocket() || inner.aside.number != number {
            return;
        }
        inner.transport.close_probe();
        // Whoever still writes to it sees that it is not the one any more.
        inner.aside.number += 1;
        wake(inner, |inner| [inner.writer.take(), None]);
    }

    /// The websocket of that number is gone. If it carried the session, that is over.
    pub(crate) fn lost(&self, number: u32) {
        if self.carries(number) {
            self.abandon();
        } else {
            self.close_probe(number);
        }
    }

    fn carries(&self, number: u32) -> bool {
        let inner = self.lock();
        inner.transport.is_websocket() && inner.aside.number == number
    }

    /// The next bytes for the websocket of that number, as many queued frames as fit; `None` after the last.
    pub(crate) fn poll_chunk(&self, number: u32, context: &Context<'_>) -> Poll<Option<Bytes>> {
        let mut inner = self.lock();
        if inner.aside.number != number {
            return Poll::Ready(None);
        }
        let mut out = BytesMut::new();
        if let Some(frame) = inner.aside.frame.take() {
            frame.write(&mut out);
        }
        if inner.transport.is_websocket() {
            write_ready(&mut inner, &mut out);
        }
        if !out.is_empty() {
            if inner.ended && inner.ready.is_empty() {
                wake(inner, |inner| [inner.keeper.take(), None]);
            }
            return Poll::Ready(Some(out.freeze()));
        }
        // One that is being tried may still come to carry what was said last.
        let last = inner.closing.is_some_and(CloseReason::is_told);
        if inner.ended && (inner.transport.is_websocket() || !last) {
            return Poll::Ready(None);
        }
        remember(&mut inner.writer, context);
        Poll::Pending
    }
}

fn write_ready(inner: &mut Inner, out: &mut BytesMut) {
    let room = inner.ready.iter().map(|frame| frame.len() + HEADER_BYTES).sum::<usize>();
    out.reserve(room.min(CHUNK_BYTES + HEADER_BYTES));
    while out.len() < CHUNK_BYTES
        && let Some(frame) = inner.ready.pop_front()
    {
        inner.bytes -= frame.len();
        frame.write(out);
    }
    if inner.ready.is_empty() {
        // A burst should not cost an idle client memory for ever.
        inner.ready = VecDeque::new();
    }
}

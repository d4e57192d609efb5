//! What requests take.

use std::task::{Context, Poll};

use bytes::Bytes;

use super::{Queue, remember, wake};
use crate::codec::engine;
use crate::frame::Frame;
use crate::machine::transport::Refused;

/// How a GET that waited is answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Polled {
    Packets(Bytes),
    /// A websocket carries the session now.
    Moved,
    /// The session is over, and nothing is left of it.
    Gone,
}

impl Queue {
    /// A GET came. Answers whether a websocket is being tried.
    pub(crate) fn begin_poll(&self) -> Result<bool, Refused> {
        self.lock().transport.begin_poll()
    }

    pub(crate) fn end_poll(&self) {
        self.lock().transport.end_poll();
    }

    /// A POST came.
    pub(crate) fn begin_post(&self) -> Result<(), Refused> {
        self.lock().transport.begin_post()
    }

    pub(crate) fn end_post(&self) {
        self.lock().transport.end_post();
    }

    /// Everything that is ready, for the GET that waits.
    pub(crate) fn poll_packets(&self, context: &Context<'_>) -> Poll<Polled> {
        let mut inner = self.lock();
        if inner.transport.is_websocket() {
            return Poll::Ready(Polled::Moved);
        }
        if !inner.ready.is_empty() {
            let mut body = Vec::with_capacity(inner.bytes + inner.ready.len());
            // The end comes by itself: the official client drops what came with it.
            while let Some(frame) = inner
                .ready
                .pop_front_if(|frame| body.is_empty() || !matches!(frame, Frame::Close(_)))
            {
                inner.bytes -= frame.len();
                frame.join(&mut body);
            }
            wake(inner, |inner| [if inner.ended { inner.keeper.take() } else { None }, None]);
            return Poll::Ready(Polled::Packets(Bytes::from(body)));
        }
        if inner.ended {
            return Poll::Ready(Polled::Gone);
        }
        if inner.transport.is_released() {
            return Poll::Ready(Polled::Packets(Bytes::from_static(engine::NOOP)));
        }
        remember(&mut inner.poller, context);
        Poll::Pending
    }
}

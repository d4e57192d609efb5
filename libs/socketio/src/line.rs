//! A client without a network, for tests and simulations of what a service does with sockets.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use futures::future::BoxFuture;
use kernel::Random;
use serde_json::value::RawValue;

use crate::codec::packet::{self, Header, ROOT};
use crate::frame::Frame;
use crate::limits::Owners;
use crate::machine::transport::Transport;
use crate::queue::Queue;
use crate::{CloseReason, Config, Event, Handler, Handshake, Refusal, Session, Socket};

/// One connected client. What is sent to its socket, answers included, is read here in the order of the wire.
pub struct Line {
    queue: Arc<Queue>,
    session: Box<dyn Session>,
}

impl Line {
    /// Connects as a client would that brought `auth`.
    pub async fn connect(
        handler: &dyn Handler,
        auth: Box<RawValue>,
        random: &dyn Random,
    ) -> Result<Self, Refusal> {
        let queue = Arc::new(Queue::new(&Config::default(), Transport::Websocket));
        let owners = Owners::new(usize::MAX);
        let socket = Socket::new(random, Arc::from(ROOT), Arc::clone(&queue), owners, 0);
        let session = handler.connect(socket.clone(), Some(auth), Handshake::default()).await?;
        socket.open(packet::connected(ROOT, "line"));
        Ok(Self { queue, session })
    }

    /// Sends an event, as the client's next. The future is the handling of it; the answer comes by [`Line::next`].
    pub fn event(&self, id: u64, name: &str, payload: Box<RawValue>) -> BoxFuture<'static, ()> {
        let event = Event { name: name.to_owned(), args: vec![payload], attachments: Vec::new() };
        let answer = self.session.event(event);
        let queue = Arc::clone(&self.queue);
        Box::pin(async move {
            let answer = answer.await;
            if let Some(content) = &answer.content {
                let header = Header { is_ack: true, attachments: 0, namespace: ROOT, id: Some(id) };
                queue.push(Frame::Text(header.with(&packet::ack_json(&content.args))));
            }
            if let Some(then) = answer.then {
                then();
            }
        })
    }

    /// The next packet as text; waits for it. `None` once the server has closed the socket.
    pub async fn next(&self) -> Option<String> {
        let bytes = poll_fn(|context| self.queue.poll_text(context)).await?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").finish_non_exhaustive()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.queue.abandon();
        self.session.disconnected(&self.queue.reason().unwrap_or(CloseReason::TransportClosed));
    }
}

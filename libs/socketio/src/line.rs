//! A client without a network, for tests and simulations of what a service does with sockets.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use futures::future::BoxFuture;
use kernel::Random;
use serde_json::value::RawValue;

use crate::codec::packet;
use crate::queue::{Frame, Queue};
use crate::socket::SocketId;
use crate::{CloseReason, Config, Handler, Handshake, Refusal, Session, Socket};

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
        let queue = Arc::new(Queue::new(&Config::default()));
        let socket = Socket::new(SocketId::draw(random), Arc::clone(&queue));
        let session = handler.connect(socket, Some(auth), Handshake::default()).await?;
        queue.open(packet::connected("line"));
        Ok(Self { queue, session })
    }

    /// Sends an event, as the client's next. The future is the handling of it; the answer comes by [`Line::next`].
    pub fn event(&self, id: u64, name: &str, payload: Box<RawValue>) -> BoxFuture<'static, ()> {
        let answer = self.session.event(name.to_owned(), vec![payload]);
        let queue = Arc::clone(&self.queue);
        Box::pin(async move {
            let answer = answer.await;
            if let Some(value) = &answer.value {
                queue.push(Frame::Text(packet::ack(id, value)));
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

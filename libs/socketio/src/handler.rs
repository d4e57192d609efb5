use std::fmt;
use std::net::SocketAddr;

use async_trait::async_trait;
use futures::future::BoxFuture;
use serde_json::value::RawValue;

use crate::{CloseReason, Socket};

/// What is known of a client before it said anything. Header values are as the client or a proxy wrote them: not checked.
#[derive(Debug, Clone, Default)]
pub struct Handshake {
    /// The other end of the connection: the client, or a proxy.
    pub peer: Option<SocketAddr>,
    /// `Origin`
    pub origin: Option<String>,
    /// `X-Forwarded-For`; several are joined by a comma.
    pub forwarded_for: Option<String>,
    /// `X-Request-Id`
    pub request_id: Option<String>,
    /// `traceparent`
    pub traceparent: Option<String>,
    /// `User-Agent`
    pub user_agent: Option<String>,
}

/// Why a client may not connect; it hears it as `connect_error`.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// For people.
    pub message: String,
    /// For programs: `error.data` in the client. Left out when null.
    pub data: serde_json::Value,
}

/// What a service does with sockets.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// A client asks to connect to `/`, with the `auth` object it brought. Packets sent to the socket before this returns
    /// reach the client after the answer.
    ///
    /// The future is always run to its end, also when the client is gone meanwhile: the session is then told that it is
    /// disconnected. After a refusal the client may ask again until `Config::connect_timeout` is over.
    async fn connect(
        &self,
        socket: Socket,
        auth: Option<Box<RawValue>>,
        handshake: Handshake,
    ) -> Result<Box<dyn Session>, Refusal>;
}

/// One connected client.
pub trait Session: Send + Sync {
    /// An event. Called in the order of arrival: what must keep that order is done before this returns. The futures run
    /// concurrently, `Config::max_in_flight` at most, and always to their end.
    fn event(&self, name: String, args: Vec<Box<RawValue>>) -> BoxFuture<'static, Answer>;

    /// The socket is gone. Called once; events may still be under way.
    fn disconnected(&self, reason: &CloseReason);
}

/// What an event is answered with.
#[derive(Default)]
pub struct Answer {
    pub(crate) value: Option<Box<RawValue>>,
    pub(crate) then: Option<Box<dyn FnOnce() + Send>>,
}

impl Answer {
    /// No acknowledgement.
    pub fn none() -> Self {
        Self::default()
    }

    /// The argument of the acknowledgement. Dropped if the client did not ask for one.
    pub fn value(value: Box<RawValue>) -> Self {
        Self { value: Some(value), then: None }
    }

    /// Does something as soon as the acknowledgement is in the socket's queue: what is sent to that socket there, or later,
    /// reaches the client after it. Also done when the socket is gone or the client did not ask.
    #[must_use]
    pub fn then(mut self, then: impl FnOnce() + Send + 'static) -> Self {
        self.then = Some(Box::new(then));
        self
    }
}

impl From<Option<Box<RawValue>>> for Answer {
    fn from(value: Option<Box<RawValue>>) -> Self {
        Self { value, then: None }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("acknowledges", &self.value.is_some())
            .finish_non_exhaustive()
    }
}

use std::fmt;
use std::net::SocketAddr;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use serde_json::value::RawValue;

use crate::codec::placeholder;
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

/// What a service does with the clients of one namespace.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// A client asks to connect, with the `auth` object it brought. Packets sent to the socket before this returns reach
    /// the client after the answer.
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

/// Looks at a client before the handler of its namespace does.
#[async_trait]
pub trait Middleware: Send + Sync + 'static {
    /// Whether the client may go on, to the next middleware or to the handler.
    async fn admit(
        &self,
        socket: &Socket,
        auth: Option<&RawValue>,
        handshake: &Handshake,
    ) -> Result<(), Refusal>;
}

/// One client's connection to a namespace.
pub trait Session: Send + Sync {
    /// An event came: whether it is to be handled. The place for limits of what one client may ask; called before
    /// [`Session::event`], in the order of arrival.
    fn admit(&self, _event: &Event) -> Admission {
        Admission::Handle
    }

    /// An event. Called in the order of arrival: what must keep that order is done before this returns. The futures run
    /// concurrently, `Config::max_in_flight` at most, and always to their end.
    fn event(&self, event: Event) -> BoxFuture<'static, Answer>;

    /// The client is gone, or has left this namespace. Called once; events may still be under way.
    fn disconnected(&self, reason: &CloseReason);
}

/// Something that a client said.
#[derive(Debug)]
pub struct Event {
    /// What it is called.
    pub name: String,
    /// The arguments. An attachment's place is held by `{"_placeholder":true,"num":0}`.
    pub args: Vec<Box<RawValue>>,
    /// What came in binary. Every placeholder's number is one of these.
    pub attachments: Vec<Bytes>,
}

impl Event {
    /// The attachment that an argument stands for, if it does.
    pub fn attachment(&self, arg: &RawValue) -> Option<&Bytes> {
        self.attachments.get(placeholder::number(arg)?)
    }
}

/// What becomes of an event.
#[derive(Debug)]
pub enum Admission {
    /// It goes to [`Session::event`].
    Handle,
    /// It is answered with this, if the client asked for an answer.
    Refuse(Answer),
    /// The connection ends.
    Close(CloseReason),
}

/// What an event is answered with.
#[derive(Default)]
pub struct Answer {
    pub(crate) content: Option<Content>,
    pub(crate) then: Option<Box<dyn FnOnce() + Send>>,
}

/// The arguments of an acknowledgement.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) args: Vec<Box<RawValue>>,
    pub(crate) attachments: Vec<Bytes>,
}

impl Answer {
    /// No acknowledgement.
    pub fn none() -> Self {
        Self::default()
    }

    /// The argument of the acknowledgement. Dropped if the client did not ask for one.
    pub fn value(value: Box<RawValue>) -> Self {
        Self::with(vec![value], Vec::new())
    }

    /// The arguments of the acknowledgement, with attachments for the placeholders in them.
    pub fn with(args: Vec<Box<RawValue>>, attachments: Vec<Bytes>) -> Self {
        Self { content: Some(Content { args, attachments }), then: None }
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
        value.map_or_else(Self::none, Self::value)
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("acknowledges", &self.content.is_some())
            .finish_non_exhaustive()
    }
}

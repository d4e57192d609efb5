//! What the server does with what the client says: frames in, steps out, no I/O and no clock.

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::codec::engine::{self, Kind};
use crate::codec::packet::{self, Body, Incoming};
use crate::{CloseReason, Refusal};

/// What is to be done about a frame.
#[derive(Debug)]
pub(crate) enum Step {
    Nothing,
    /// The client answered a ping.
    Alive,
    /// Something for the client.
    Send(Bytes),
    /// Ask the handler whether the client may connect.
    Connect(Option<Box<RawValue>>),
    /// Hand an event to the session.
    Event(Event),
    /// End the connection.
    Close(CloseReason),
}

/// An event from the client.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) args: Vec<Box<RawValue>>,
    /// The client asked for an acknowledgement under this number.
    pub(crate) ack: Option<u64>,
}

/// Where a connection stands.
#[derive(Debug)]
pub(crate) enum Protocol {
    /// The client has not asked to connect, or was refused.
    Awaiting,
    /// The handler is thinking. What the client says meanwhile waits.
    Connecting(Connecting),
    /// There is a session.
    Connected,
}

/// What waits for the handler.
#[derive(Debug, Default)]
pub(crate) struct Connecting {
    waiting: Vec<Event>,
}

const BROKEN: Step = Step::Close(CloseReason::ProtocolError);

impl Protocol {
    pub(crate) fn new() -> Self {
        Self::Awaiting
    }

    /// A text message from the client.
    pub(crate) fn text(&mut self, frame: &[u8]) -> Step {
        let Some((kind, payload)) = std::str::from_utf8(frame).ok().and_then(engine::split) else {
            return BROKEN;
        };
        match kind {
            Kind::Pong => Step::Alive,
            Kind::Close => Step::Close(CloseReason::TransportClosed),
            // The transport that is in use is the only one: there is nothing to upgrade, and nothing to release.
            Kind::Upgrade | Kind::Noop => Step::Nothing,
            // Only the server opens and pings.
            Kind::Open | Kind::Ping => BROKEN,
            Kind::Message => packet::decode(payload).map_or(BROKEN, |packet| self.packet(packet)),
        }
    }

    /// The handler said yes. Answers what waited meanwhile, in order.
    pub(crate) fn accept(&mut self) -> Vec<Event> {
        match std::mem::replace(self, Self::Connected) {
            Self::Connecting(connecting) => connecting.waiting,
            Self::Awaiting | Self::Connected => Vec::new(),
        }
    }

    /// The handler said no. What waited is dropped; the client may ask again. Answers what the client is told.
    pub(crate) fn refuse(&mut self, refusal: &Refusal) -> Bytes {
        *self = Self::new();
        packet::connect_error(packet::ROOT, refusal)
    }

    /// How many events wait for the handler.
    pub(crate) fn waiting(&self) -> usize {
        match self {
            Self::Connecting(connecting) => connecting.waiting.len(),
            Self::Awaiting | Self::Connected => 0,
        }
    }

    /// Whether there is a session.
    pub(crate) fn is_connected(&self) -> bool {
        matches!(self, Self::Connected)
    }

    fn packet(&mut self, packet: Incoming<'_>) -> Step {
        if packet.namespace != packet::ROOT {
            return foreign(&packet);
        }
        match self {
            Self::Awaiting => {
                let Body::Connect(auth) = packet.body else { return BROKEN };
                *self = Self::Connecting(Connecting::default());
                Step::Connect(auth)
            }
            Self::Connecting(connecting) => connecting.body(packet.body),
            Self::Connected => connected(packet.body),
        }
    }
}

impl Connecting {
    fn body(&mut self, body: Body) -> Step {
        match body {
            Body::Event { ack, name, args } => {
                self.waiting.push(Event { name, args, ack });
                Step::Nothing
            }
            Body::Disconnect => Step::Close(CloseReason::ClientDisconnect),
            Body::Ack => Step::Nothing,
            Body::Connect(_) | Body::Binary => BROKEN,
        }
    }
}

fn connected(body: Body) -> Step {
    match body {
        Body::Event { ack, name, args } => Step::Event(Event { name, args, ack }),
        Body::Disconnect => Step::Close(CloseReason::ClientDisconnect),
        // The server asks for no acknowledgements; the official one ignores those it did not ask for.
        Body::Ack => Step::Nothing,
        Body::Connect(_) | Body::Binary => BROKEN,
    }
}

/// A packet for a namespace that does not exist.
fn foreign(packet: &Incoming<'_>) -> Step {
    if !matches!(packet.body, Body::Connect(_)) {
        return BROKEN;
    }
    let refusal =
        Refusal { message: "Invalid namespace".to_owned(), data: serde_json::Value::Null };
    Step::Send(packet::connect_error(packet.namespace, &refusal))
}

#[cfg(test)]
#[path = "protocol_tests.rs"]
mod tests;

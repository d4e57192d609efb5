//! What the server does with what a client says over Socket.IO: packets in, steps out.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::codec::packet::{self, Body, Incoming};
use crate::{CloseReason, Config, Event, Refusal};

/// What is to be done about a packet.
#[derive(Debug)]
pub(crate) enum Step {
    Nothing,
    /// An event that nobody hears any more. It gives its place back.
    Passed,
    /// An event waits for its namespace, or a packet for its attachments. It keeps its place.
    Waits,
    /// Something for the client.
    Send(Bytes),
    /// Ask the handler whether the client may connect to the namespace.
    Connect {
        namespace: Arc<str>,
        auth: Option<Box<RawValue>>,
    },
    /// Hand an event to the session of the namespace.
    Event {
        namespace: Arc<str>,
        heard: Heard,
    },
    /// The client answered what was asked under that number.
    Answer {
        namespace: Arc<str>,
        id: u64,
        reply: Reply,
    },
    /// The client leaves the namespace. So many events waited for it, and give their places back.
    Leave {
        namespace: Arc<str>,
        waited: usize,
    },
    /// End the connection.
    Close(CloseReason),
}

/// An event from the client.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) event: Event,
    /// The client asked for an acknowledgement under this number.
    pub(crate) ack: Option<u64>,
}

/// What a client answered.
#[derive(Debug)]
pub struct Reply {
    /// The arguments of the acknowledgement. An attachment's place is held by `{"_placeholder":true,"num":0}`.
    pub args: Vec<Box<RawValue>>,
    /// What came in binary.
    pub attachments: Vec<Bytes>,
}

/// How it goes on with a client that was let in.
#[derive(Debug)]
pub(crate) enum Accepted {
    /// This is the next that it said meanwhile.
    Waited(Heard),
    /// It is connected.
    Connected,
    /// It has left again.
    Gone,
}

/// Where a client stands: with each namespace, and in the middle of a packet or not.
#[derive(Debug)]
pub(crate) struct Protocol {
    limits: Limits,
    seats: Vec<Seat>,
    assembly: Option<Box<Assembly>>,
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    attachments: usize,
    attachment_bytes: usize,
}

#[derive(Debug)]
struct Seat {
    namespace: Arc<str>,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// The handler is thinking. What the client says meanwhile waits.
    Connecting(VecDeque<Heard>),
    Connected,
    /// The server ended it. What the client had sent before it knew is passed over.
    Ended,
}

/// A packet whose attachments are not all here.
#[derive(Debug)]
struct Assembly {
    packet: Incoming<'static>,
    attachments: Vec<Bytes>,
    bytes: usize,
    by: Instant,
}

const BROKEN: Step = Step::Close(CloseReason::ProtocolError);

impl Protocol {
    pub(crate) fn new(config: &Config) -> Self {
        let limits = Limits {
            attachments: config.max_attachments,
            attachment_bytes: config.max_attachment_bytes,
        };
        Self { limits, seats: Vec::new(), assembly: None }
    }

    /// A packet, whose attachments must be here by then. `known` finds namespaces.
    pub(crate) fn packet(
        &mut self,
        packet: Incoming<'_>,
        known: impl Fn(&str) -> Option<Arc<str>>,
        attachments_by: Instant,
    ) -> Step {
        if self.assembly.is_some() {
            return BROKEN;
        }
        if packet.attachments == 0 {
            return self.whole(packet, Vec::new(), known);
        }
        if packet.attachments > self.limits.attachments {
            return Step::Close(CloseReason::TooLarge);
        }
        self.assembly = Some(Box::new(Assembly {
            packet: packet.into_owned(),
            attachments: Vec::new(),
            bytes: 0,
            by: attachments_by,
        }));
        Step::Waits
    }

    /// A binary message: an attachment.
    pub(crate) fn binary(
        &mut self,
        bytes: Bytes,
        known: impl Fn(&str) -> Option<Arc<str>>,
    ) -> Step {
        let Some(assembly) = &mut self.assembly else { return BROKEN };
        assembly.bytes += bytes.len();
        if assembly.bytes > self.limits.attachment_bytes {
            return Step::Close(CloseReason::TooLarge);
        }
        assembly.attachments.push(bytes);
        if assembly.attachments.len() < assembly.packet.attachments {
            return Step::Waits;
        }
        let Some(assembly) = self.assembly.take() else { return BROKEN };
        self.whole(assembly.packet, assembly.attachments, known)
    }

    /// By when the attachments of the packet that is being put together must be here.
    pub(crate) fn attachments_by(&self) -> Option<Instant> {
        self.assembly.as_ref().map(|assembly| assembly.by)
    }

    /// The handler said yes. Answers, one after the other, what waited meanwhile, and only then that the client is connected:
    /// so what comes in between stays in order.
    pub(crate) fn accept(&mut self, namespace: &str) -> Accepted {
        let seat = self.seats.iter_mut().find(|seat| &*seat.namespace == namespace);
        let Some(Seat { phase: phase @ Phase::Connecting(_), .. }) = seat else {
            return Accepted::Gone;
        };
        if let Phase::Connecting(waiting) = phase
            && let Some(heard) = waiting.pop_front()
        {
            return Accepted::Waited(heard);
        }
        *phase = Phase::Connected;
        Accepted::Connected
    }

    /// The handler said no. What waited is dropped, and how much that was is answered; the client may ask again.
    pub(crate) fn refuse(&mut self, namespace: &str) -> usize {
        match self.remove(namespace) {
            Some(Phase::Connecting(waiting)) => waiting.len(),
            _ => 0,
        }
    }

    /// The server ends the client's connection to a namespace. Says whether there was one.
    pub(crate) fn end(&mut self, namespace: &str) -> bool {
        let seat = self.seats.iter_mut().find(|seat| &*seat.namespace == namespace);
        let Some(seat) = seat.filter(|seat| matches!(seat.phase, Phase::Connected)) else {
            return false;
        };
        seat.phase = Phase::Ended;
        true
    }

    /// Whether the client is connected to a namespace, or about to be.
    pub(crate) fn is_somewhere(&self) -> bool {
        self.seats.iter().any(|seat| !matches!(seat.phase, Phase::Ended))
    }

    /// The namespaces that the client is connected to.
    pub(crate) fn connected(&self) -> impl Iterator<Item = &str> {
        self.seats
            .iter()
            .filter(|seat| matches!(seat.phase, Phase::Connected))
            .map(|seat| &*seat.namespace)
    }

    fn whole(
        &mut self,
        packet: Incoming<'_>,
        attachments: Vec<Bytes>,
        known: impl Fn(&str) -> Option<Arc<str>>,
    ) -> Step {
        let seat = self.seats.iter_mut().find(|seat| *seat.namespace == *packet.namespace);
        let Some(seat) = seat else {
            let Body::Connect(auth) = packet.body else { return BROKEN };
            let Some(namespace) = known(&packet.namespace) else {
                return Step::Send(unknown(&packet.namespace));
            };
            return self.connect(namespace, auth);
        };
        match (&mut seat.phase, packet.body) {
            (Phase::Ended, Body::Connect(auth)) => {
                let namespace = Arc::clone(&seat.namespace);
                self.remove(&namespace);
                self.connect(namespace, auth)
            }
            (Phase::Ended, Body::Event { .. }) => Step::Passed,
            (Phase::Ended, _) => Step::Nothing,
            (_, Body::Connect(_)) => BROKEN,
            (phase, Body::Disconnect) => {
                let waited = if let Phase::Connecting(waiting) = phase { waiting.len() } else { 0 };
                let namespace = Arc::clone(&seat.namespace);
                self.remove(&namespace);
                Step::Leave { namespace, waited }
            }
            (phase, Body::Event { ack, name, args }) => {
                let heard = Heard { event: Event { name, args, attachments }, ack };
                match phase {
                    Phase::Connecting(waiting) => {
                        waiting.push_back(heard);
                        Step::Waits
                    }
                    _ => Step::Event { namespace: Arc::clone(&seat.namespace), heard },
                }
            }
            (_, Body::Ack { id, args }) => Step::Answer {
                namespace: Arc::clone(&seat.namespace),
                id,
                reply: Reply { args, attachments },
            },
        }
    }

    fn connect(&mut self, namespace: Arc<str>, auth: Option<Box<RawValue>>) -> Step {
        let seat =
            Seat { namespace: Arc::clone(&namespace), phase: Phase::Connecting(VecDeque::new()) };
        self.seats.push(seat);
        Step::Connect { namespace, auth }
    }

    fn remove(&mut self, namespace: &str) -> Option<Phase> {
        let at = self.seats.iter().position(|seat| &*seat.namespace == namespace)?;
        Some(self.seats.swap_remove(at).phase)
    }
}

fn unknown(namespace: &str) -> Bytes {
    let refusal =
        Refusal { message: "Invalid namespace".to_owned(), data: serde_json::Value::Null };
    packet::connect_error(namespace, &refusal)
}

#[cfg(test)]
#[path = "protocol_tests.rs"]
mod tests;

//! The one loop that moves bytes between a connection and its session.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::web::Payload;
use bytes::Bytes;
use futures::Stream;
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use serde_json::value::RawValue;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::codec::{engine, packet};
use crate::engine::Shared;
use crate::frames::{Frames, Message};
use crate::heartbeat::{Due, Heartbeat};
use crate::protocol::{Event, Protocol, Step};
use crate::queue::{Frame, Queue};
use crate::{Answer, CloseReason, Handshake, Refusal, Session, Socket, SocketId};

/// Opens a connection: what is written to it, and the loop that keeps it. `None` when the engine takes no more in.
pub(crate) fn open(
    shared: &Arc<Shared>,
    handshake: Handshake,
    payload: Payload,
) -> Option<(Outgoing, impl Future<Output = ()> + use<>)> {
    let queue = Arc::new(Queue::new(&shared.config));
    let socket = Socket::new(SocketId::draw(&*shared.random), Arc::clone(&queue));
    if !shared.registry.add(socket.clone()) {
        return None;
    }
    let seat = Seat { shared: Arc::clone(shared), socket, session: None };
    // The transport's session has an id of its own: who knows `socket.id` must not be able to speak for it.
    let transport = SocketId::draw(&*shared.random);
    queue.push(Frame::Text(engine::open(transport, &shared.config)));
    let frames = Frames::new(payload, shared.config.max_payload_bytes);
    let keeper = Connection::new(seat, handshake).keep(frames);
    Some((Outgoing { queue, bytes_out: metrics::counter!("socket_bytes_out") }, keeper))
}

/// The body of the websocket's response: what is queued, as the web server is ready to write it.
pub(crate) struct Outgoing {
    queue: Arc<Queue>,
    bytes_out: metrics::Counter,
}

impl Stream for Outgoing {
    type Item = Result<Bytes, actix_web::Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = self.queue.poll_chunk(context);
        if let Poll::Ready(Some(bytes)) = &chunk {
            self.bytes_out.increment(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        }
        chunk.map(|bytes| bytes.map(Ok))
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.queue.abandon();
    }
}

/// The socket's place in the engine. However the connection ends, the session hears of it and the place is freed.
struct Seat {
    shared: Arc<Shared>,
    socket: Socket,
    session: Option<Box<dyn Session>>,
}

impl Seat {
    fn tell_session(&mut self) {
        if let Some(session) = self.session.take() {
            session.disconnected(&self.reason());
        }
    }

    fn reason(&self) -> CloseReason {
        self.socket.queue().reason().unwrap_or(CloseReason::Internal)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // Only a handler that panicked, or the end of the process, leaves the queue open.
        self.socket.close(CloseReason::Internal);
        self.socket.queue().end(CloseReason::Internal, []);
        self.tell_session();
        self.shared.registry.remove(self.socket.id(), self.reason());
    }
}

type Verdict = Result<Box<dyn Session>, Refusal>;

/// An event that the session is handling.
struct InFlight {
    ack: Option<u64>,
    answer: BoxFuture<'static, Answer>,
}

impl Future for InFlight {
    type Output = (Option<u64>, Answer);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let ack = self.ack;
        self.answer.as_mut().poll(context).map(|answer| (ack, answer))
    }
}

struct Connection {
    seat: Seat,
    handshake: Handshake,
    protocol: Protocol,
    heartbeat: Heartbeat,
    /// By when the client is connected, while it is not.
    connect_by: Option<Instant>,
    verdict: Option<BoxFuture<'static, Verdict>>,
    in_flight: FuturesUnordered<InFlight>,
}

impl Connection {
    fn new(seat: Seat, handshake: Handshake) -> Self {
        let config = &seat.shared.config;
        let now = Instant::now();
        let heartbeat = Heartbeat::new(config.ping_interval, config.ping_timeout, now);
        let connect_by = Some(now + config.connect_timeout);
        let in_flight = FuturesUnordered::new();
        let protocol = Protocol::new();
        Self { seat, handshake, protocol, heartbeat, connect_by, verdict: None, in_flight }
    }

    async fn keep(mut self, frames: Frames) {
        let reason = self.serve(frames).await;
        self.finish(reason).await;
    }

    async fn serve(&mut self, mut frames: Frames) -> CloseReason {
        let queue = Arc::clone(self.seat.socket.queue());
        let mut alarm = Box::pin(sleep_until(self.deadline()));
        loop {
            let reading = self.has_room();
            let step = tokio::select! {
                biased;
                reason = queue.closing() => return reason,
                Some((ack, answer)) = self.in_flight.next() => {
                    self.answer(ack, answer);
                    Step::Nothing
                }
                verdict = reached(&mut self.verdict) => {
                    self.verdict = None;
                    self.decide(verdict);
                    Step::Nothing
                }
                () = &mut alarm => self.ring(alarm.as_mut(), reading),
                message = frames.next(), if reading => match message {
                    Ok(message) => self.hear(message),
                    Err(reason) => Step::Close(reason),
                },
            };
            if let Some(reason) = self.take(step) {
                return reason;
            }
            if self.deadline() < alarm.deadline() {
                alarm.as_mut().reset(self.deadline());
            }
        }
    }

    /// While this is false the client is not read.
    fn has_room(&self) -> bool {
        self.in_flight.len() + self.protocol.waiting() < self.seat.shared.config.max_in_flight
    }

    fn deadline(&self) -> Instant {
        let next = self.heartbeat.next();
        self.connect_by.map_or(next, |connect_by| connect_by.min(next))
    }

    fn ring(&mut self, alarm: Pin<&mut Sleep>, reading: bool) -> Step {
        let now = Instant::now();
        if self.connect_by.is_some_and(|connect_by| connect_by <= now) {
            return Step::Close(CloseReason::ConnectTimeout);
        }
        let due = self.heartbeat.due(now, reading);
        alarm.reset(self.deadline());
        match due {
            Due::Nothing => Step::Nothing,
            Due::Ping => Step::Send(engine::PING),
            Due::Dead => Step::Close(CloseReason::HeartbeatTimeout),
        }
    }

    fn hear(&mut self, message: Message) -> Step {
        match message {
            Message::Text(bytes) => self.protocol.text(&bytes),
            // It could only be the attachment of a packet that was refused already.
            Message::Binary => Step::Close(CloseReason::ProtocolError),
            Message::Ping(bytes) => {
                self.seat.socket.queue().push(Frame::Pong(bytes));
                Step::Nothing
            }
            Message::Close => Step::Close(CloseReason::TransportClosed),
        }
    }

    /// Does what the protocol asks for. Answers the reason if that is to end.
    fn take(&mut self, step: Step) -> Option<CloseReason> {
        match step {
            Step::Nothing => {}
            Step::Alive => self.heartbeat.answered(Instant::now()),
            Step::Send(bytes) => self.seat.socket.queue().push(Frame::Text(bytes)),
            Step::Connect(auth) => self.connect(auth),
            Step::Event(event) => self.start(event),
            Step::Close(reason) => return Some(reason),
        }
        None
    }

    fn connect(&mut self, auth: Option<Box<RawValue>>) {
        let handler = Arc::clone(&self.seat.shared.handler);
        let (socket, handshake) = (self.seat.socket.clone(), self.handshake.clone());
        self.verdict =
            Some(Box::pin(async move { handler.connect(socket, auth, handshake).await }));
    }

    fn decide(&mut self, verdict: Verdict) {
        let queue = self.seat.socket.queue();
        match verdict {
            Ok(session) => {
                self.connect_by = None;
                self.handshake = Handshake::default();
                queue.open(packet::connected(&self.seat.socket.id().to_string()));
                self.seat.session = Some(session);
                for event in self.protocol.accept() {
                    self.start(event);
                }
            }
            Err(refusal) => {
                queue.forget_held();
                queue.push(Frame::Text(self.protocol.refuse(&refusal)));
            }
        }
    }

    fn start(&mut self, event: Event) {
        let Some(session) = &self.seat.session else { return };
        let answer = session.event(event.name, event.args);
        self.in_flight.push(InFlight { ack: event.ack, answer });
    }

    fn answer(&self, ack: Option<u64>, answer: Answer) {
        if let (Some(id), Some(value)) = (ack, answer.value) {
            self.seat.socket.queue().push(Frame::Text(packet::ack(id, &value)));
        }
        if let Some(then) = answer.then {
            then();
        }
    }

    /// Says goodbye, then lets end what was begun.
    async fn finish(mut self, reason: CloseReason) {
        let goodbye = (reason.is_final() && self.protocol.is_connected())
            .then(|| Frame::Text(packet::disconnect()));
        let last = goodbye.into_iter().chain([Frame::Close(reason)]);
        self.seat.socket.queue().end(reason, last);
        tracing::debug!(socket_id = %self.seat.socket.id(), %reason, "socket closed");
        if let Some(verdict) = self.verdict.take()
            && let Ok(session) = verdict.await
        {
            self.seat.session = Some(session);
        }
        self.seat.tell_session();
        while let Some((ack, answer)) = self.in_flight.next().await {
            self.answer(ack, answer);
        }
    }
}

/// Waits for the handler's verdict; for ever if none is asked for.
async fn reached(verdict: &mut Option<BoxFuture<'static, Verdict>>) -> Verdict {
    match verdict {
        Some(verdict) => verdict.await,
        None => pending().await,
    }
}

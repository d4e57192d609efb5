//! One connected socket and whose it is.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use auth::Identity;
use kernel::{ConversationId, Timestamp};
use socketio::{CloseReason, Packet, Socket};

use crate::{presence, typing};

/// An event whose payload is that JSON.
pub fn packet(event: &str, json: &[u8]) -> Packet {
    Packet::event_from_json(event, json)
}

/// One connected socket. Live events pass through here, so that they wait while a `sync` is being answered.
#[derive(Debug)]
pub struct Seat {
    /// Whose it is; a later token must name the same person, session and device.
    pub identity: Identity,
    socket: Socket,
    /// End of the token's life, in milliseconds since 1970.
    expires: AtomicI64,
    warned: std::sync::atomic::AtomicBool,
    waiting: Mutex<Waiting>,
    /// `None` once the socket has left.
    joined: Mutex<Option<Vec<ConversationId>>>,
    /// Bytes of live events that may wait for one `sync`.
    limit: usize,
    /// How its person is seen, and whom they look at.
    pub presence: presence::own::Own,
    /// Where its person writes.
    pub typing: typing::own::Own,
}

#[derive(Debug, Default)]
struct Waiting {
    holds: u32,
    /// Those of the holds that are for an answer.
    answers: u32,
    /// Where the person comes in and goes out, behind the answer; before the live events.
    told: Vec<Packet>,
    packets: Vec<Packet>,
    bytes: usize,
}

impl Seat {
    /// A socket of that person. At most `limit` bytes of live events wait while a `sync` is being answered.
    pub fn new(identity: Identity, socket: Socket, limit: usize) -> Self {
        let expires = AtomicI64::new(identity.expires_at.as_millis());
        Self {
            identity,
            socket,
            expires,
            warned: false.into(),
            waiting: Mutex::default(),
            joined: Mutex::new(Some(Vec::new())),
            limit,
            presence: presence::own::Own::default(),
            typing: typing::own::Own::default(),
        }
    }

    /// Passes a live event on, or lets it wait behind the `sync` that is being answered.
    pub fn deliver(&self, packet: &Packet) {
        let mut waiting = self.waiting();
        if waiting.holds == 0 {
            self.send(packet);
            return;
        }
        if self.has_room(&mut waiting, packet) {
            waiting.packets.push(packet.clone());
        }
    }

    /// Says where the person comes in or goes out, and what is in the log there, at once; while something is being answered,
    /// right behind the answer, which may not know of it yet.
    pub fn tell(&self, packet: &Packet) {
        let mut waiting = self.waiting();
        if waiting.answers == 0 {
            self.send(packet);
        } else if self.has_room(&mut waiting, packet) {
            waiting.told.push(packet.clone());
        }
    }

    fn has_room(&self, waiting: &mut Waiting, packet: &Packet) -> bool {
        waiting.bytes += packet.len();
        let fits = waiting.bytes <= self.limit;
        if !fits {
            self.socket.close(CloseReason::SlowReader);
        }
        fits
    }

    /// Passes an event on at once. A full queue closes the socket, which comes back and resumes from its cursors.
    pub fn send(&self, packet: &Packet) {
        if let Err(error) = self.socket.send(packet) {
            tracing::debug!(%error, "a socket was not told");
        }
    }

    /// From now on live events wait, until as many [`Seat::release`] came.
    pub fn hold(&self) {
        self.waiting().holds += 1;
    }

    /// From now on everything waits for an answer, until as many [`Seat::answered`] came.
    pub fn answering(&self) {
        let mut waiting = self.waiting();
        waiting.holds += 1;
        waiting.answers += 1;
    }

    /// The answer is on its way.
    pub fn answered(&self) {
        let mut waiting = self.waiting();
        waiting.answers = waiting.answers.saturating_sub(1);
        if waiting.answers == 0 {
            for packet in std::mem::take(&mut waiting.told) {
                self.send(&packet);
            }
        }
        self.release_from(waiting);
    }

    /// Lets go what waited, in order.
    pub fn release(&self) {
        self.release_from(self.waiting());
    }

    fn release_from(&self, mut waiting: MutexGuard<'_, Waiting>) {
        waiting.holds = waiting.holds.saturating_sub(1);
        if waiting.holds > 0 {
            return;
        }
        waiting.bytes = 0;
        for packet in std::mem::take(&mut waiting.packets) {
            self.send(&packet);
        }
    }

    /// Whether the connection is at its end.
    pub fn is_closed(&self) -> bool {
        self.socket.is_closed()
    }

    /// Ends the connection.
    pub fn close(&self, reason: CloseReason) {
        self.socket.close(reason);
    }

    /// The token was renewed.
    pub fn renew(&self, expires: Timestamp) {
        self.expires.store(expires.as_millis(), Ordering::Relaxed);
        self.warned.store(false, Ordering::Relaxed);
    }

    /// When the token's life ends.
    pub fn expires(&self) -> Timestamp {
        Timestamp::from_millis(self.expires.load(Ordering::Relaxed))
    }

    /// Whether this is the first time since the last renewal that the person is to be warned.
    pub fn warn_once(&self) -> bool {
        !self.warned.swap(true, Ordering::Relaxed)
    }

    /// Notes that the socket hears the conversation. Says whether it is to be let in: it did not hear it before, and it
    /// has not left.
    pub fn join(&self, id: ConversationId) -> bool {
        let mut joined = self.joined.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(joined) = joined.as_mut().filter(|joined| !joined.contains(&id)) else {
            return false;
        };
        joined.push(id);
        true
    }

    /// Notes that the socket does not hear the conversation any more. Says whether it did.
    pub fn part(&self, id: ConversationId) -> bool {
        let mut joined = self.joined.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(joined) = joined.as_mut() else { return false };
        let before = joined.len();
        joined.retain(|other| *other != id);
        joined.len() < before
    }

    /// Everything the socket hears, unless it has left.
    pub fn joined(&self) -> Vec<ConversationId> {
        self.joined.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default()
    }

    /// Everything the socket hears; it hears nothing afterwards, and joins nothing any more.
    pub fn leave_all(&self) -> Vec<ConversationId> {
        self.joined.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }

    /// Whether the socket hears the conversation, or has left.
    pub fn has_joined(&self, id: ConversationId) -> bool {
        let joined = self.joined.lock().unwrap_or_else(PoisonError::into_inner);
        joined.as_ref().is_none_or(|joined| joined.contains(&id))
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use futures::future::BoxFuture;
    use kernel::{DeviceId, SeededRandom, SessionId, UserId};
    use serde_json::json;
    use serde_json::value::{RawValue, to_raw_value};
    use socketio::{Answer, Event, Handler, Handshake, Line, Refusal, Session};

    use super::*;

    /// Lets one socket in.
    #[derive(Default)]
    struct Chair(Mutex<Option<Arc<Seat>>>);

    #[async_trait]
    impl Handler for Chair {
        async fn connect(
            &self,
            socket: Socket,
            _: Option<Box<RawValue>>,
            _: Handshake,
        ) -> Result<Box<dyn Session>, Refusal> {
            let (now, random) = (Timestamp::default(), SeededRandom::new(1));
            let identity = Identity {
                user: UserId::new_v7(now, &random),
                session: SessionId::new_v7(now, &random),
                device: DeviceId::new_v7(now, &random),
                expires_at: now,
            };
            *self.0.lock().unwrap() = Some(Arc::new(Seat::new(identity, socket, 1_000)));
            Ok(Box::new(Silent))
        }
    }

    struct Silent;

    impl Session for Silent {
        fn event(&self, _: Event) -> BoxFuture<'static, Answer> {
            Box::pin(async { Answer::default() })
        }

        fn disconnected(&self, _: &CloseReason) {}
    }

    async fn seated() -> (Line, Arc<Seat>) {
        let chair = Chair::default();
        let auth = to_raw_value(&json!({})).unwrap();
        let line = Line::connect(&chair, auth, &SeededRandom::new(1)).await.unwrap();
        let seat = chair.0.lock().unwrap().take().unwrap();
        (line, seat)
    }

    fn named(name: &str) -> Packet {
        Packet::event(name, &json!({})).unwrap()
    }

    async fn heard(line: &Line, count: usize) -> Vec<String> {
        let mut names = Vec::new();
        while names.len() < count {
            let packet = line.next().await.unwrap();
            let Some(event) = packet.strip_prefix("42") else { continue };
            let (name, _): (String, serde_json::Value) = serde_json::from_str(event).unwrap();
            names.push(name);
        }
        names
    }

    #[tokio::test]
    async fn what_happens_while_something_is_answered_comes_behind_the_answer() {
        let (line, seat) = seated().await;
        seat.answering();
        seat.deliver(&named("entry"));
        seat.tell(&named("removed"));
        seat.send(&named("answer"));
        seat.answered();
        assert_eq!(heard(&line, 3).await, ["answer", "removed", "entry"]);
    }

    #[tokio::test]
    async fn a_new_conversation_is_told_before_what_is_heard_of_it() {
        let (line, seat) = seated().await;
        seat.answering();
        seat.hold();
        seat.tell(&named("added"));
        seat.deliver(&named("second"));
        seat.send(&named("answer"));
        seat.answered();
        seat.tell(&named("first"));
        seat.release();
        assert_eq!(heard(&line, 4).await, ["answer", "added", "first", "second"]);
    }
}

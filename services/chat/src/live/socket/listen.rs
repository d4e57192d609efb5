//! From the fan-out to the sockets: one task for the instance.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fanout::{Happening, Subject};
use kernel::{ConversationId, Id, SessionId, UserId};
use serde_json::json;
use socketio::{CloseReason, Packet};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use uuid::Uuid;

use super::hub::Hub;
use super::seat::Seat;
use crate::chat::Chat;
use crate::conversations::view;
use crate::live::frame::{Frame, FrameKind};

/// How long before its end a person hears that the token is running out, in seconds.
const WARNING_S: u64 = 60;
/// How often tokens are looked at.
const TICK: Duration = Duration::from_secs(1);
/// Conversations whose heads are read in one go.
const HEADS: usize = 500;

/// The live side of one instance.
#[derive(Debug)]
pub struct Live {
    /// Stores and helpers.
    pub chat: Arc<Chat>,
    /// Who is connected.
    pub hub: Arc<Hub>,
}

impl Live {
    /// Passes events on until told to stop.
    pub async fn listen(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let happening = tokio::select! {
                () = stop.cancelled() => return,
                happening = self.hub.next() => happening,
            };
            match happening {
                None => return,
                Some(Happening::Gap) => self.reread().await,
                Some(Happening::Event { subject, payload }) => self.hear(subject, &payload),
            }
        }
    }

    /// Reads all heads again from time to time, in case the last event of a conversation was lost.
    pub async fn reread_regularly(self: Arc<Self>, stop: CancellationToken) {
        let period = self.chat.settings.live.reread_s.max(1) * 1_000;
        loop {
            // Instances that started together do not read together.
            let wait = period / 2 + self.chat.random.below(period);
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(Duration::from_millis(wait)) => self.reread().await,
            }
        }
    }

    /// Warns of tokens that run out, and closes the sockets of those that did.
    pub async fn watch_tokens(self: Arc<Self>, stop: CancellationToken) {
        let warning = Packet::event("auth:expiring", &json!({ "expiresIn": WARNING_S }));
        let Ok(warning) = warning else { return };
        let mut tick = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => {}
            }
            let now = self.chat.clock.now();
            for seat in self.hub.seats() {
                let left = seat.expires().since(now);
                if left.is_zero() {
                    seat.close(CloseReason::ServerDisconnect);
                } else if left.as_secs() < WARNING_S && seat.warn_once() {
                    seat.send(&warning);
                }
            }
        }
    }

    async fn reread(&self) {
        for ids in self.hub.conversations().chunks(HEADS) {
            if let Err(error) = self.hub.read_heads(ids).await {
                tracing::warn!(%error, "heads could not be read again; the next turn tries");
            }
        }
    }

    fn hear(self: &Arc<Self>, subject: Subject, payload: &Bytes) {
        let Some(frame) = Frame::decode(payload) else {
            tracing::warn!("a frame of another version was dropped");
            return;
        };
        let span =
            tracing::debug_span!("hear", kind = ?frame.kind, trace_id = tracing::field::Empty);
        runtime::continue_trace(&span, &frame.trace);
        let _entered = span.enter();
        tracing::debug!(seq = frame.seq, "heard through the fan-out");
        let uuid = Uuid::from_bytes(subject.0);
        match frame.kind {
            FrameKind::Entry => {
                let packet = Packet::event_from_json(&frame.event, &frame.body);
                self.hub.entry(Id::from_uuid(uuid), frame.seq, &packet);
            }
            FrameKind::Signal => {
                let packet = Packet::event_from_json(&frame.event, &frame.body);
                self.hub.signal(Id::from_uuid(uuid), &packet);
            }
            FrameKind::Added => {
                let Some(id) = frame.id() else { return };
                self.open(Id::from_uuid(uuid), id);
            }
            FrameKind::Revoked => self.revoke(Id::from_uuid(uuid), &frame),
            FrameKind::Profile => {
                if let Some(user) = frame.id() {
                    self.chat.people.forget(user);
                }
            }
        }
    }

    fn revoke(&self, user: UserId, frame: &Frame) {
        let Some(session) = frame.id() else { return };
        let session: SessionId = session;
        let Ok(packet) = Packet::event("session:revoked", &json!({})) else { return };
        for seat in self.hub.seats_of(user) {
            if seat.identity.session == session {
                seat.send(&packet);
                seat.close(CloseReason::SessionRevoked);
            }
        }
    }

    /// Lets a person's sockets hear a conversation that is new to them.
    fn open(self: &Arc<Self>, user: UserId, id: ConversationId) {
        let seats = self.hub.seats_of(user);
        if seats.is_empty() {
            return;
        }
        // Its own task: reading the store here would hold up every other event.
        let live = Arc::clone(self);
        let span = tracing::info_span!("open", conversation_id = %id, user_id = %user);
        self.hub.spawn(
            async move {
                for seat in &seats {
                    seat.hold();
                }
                if let Err(error) = live.tell_of(user, id, &seats).await {
                    tracing::warn!(%error, "a new conversation was not announced; `sync` will tell");
                }
                for seat in &seats {
                    seat.release();
                }
            }
            .instrument(span),
        );
    }

    async fn tell_of(
        &self,
        user: UserId,
        id: ConversationId,
        seats: &[Arc<Seat>],
    ) -> anyhow::Result<()> {
        self.hub.join(seats, &[id], None).await?;
        let Some(view) = view::of(&self.chat, user, id).await? else { return Ok(()) };
        let packet = Packet::event("conversation:added", &view)?;
        for seat in seats {
            seat.send(&packet);
        }
        // What was written before this instance listened.
        let entries =
            self.chat.log.entries(id, 0, self.chat.settings.limits.answer_entries).await?;
        for entry in entries {
            let packet = Packet::event(entry.kind.event(), &entry)?;
            for seat in seats {
                seat.send(&packet);
            }
        }
        Ok(())
    }
}

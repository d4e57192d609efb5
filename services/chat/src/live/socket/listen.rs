//! From the fan-out to the sockets: one task for the instance.

use std::sync::Arc;
use std::time::Duration;

use auth::Revocations;
use bytes::Bytes;
use fanout::{Happening, Subject};
use kernel::{ConversationId, Id, SessionId, UserId};
use serde_json::json;
use socketio::{CloseReason, Packet};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use uuid::Uuid;

use super::hub::Hub;
use super::seat::Seat;
use super::turns::Turns;
use crate::chat::Chat;
use crate::conversations::create::direct_id;
use crate::conversations::error::ConversationError;
use crate::conversations::view;
use crate::live::announce::presence_subject;
use crate::live::frame::{Frame, FrameKind};
use crate::presence::here::Presence;
use crate::presence::leases::Leases;
use crate::typing::typists::{self, Typists};

/// Entries in one read.
const PAGE: u32 = 200;

/// The live side of one instance.
#[derive(Debug)]
pub struct Live {
    /// Stores and helpers.
    pub chat: Arc<Chat>,
    /// Who is connected.
    pub hub: Arc<Hub>,
    /// Sessions that were ended.
    pub revocations: Revocations,
    /// Something may have passed unheard.
    pub gap: Notify,
    /// Who is let in or catches up now.
    pub turns: Turns,
    /// Who is here, and who looks.
    pub presence: Arc<Presence>,
    /// Who writes.
    pub typists: Typists,
}

impl Live {
    /// The live side of an instance whose sockets are in this hub.
    pub fn new(chat: Arc<Chat>, hub: Arc<Hub>, revocations: Revocations, leases: Leases) -> Self {
        let settings = &chat.settings.typing;
        let typists = Typists::new(typists::Limits {
            life: Duration::from_millis(settings.life_ms),
            people: settings.people,
            all: settings.all,
        });
        let sockets = &chat.settings.sockets;
        // Some of the time until whoever is not in is cut off has to be left for letting them in.
        let patience = Duration::from_secs(sockets.connect_timeout_s) / 2;
        let turns = Turns::new(sockets.entering, patience);
        let presence = Arc::new(Presence::new(Arc::clone(&chat), Arc::clone(&hub), leases));
        Self { chat, hub, revocations, gap: Notify::new(), turns, presence, typists }
    }

    /// Whether this instance has so much to do that what can be spared is left out.
    pub fn is_busy(&self) -> bool {
        self.presence.is_busy()
    }

    /// Passes events on until told to stop.
    pub async fn listen(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let happening = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                happening = self.hub.next() => happening,
            };
            match happening {
                None => return,
                // Read by another task: what is heard meanwhile must not wait.
                Some(Happening::Gap) => self.gap.notify_one(),
                Some(Happening::Event { subject, payload }) => self.hear(subject, &payload),
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
        tracing::debug!(seq = frame.place.seq, "heard through the fan-out");
        let uuid = Uuid::from_bytes(subject.0);
        match frame.kind {
            FrameKind::Entry => {
                let (id, place) = (Id::from_uuid(uuid), frame.place);
                self.chat.heard(id, place);
                let packet = Packet::event_from_json(&frame.event, &frame.body);
                self.hub.entry(id, place.seq, &packet, frame.gone());
            }
            FrameKind::Signal => {
                let packet = Packet::event_from_json(&frame.event, &frame.body);
                self.hub.signal(Id::from_uuid(uuid), &packet);
            }
            FrameKind::Head => self.hub.head(Id::from_uuid(uuid), frame.place.seq),
            FrameKind::Heads => frame.heads().for_each(|(id, seq)| self.hub.told(id, seq)),
            FrameKind::Added => {
                let Some(id) = frame.id() else { return };
                self.open(Id::from_uuid(uuid), id);
            }
            FrameKind::Removed => {
                let Some(id) = frame.id() else { return };
                self.shut(Id::from_uuid(uuid), id);
            }
            FrameKind::Revoked => self.revoke(Id::from_uuid(uuid), &frame),
            FrameKind::Profile => {
                if let Some(user) = frame.id() {
                    self.chat.people.forget(user);
                }
            }
            FrameKind::Typing => {
                let Some(user) = frame.id() else { return };
                self.hear_typing(Id::from_uuid(uuid), user, frame.place.seq == 1);
            }
            FrameKind::Relations => {
                if let Some(both) = frame.ids() {
                    self.relate(both);
                }
            }
            FrameKind::Presence => {
                self.presence.heard(presence_subject(subject), frame.body);
            }
        }
    }

    fn hear_typing(&self, id: ConversationId, user: UserId, typing: bool) {
        let news = if typing {
            !self.is_busy() && self.typists.start(id, user, self.chat.clock.monotonic())
        } else {
            self.typists.stop(id, user)
        };
        if news {
            self.tell_typing(id, user, typing);
        }
    }

    /// Tells the sockets here that somebody writes, or does not any more.
    pub(super) fn tell_typing(&self, id: ConversationId, user: UserId, typing: bool) {
        let event = if typing { "typing:start" } else { "typing:stop" };
        let body = json!({ "conversationId": id, "userId": user });
        if let Ok(packet) = Packet::event(event, &body) {
            self.hub.typing(id, user, &packet);
        }
    }

    /// Two people are something else to each other: whoever of them looks at the other may have to look away, and whoever
    /// writes to the other may be blocked.
    fn relate(&self, both: [UserId; 2]) {
        let id = direct_id(both[0], both[1]);
        self.chat.ticks.forget(id);
        for user in both {
            self.chat.people.forget_relations(user);
            self.chat.members.forget(id, user);
        }
        let presence = Arc::clone(&self.presence);
        self.hub.spawn(async move {
            let [one, other] = both;
            presence.look_again(one, other).await;
            presence.look_again(other, one).await;
        });
    }

    fn revoke(&self, user: UserId, frame: &Frame) {
        let Some(session) = frame.id() else { return };
        self.end(user, session);
    }

    /// Closes the sockets of a session that is over.
    pub fn end(&self, user: UserId, session: SessionId) {
        let Ok(packet) = Packet::event("session:revoked", &json!({})) else { return };
        for seat in self.hub.seats_of(user) {
            if seat.identity.session == session {
                seat.send(&packet);
                seat.close(CloseReason::SessionRevoked);
            }
        }
    }

    /// Lets a person's sockets hear no more of a conversation that they are not in any more.
    pub fn shut(&self, user: UserId, id: ConversationId) {
        self.hub.expel(user, id);
        let Ok(packet) = Packet::event("conversation:removed", &json!({ "id": id })) else {
            return;
        };
        for seat in self.hub.seats_of(user) {
            seat.tell(&packet);
        }
    }

    /// Lets a person's sockets hear a conversation that is new to them.
    pub fn open(self: &Arc<Self>, user: UserId, id: ConversationId) {
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
                let told = live.tell_of(user, id, &seats).await;
                if told.as_ref().is_err_and(is_gone) {
                    live.shut(user, id);
                } else if let Err(error) = told {
                    tracing::warn!(%error, "a new conversation could not be told; sockets come back");
                    // Else they would hear nothing of it for as long as they stay.
                    for seat in &seats {
                        seat.close(CloseReason::Internal);
                    }
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
        let view = view::of(&self.chat, user, id).await?;
        // Out again since the view was read, they were told so already and are passed over.
        self.hub.tell(id, seats, &Packet::event("conversation:added", &view)?);
        // What was written before this instance listened. Of a long log the last page: the client fetches what it lacks.
        let mut after = view.floor.max(view.head.seq.saturating_sub(u64::from(PAGE)));
        loop {
            let entries = self.chat.log.entries(id, after, PAGE).await?;
            let Some(last) = entries.last() else { return Ok(()) };
            after = last.seq;
            for entry in entries.into_iter().map(|entry| entry.seen_by(user)) {
                self.hub.tell(id, seats, &Packet::event(entry.event(), &entry)?);
            }
        }
    }
}

/// Whether the person is not in the conversation any more, or it is over: that costs nobody a socket.
fn is_gone(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(ConversationError::NotFound))
}

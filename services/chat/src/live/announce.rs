//! Tells every instance what happened, through the fan-out.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dashmap::DashMap;
use fanout::{Fanout, FanoutError, Subject};
use kernel::{ConversationId, SessionId, UserId};
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::again::Again;
use super::frame::{Frame, FrameKind};
use crate::log::entry::Entry;
use crate::log::store::Head;

/// What every instance watches: news that concern its own caches.
pub const INSTANCES: Subject = Subject([0; 16]);
/// Conversations whose head is remembered to be told again; for more, listeners find it out by reading.
const REMEMBERED: usize = 100_000;
/// How often heads that could not be told are told again, and such that may have been lost.
const AGAIN: Duration = Duration::from_millis(500);
/// Heads in one event.
const HEADS: usize = 500;

/// Tells every instance. What it says may be lost; the truth is in the stores.
#[derive(Debug, Clone)]
pub struct Announcer {
    fanout: Arc<dyn Fanout>,
    /// Heads of conversations with entries that did not reach the fan-out.
    untold: Arc<DashMap<ConversationId, u64>>,
    /// Heads of conversations with entries that may have been lost on the way.
    again: Arc<Again>,
    /// Bytes of an entry that is told whole.
    most: usize,
}

impl Announcer {
    /// Speaks through this fan-out. Of an entry of more than `most` bytes, or one that is withheld from somebody,
    /// only its place is told: who listens reads it.
    pub fn new(fanout: Arc<dyn Fanout>, most: usize) -> Self {
        Self { fanout, untold: Arc::default(), again: Arc::default(), most }
    }

    /// A new entry, to everyone in the conversation. If that fails, the head is told as soon as it can be.
    pub async fn entry(&self, entry: &Entry) {
        let Ok(json) = serde_json::to_vec(entry) else { return };
        let (id, seq) = (entry.conversation, entry.seq);
        let event = entry.event();
        // Who gets to see what is withheld is decided by those who read it.
        let told = if json.len() > self.most || entry.withheld_from.is_some() {
            let place = Head { seq, ..Head::default() };
            self.publish(about(id), FrameKind::Head, place, "", Bytes::new()).await
        } else {
            self.publish(about(id), FrameKind::Entry, Head::at(entry), event, json.into()).await
        };
        if told.is_ok() {
            self.again.told(id, seq);
        } else if self.untold.len() < REMEMBERED {
            let mut untold = self.untold.entry(id).or_default();
            *untold = (*untold).max(seq);
        }
    }

    /// Something that may be lost, to everyone in the conversation.
    pub async fn signal(&self, id: ConversationId, event: &'static str, payload: &impl Serialize) {
        let Ok(json) = serde_json::to_vec(payload) else { return };
        let _ =
            self.publish(about(id), FrameKind::Signal, Head::default(), event, json.into()).await;
    }

    /// The person writes something in the conversation, or does not any more. Lost, nobody sees it.
    pub async fn typing(&self, id: ConversationId, user: UserId, typing: bool) {
        let body = Bytes::copy_from_slice(user.uuid().as_bytes());
        let place = Head { seq: typing.into(), ..Head::default() };
        let _ = self.publish(about(id), FrameKind::Typing, place, "", body).await;
    }

    /// How the person is seen, as clients get it. Lost, those who look find it out by reading.
    pub async fn presence(&self, user: UserId, body: Bytes) {
        let subject = presence_of(user);
        let _ = self.publish(subject, FrameKind::Presence, Head::default(), "", body).await;
    }

    /// The person is in a new conversation. Lost, instances find it out by reading.
    pub async fn added(&self, user: UserId, id: ConversationId) {
        let body = Bytes::copy_from_slice(id.uuid().as_bytes());
        let _ = self.publish(about(user), FrameKind::Added, Head::default(), "", body).await;
    }

    /// The person is no longer in a conversation. Lost, instances find it out by reading.
    pub async fn removed(&self, user: UserId, id: ConversationId) {
        let body = Bytes::copy_from_slice(id.uuid().as_bytes());
        let _ = self.publish(about(user), FrameKind::Removed, Head::default(), "", body).await;
    }

    /// The person's session is over.
    pub async fn revoked(&self, user: UserId, session: SessionId) -> Result<(), FanoutError> {
        let body = Bytes::copy_from_slice(session.uuid().as_bytes());
        self.publish(about(user), FrameKind::Revoked, Head::default(), "", body).await
    }

    /// The person's profile has changed. Lost, caches find it out by their age.
    pub async fn profile(&self, user: UserId) {
        let body = Bytes::copy_from_slice(user.uuid().as_bytes());
        let _ = self.publish(INSTANCES, FrameKind::Profile, Head::default(), "", body).await;
    }

    /// The two people are something else to each other than before. Lost, caches find it out by their age.
    pub async fn relations(&self, user: UserId, other: UserId) -> Result<(), FanoutError> {
        let both = [user.uuid().into_bytes(), other.uuid().into_bytes()].concat();
        self.publish(INSTANCES, FrameKind::Relations, Head::default(), "", both.into()).await
    }

    /// Tells heads again that could not be told, or may have been lost on the way, until told to stop.
    pub async fn tell_again(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(AGAIN) => {}
            }
            let mut untold: Vec<_> =
                self.untold.iter().map(|row| (*row.key(), *row.value())).collect();
            untold.sort_unstable();
            for (id, seq) in untold {
                let place = Head { seq, ..Head::default() };
                let told = self.publish(about(id), FrameKind::Head, place, "", Bytes::new()).await;
                if told.is_err() {
                    break;
                }
                self.untold.remove_if(&id, |_, head| *head <= seq);
            }
            for heads in self.again.tick().chunks(HEADS) {
                let body = Frame::of_heads(heads);
                let _ = self.publish(INSTANCES, FrameKind::Heads, Head::default(), "", body).await;
            }
        }
    }

    async fn publish(
        &self,
        subject: Subject,
        kind: FrameKind,
        place: Head,
        event: &str,
        body: Bytes,
    ) -> Result<(), FanoutError> {
        let trace = runtime::current_traceparent().unwrap_or_default();
        let frame = Frame { kind, place, trace, event: event.to_owned(), body };
        let published = self.fanout.publish(subject, frame.encode()).await;
        if let Err(error) = &published {
            metrics::counter!("live_publish_failed_total").increment(1);
            tracing::warn!(%error, ?kind, "an event did not reach the fan-out");
        }
        published
    }
}

/// The subject of a person's presence: another than the person's own, as others listen to it.
pub const fn presence_of(user: UserId) -> Subject {
    Subject(inverted(user.uuid().into_bytes()))
}

const fn inverted(bytes: [u8; 16]) -> [u8; 16] {
    (!u128::from_ne_bytes(bytes)).to_ne_bytes()
}

/// Whose presence the subject is that [`presence_of`] gave.
pub const fn presence_subject(subject: Subject) -> UserId {
    UserId::from_uuid(Uuid::from_bytes(inverted(subject.0)))
}

/// The subject of events about a conversation or a person.
pub const fn about<K>(id: kernel::Id<K>) -> Subject {
    Subject(id.uuid().into_bytes())
}

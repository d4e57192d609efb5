//! Tells every instance what happened, through the fan-out.

use std::sync::Arc;

use bytes::Bytes;
use fanout::{Fanout, Subject};
use kernel::{ConversationId, SessionId, UserId};
use serde::Serialize;

use super::frame::{Frame, FrameKind};
use crate::log::entry::Entry;

/// What every instance watches: news that concern its own caches.
pub const INSTANCES: Subject = Subject([0; 16]);

/// Tells every instance. What it says may be lost; the truth is in the stores.
#[derive(Debug, Clone)]
pub struct Announcer {
    fanout: Arc<dyn Fanout>,
}

impl Announcer {
    /// Speaks through this fan-out.
    pub fn new(fanout: Arc<dyn Fanout>) -> Self {
        Self { fanout }
    }

    /// A new entry, to everyone in the conversation.
    pub async fn entry(&self, entry: &Entry) {
        let Ok(json) = serde_json::to_vec(entry) else { return };
        let subject = about(entry.conversation);
        self.publish(subject, FrameKind::Entry, entry.seq, entry.kind.event(), json.into()).await;
    }

    /// Something that may be lost, to everyone in the conversation.
    pub async fn signal(&self, id: ConversationId, event: &'static str, payload: &impl Serialize) {
        let Ok(json) = serde_json::to_vec(payload) else { return };
        self.publish(about(id), FrameKind::Signal, 0, event, json.into()).await;
    }

    /// The person is in a new conversation.
    pub async fn added(&self, user: UserId, id: ConversationId) {
        let body = Bytes::copy_from_slice(id.uuid().as_bytes());
        self.publish(about(user), FrameKind::Added, 0, "", body).await;
    }

    /// The person's session is over.
    pub async fn revoked(&self, user: UserId, session: SessionId) {
        let body = Bytes::copy_from_slice(session.uuid().as_bytes());
        self.publish(about(user), FrameKind::Revoked, 0, "", body).await;
    }

    /// The person's profile has changed.
    pub async fn profile(&self, user: UserId) {
        let body = Bytes::copy_from_slice(user.uuid().as_bytes());
        self.publish(INSTANCES, FrameKind::Profile, 0, "", body).await;
    }

    async fn publish(&self, subject: Subject, kind: FrameKind, seq: u64, event: &str, body: Bytes) {
        let trace = runtime::current_traceparent().unwrap_or_default();
        let frame = Frame { kind, seq, trace, event: event.to_owned(), body };
        if let Err(error) = self.fanout.publish(subject, frame.encode()).await {
            // Listeners read again from the store once the fan-out is back.
            metrics::counter!("live_publish_failed_total").increment(1);
            tracing::warn!(%error, ?kind, "an event did not reach the fan-out");
        }
    }
}

/// The subject of events about a conversation or a person.
pub const fn about<K>(id: kernel::Id<K>) -> Subject {
    Subject(id.uuid().into_bytes())
}

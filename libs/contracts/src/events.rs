//! What travels on the bus: facts that other services act on. Protobuf inside, plain types outside.

mod contacts;
mod topology;

use bytes::Bytes;
use kernel::{DeviceId, Id, SessionId, Timestamp, UserId};
use prost::Message;
use uuid::Uuid;

use crate::generated::events as wire;

pub use contacts::{ContactChanged, ContactState, UserBlocked, UserUnblocked};
pub use topology::TOPOLOGY;

/// The topics that events are published on.
pub mod topics {
    /// Mail a code.
    pub const SEND_OTP: &str = "send-otp";
    /// A session ended.
    pub const SESSION_REVOKED: &str = "session.revoked";
    /// A device was removed.
    pub const DEVICE_REMOVED: &str = "device.removed";
    /// A public profile changed.
    pub const USER_UPDATED: &str = "user.updated";
    /// Somebody blocks somebody.
    pub const USER_BLOCKED: &str = "user.blocked";
    /// Somebody does not block somebody any more.
    pub const USER_UNBLOCKED: &str = "user.unblocked";
    /// What somebody is to somebody as a contact.
    pub const CONTACT_CHANGED: &str = "contact.changed";
}

/// The queue of the mail service.
pub const SEND_OTP: &str = "send-otp";
/// The queue of the chat service: what it must know of people.
pub const CHAT_EVENTS: &str = "chat-events";

/// Everything that can be said on the bus. The topic goes beside the payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Mail this code.
    SendOtp(SendOtp),
    /// A session ended; its tokens are refused and its sockets must close.
    SessionRevoked(SessionRevoked),
    /// A device no longer holds anybody's content.
    DeviceRemoved(DeviceRemoved),
    /// A public profile changed.
    UserUpdated(UserUpdated),
    /// Somebody blocks somebody, who must not learn of it.
    UserBlocked(UserBlocked),
    /// Somebody does not block somebody any more.
    UserUnblocked(UserUnblocked),
    /// What one person is to another as a contact, as that one sees it.
    ContactChanged(ContactChanged),
}

/// See [`Event::SendOtp`]. Holds an address: never log it whole.
#[derive(Clone, PartialEq, Eq)]
pub struct SendOtp {
    /// The log-in that the code is for.
    pub challenge: Uuid,
    /// Where the mail goes; checked and in lower case.
    pub address: String,
    /// The six digits, sealed under the seal key with [`SendOtp::seal_context`].
    pub sealed_code: Vec<u8>,
    /// After this the code is worth nothing and need not be sent.
    pub expires_at: Timestamp,
}

impl SendOtp {
    /// The associated data that the code is sealed with: it opens for this log-in and this address only.
    pub fn seal_context(challenge: Uuid, address: &str) -> Vec<u8> {
        [challenge.as_bytes(), address.as_bytes()].concat()
    }
}

impl std::fmt::Debug for SendOtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SendOtp").field("challenge", &self.challenge).finish_non_exhaustive()
    }
}

/// See [`Event::SessionRevoked`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRevoked {
    /// Whose session it was.
    pub user: UserId,
    /// Which.
    pub session: SessionId,
    /// The device it ran on.
    pub device: DeviceId,
    /// When it ended.
    pub at: Timestamp,
}

/// See [`Event::DeviceRemoved`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRemoved {
    /// Whose device it was.
    pub user: UserId,
    /// Which.
    pub device: DeviceId,
}

/// See [`Event::UserUpdated`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserUpdated {
    /// Whose profile.
    pub user: UserId,
}

/// The payload is not what its topic says, or the topic is not known. It never will be: reject it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event on topic {topic}: {reason}")]
pub struct EventError {
    /// The topic as it arrived.
    pub topic: String,
    /// What is wrong.
    pub reason: String,
}

impl Event {
    /// Where the event is published.
    pub const fn topic(&self) -> &'static str {
        match self {
            Self::SendOtp(_) => topics::SEND_OTP,
            Self::SessionRevoked(_) => topics::SESSION_REVOKED,
            Self::DeviceRemoved(_) => topics::DEVICE_REMOVED,
            Self::UserUpdated(_) => topics::USER_UPDATED,
            Self::UserBlocked(_) => topics::USER_BLOCKED,
            Self::UserUnblocked(_) => topics::USER_UNBLOCKED,
            Self::ContactChanged(_) => topics::CONTACT_CHANGED,
        }
    }

    /// The payload.
    pub fn encode(&self) -> Bytes {
        let bytes = match self {
            Self::SendOtp(event) => wire::SendOtp {
                challenge_id: event.challenge.as_bytes().to_vec(),
                address: event.address.clone(),
                sealed_code: event.sealed_code.clone(),
                expires_at_ms: event.expires_at.as_millis(),
            }
            .encode_to_vec(),
            Self::SessionRevoked(event) => wire::SessionRevoked {
                user_id: raw(event.user),
                session_id: raw(event.session),
                device_id: raw(event.device),
                at_ms: event.at.as_millis(),
            }
            .encode_to_vec(),
            Self::DeviceRemoved(event) => {
                wire::DeviceRemoved { user_id: raw(event.user), device_id: raw(event.device) }
                    .encode_to_vec()
            }
            Self::UserUpdated(event) => {
                wire::UserUpdated { user_id: raw(event.user) }.encode_to_vec()
            }
            Self::UserBlocked(event) => wire::UserBlocked::from(event).encode_to_vec(),
            Self::UserUnblocked(event) => wire::UserUnblocked::from(event).encode_to_vec(),
            Self::ContactChanged(event) => wire::ContactChanged::from(event).encode_to_vec(),
        };
        bytes.into()
    }

    /// Reads what arrived on a topic.
    pub fn decode(topic: &str, payload: &[u8]) -> Result<Self, EventError> {
        let read = match topic {
            topics::SEND_OTP => send_otp(payload),
            topics::SESSION_REVOKED => session_revoked(payload),
            topics::DEVICE_REMOVED => device_removed(payload),
            topics::USER_UPDATED => user_updated(payload),
            topics::USER_BLOCKED => contacts::user_blocked(payload).map(Self::UserBlocked),
            topics::USER_UNBLOCKED => contacts::user_unblocked(payload).map(Self::UserUnblocked),
            topics::CONTACT_CHANGED => contacts::contact_changed(payload).map(Self::ContactChanged),
            _ => Err("no such topic".to_owned()),
        };
        read.map_err(|reason| EventError { topic: topic.to_owned(), reason })
    }
}

fn send_otp(payload: &[u8]) -> Result<Event, String> {
    let event = wire::SendOtp::decode(payload).map_err(|error| error.to_string())?;
    Ok(Event::SendOtp(SendOtp {
        challenge: uuid("challenge_id", &event.challenge_id)?,
        address: event.address,
        sealed_code: event.sealed_code,
        expires_at: Timestamp::from_millis(event.expires_at_ms),
    }))
}

fn session_revoked(payload: &[u8]) -> Result<Event, String> {
    let event = wire::SessionRevoked::decode(payload).map_err(|error| error.to_string())?;
    Ok(Event::SessionRevoked(SessionRevoked {
        user: id("user_id", &event.user_id)?,
        session: id("session_id", &event.session_id)?,
        device: id("device_id", &event.device_id)?,
        at: Timestamp::from_millis(event.at_ms),
    }))
}

fn device_removed(payload: &[u8]) -> Result<Event, String> {
    let event = wire::DeviceRemoved::decode(payload).map_err(|error| error.to_string())?;
    let user = id("user_id", &event.user_id)?;
    Ok(Event::DeviceRemoved(DeviceRemoved { user, device: id("device_id", &event.device_id)? }))
}

fn user_updated(payload: &[u8]) -> Result<Event, String> {
    let event = wire::UserUpdated::decode(payload).map_err(|error| error.to_string())?;
    Ok(Event::UserUpdated(UserUpdated { user: id("user_id", &event.user_id)? }))
}

fn raw<K>(id: Id<K>) -> Vec<u8> {
    id.uuid().as_bytes().to_vec()
}

fn uuid(field: &str, bytes: &[u8]) -> Result<Uuid, String> {
    Uuid::from_slice(bytes).map_err(|_| format!("{field} must be 16 bytes"))
}

fn id<K>(field: &str, bytes: &[u8]) -> Result<Id<K>, String> {
    uuid(field, bytes).map(Id::from_uuid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some<K>(n: u128) -> Id<K> {
        Id::from_uuid(Uuid::from_u128(n))
    }

    fn each() -> [Event; 7] {
        let at = Timestamp::from_millis(1_767_225_600_000);
        [
            Event::SendOtp(SendOtp {
                challenge: Uuid::from_u128(9),
                address: "ada@example.org".to_owned(),
                sealed_code: vec![1, 2, 3],
                expires_at: at,
            }),
            Event::SessionRevoked(SessionRevoked {
                user: some(1),
                session: some(2),
                device: some(3),
                at,
            }),
            Event::DeviceRemoved(DeviceRemoved { user: some(1), device: some(3) }),
            Event::UserUpdated(UserUpdated { user: some(1) }),
            Event::UserBlocked(UserBlocked { user: some(1), other: some(2), at }),
            Event::UserUnblocked(UserUnblocked { user: some(1), other: some(2), at }),
            Event::ContactChanged(ContactChanged {
                user: some(1),
                other: some(2),
                state: Some(ContactState::Incoming),
                at,
            }),
        ]
    }

    #[test]
    fn every_event_reads_back_from_its_topic() {
        for event in each() {
            assert_eq!(Event::decode(event.topic(), &event.encode()), Ok(event));
        }
    }

    #[test]
    fn every_topic_has_a_queue() {
        for event in each() {
            let bound = TOPOLOGY.queues.iter().any(|queue| queue.topics.contains(&event.topic()));
            assert!(bound, "{} goes nowhere", event.topic());
        }
    }

    #[test]
    fn what_makes_no_sense_is_an_error() {
        assert!(Event::decode("user.updated", b"\xff").is_err());
        assert!(Event::decode("user.updated", b"").is_err());
        assert!(Event::decode("user.blocked", b"").is_err());
        assert!(Event::decode("contact.changed", b"").is_err());
        assert!(Event::decode("nothing.known", b"").is_err());
    }

    #[test]
    fn an_address_is_not_shown_by_debug() {
        let shown = format!("{:?}", each());
        assert!(!shown.contains("ada@"), "{shown}");
    }
}

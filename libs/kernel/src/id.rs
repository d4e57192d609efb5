use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::{Random, Timestamp};

/// A UUID that knows what it names, so that a device's id cannot be passed where a user's is wanted.
pub struct Id<K> {
    uuid: Uuid,
    kind: PhantomData<fn() -> K>,
}

/// What an [`Id`] can name.
pub mod kinds {
    /// A person.
    pub enum User {}
    /// One installation of a client.
    pub enum Device {}
    /// One log-in on one device.
    pub enum Session {}
    /// A conversation of any kind.
    pub enum Conversation {}
    /// An entry of a conversation's log; the client makes it (`mid` in the store).
    pub enum Entry {}
}

/// Names a person.
pub type UserId = Id<kinds::User>;
/// Names one installation of a client.
pub type DeviceId = Id<kinds::Device>;
/// Names one log-in on one device (`sid` in a token).
pub type SessionId = Id<kinds::Session>;
/// Names a conversation.
pub type ConversationId = Id<kinds::Conversation>;
/// Names an entry of a conversation's log; made by the client, unique within the conversation.
pub type EntryId = Id<kinds::Entry>;

/// The text was not a UUID in its hyphenated form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a UUID such as 0192d3c4-0000-7000-8000-000000000000")]
pub struct IdError;

impl<K> Id<K> {
    /// Takes a UUID of any version as this kind of id.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self { uuid, kind: PhantomData }
    }

    /// A new time-ordered id (UUIDv7).
    pub fn new_v7(now: Timestamp, random: &dyn Random) -> Self {
        let mut noise = [0_u8; 10];
        random.fill(&mut noise);
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        Self::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, &noise).into_uuid())
    }

    /// The plain UUID.
    pub const fn uuid(self) -> Uuid {
        self.uuid
    }

    /// Whether the id is a version 7 UUID, which ids made by clients must be.
    pub fn is_v7(self) -> bool {
        self.uuid.get_version_num() == 7
    }
}

impl<K> FromStr for Id<K> {
    type Err = IdError;

    /// Accepts only the hyphenated form; the others that a UUID parser knows would make two spellings of one id.
    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() != 36 {
            return Err(IdError);
        }
        Uuid::try_parse(text).map(Self::from_uuid).map_err(|_| IdError)
    }
}

impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uuid.hyphenated().fmt(f)
    }
}

impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uuid.hyphenated().fmt(f)
    }
}

impl<K> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.uuid.serialize(serializer)
    }
}

impl<'de, K> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Uuid::deserialize(deserializer).map(Self::from_uuid);
        }
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

// Derives would ask the same of the marker type.
impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.uuid.cmp(&other.uuid)
    }
}
impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededRandom;

    #[test]
    fn reads_only_the_hyphenated_form() {
        let id = "0192d3c4-0000-7000-8000-000000000000";
        assert_eq!(id.parse::<UserId>().unwrap().to_string(), id);
        assert!("0192d3c4000070008000000000000000".parse::<UserId>().is_err());
        assert!("{0192d3c4-0000-7000-8000-000000000000}".parse::<UserId>().is_err());
        assert!(serde_json::from_str::<UserId>("{\"$ne\":\"\"}").is_err());
    }

    #[test]
    fn new_ids_are_version_7_and_follow_the_clock() {
        let random = SeededRandom::new(1);
        let early = EntryId::new_v7(Timestamp::from_millis(1_000), &random);
        let late = EntryId::new_v7(Timestamp::from_millis(2_000), &random);
        assert!(early.is_v7() && early < late);
    }
}

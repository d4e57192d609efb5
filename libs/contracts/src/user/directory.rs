use std::fmt;

use async_trait::async_trait;
use auth::PublicKey;
use kernel::{DeviceId, Timestamp, UserId};

use crate::DirectoryError;

/// The most ids that one call may ask about; more is a `VALIDATION_ERROR`.
pub const MAX_IDS: usize = 1_000;

/// What everybody may know of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Who.
    pub id: UserId,
    /// Their name, as they wrote it.
    pub name: Option<String>,
    /// Unique among all people, lower case.
    pub username: Option<String>,
    /// A few words about themself.
    pub bio: Option<String>,
    /// Where their picture is.
    pub avatar_url: Option<String>,
    /// When they first logged in.
    pub created_at: Timestamp,
    /// For the services alone: what they show of the person to others.
    pub discretion: Discretion,
}

/// What a person does not let others see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Discretion {
    /// How far they have read.
    pub hides_reads: bool,
    /// When they were last here.
    pub hides_last_seen: bool,
}

/// A device that content must wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveDevice {
    /// Whose it is.
    pub user: UserId,
    /// Which.
    pub device: DeviceId,
    /// What it said it is; `web` counts as gone sooner than the others.
    pub platform: String,
}

/// Who is what to one person. Each list in no particular order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Relations {
    /// Accepted contacts, as this person sees them. Those who block this person may be among them: nothing that the person
    /// sees may tell, and yet to the others they are no contact.
    pub contacts: Vec<UserId>,
    /// Whom this person blocks; none of them is a contact.
    pub blocked: Vec<UserId>,
    /// Who blocks this person, who must not learn of it.
    pub blocked_by: Vec<UserId>,
}

/// What the user service tells other services about people. Every call has a deadline.
#[async_trait]
pub trait UserDirectory: Send + Sync + fmt::Debug {
    /// Public profiles, in no particular order. Who does not exist is left out; who is asked for twice comes once.
    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>, DirectoryError>;

    /// Devices of these people that content must wait for: seen lately and with a live session.
    async fn live_devices(&self, users: &[UserId]) -> Result<Vec<LiveDevice>, DirectoryError>;

    /// Whether `from` may open a conversation with `to`. `NOT_FOUND` if either does not exist, `FORBIDDEN` with the remedy if
    /// `from` blocks `to`. That `to` blocks `from` changes nothing in the answer.
    async fn may_talk(&self, from: UserId, to: UserId) -> Result<bool, DirectoryError>;

    /// Contacts and blocks of this person; none of whom nothing is known.
    async fn relations(&self, user: UserId) -> Result<Relations, DirectoryError>;

    /// The keys that access tokens may be signed with at present.
    async fn signing_keys(&self) -> Result<Vec<PublicKey>, DirectoryError>;
}

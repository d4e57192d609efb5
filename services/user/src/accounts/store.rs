use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use contracts::{LiveDevice, Profile};
use kernel::{DeviceId, SessionId, Timestamp, UserId};

use crate::outbox::Cause;
use crate::store::StoreError;

/// One installation of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device {
    /// Names it.
    pub(crate) id: DeviceId,
    /// What its owner calls it.
    pub(crate) name: String,
    /// What it said it is, `web` or anything else.
    pub(crate) platform: String,
    /// When it last logged in or refreshed, to the hour.
    pub(crate) last_seen_at: Timestamp,
}

/// One log-in on one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// Names it (`sid` in tokens).
    pub(crate) id: SessionId,
    /// Whose it is.
    pub(crate) user: UserId,
    /// The device it runs on.
    pub(crate) device: DeviceId,
    /// Goes into its refresh tokens.
    pub(crate) nonce: [u8; 16],
    /// The highest refresh token that was presented; the one after it is valid too.
    pub(crate) used: u64,
    /// When it began.
    pub(crate) created_at: Timestamp,
    /// When it was last refreshed.
    pub(crate) last_used_at: Timestamp,
    /// When it ends unless refreshed.
    pub(crate) expires_at: Timestamp,
    /// When it was ended, if it was.
    pub(crate) revoked_at: Option<Timestamp>,
}

/// What [`Accounts::sign_in`] needs to know.
#[derive(Debug, Clone)]
pub(crate) struct SignIn {
    /// Proven to be this person's; normalised.
    pub(crate) address: String,
    /// The person's id, if the address is new.
    pub(crate) new_user: UserId,
    /// The device that the client says it is.
    pub(crate) device: Option<DeviceId>,
    /// The device's id otherwise.
    pub(crate) new_device: DeviceId,
    /// What the device is to be called.
    pub(crate) device_name: String,
    /// What it says it is.
    pub(crate) platform: String,
    /// The session to begin.
    pub(crate) session: NewSession,
    /// The present.
    pub(crate) now: Timestamp,
}

/// The session that a log-in begins.
#[derive(Debug, Clone)]
pub(crate) struct NewSession {
    /// Its id.
    pub(crate) id: SessionId,
    /// Goes into its refresh tokens.
    pub(crate) nonce: [u8; 16],
    /// When it ends unless refreshed.
    pub(crate) expires_at: Timestamp,
}

/// Who came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignedIn {
    /// The person.
    pub(crate) user: Profile,
    /// The device.
    pub(crate) device: Device,
    /// Whether the address was new.
    pub(crate) is_new: bool,
}

/// What became of a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rotation {
    /// Accepted: the token after it is the next.
    Rotated,
    /// Its successor had been used already: the session is ended now, if it was not before.
    Reused,
    /// No such session, or it has ended.
    Ended,
}

/// A session that was ended just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Which.
    pub(crate) session: SessionId,
    /// The device it ran on.
    pub(crate) device: DeviceId,
}

/// Devices seen since then still count; the second is for `platform: web`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SeenSince {
    /// The present; sessions must not have expired by now.
    pub(crate) now: Timestamp,
    /// For most devices.
    pub(crate) others: Timestamp,
    /// For browsers.
    pub(crate) web: Timestamp,
}

/// Accounts. Every change is one transaction; once it is answered it is durable (on a majority) and every later read has it.
/// After an error it is not known whether the change was made.
#[async_trait]
pub(crate) trait Accounts: Send + Sync + fmt::Debug {
    /// Finds the person of the address or makes one, takes or makes the device and begins the session, all or nothing.
    /// An address has exactly one person, however many log in at once. A device that is not this person's becomes
    /// `new_device`. Sets the device's name and platform, and that it was seen.
    async fn sign_in(&self, sign_in: SignIn) -> Result<SignedIn, StoreError>;

    /// The session, whatever its state.
    async fn session(&self, session: SessionId) -> Result<Option<Session>, StoreError>;

    /// Uses refresh token number `n`: accepted if it is the one after the last used, or that itself. Of any number of
    /// callers with the same number all get the same answer. An older one ends the session. When accepted, the session
    /// lasts until `expires_at` and its device counts as seen (to the hour).
    async fn rotate(
        &self,
        session: SessionId,
        n: u64,
        expires_at: Timestamp,
        cause: &Cause,
    ) -> Result<Rotation, StoreError>;

    /// Ends one session of this person and tells it (`session.revoked`). `None` if it is not theirs or has ended before.
    async fn end_session(
        &self,
        user: UserId,
        session: SessionId,
        cause: &Cause,
    ) -> Result<Option<Ended>, StoreError>;

    /// Sessions of this person that have not ended, newest first.
    async fn sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// The person's devices, the last seen first.
    async fn devices(&self, user: UserId) -> Result<Vec<Device>, StoreError>;

    /// Forgets a device of this person, ends its sessions and tells both. `None` if it is not theirs.
    async fn remove_device(
        &self,
        user: UserId,
        device: DeviceId,
        cause: &Cause,
    ) -> Result<Option<Vec<Ended>>, StoreError>;

    /// Devices of these people that were seen lately and have a session that has not ended.
    async fn live_devices(
        &self,
        users: &[UserId],
        since: SeenSince,
    ) -> Result<Vec<LiveDevice>, StoreError>;

    /// Answers if the store is in reach.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// A device is noted as seen at most this often.
pub(crate) const SEEN_STEP: Duration = Duration::from_hours(1);

/// The platform whose devices count as gone sooner.
pub(crate) const WEB: &str = "web";

/// A person who has just come in for the first time.
pub(crate) const fn blank(id: UserId, created_at: Timestamp) -> Profile {
    Profile { id, name: None, username: None, bio: None, avatar_url: None, created_at }
}

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use contracts::{Discretion, LiveDevice, Profile};
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
    /// How much the person may have.
    pub(crate) most: Most,
    /// When it happens, and what the ends of others that had to make room follow from.
    pub(crate) cause: Cause,
}

/// How many devices and sessions a person has at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Most {
    /// Devices, logged in or not.
    pub(crate) devices: u32,
    /// Sessions that have not ended.
    pub(crate) sessions: u32,
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
    /// What had to make room.
    pub(crate) room: Room,
}

/// What a log-in took the place of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Room {
    /// Devices that were forgotten.
    pub(crate) devices: Vec<DeviceId>,
    /// Sessions that were ended, those of these devices included.
    pub(crate) ended: Vec<Ended>,
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

/// Devices seen after that moment still count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SeenSince {
    /// The present; sessions must not have expired by now.
    pub(crate) now: Timestamp,
    /// For most devices.
    pub(crate) others: Timestamp,
    /// For browsers, that is `platform: web`; not before `others`.
    pub(crate) web: Timestamp,
}

/// A device and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Owned {
    /// The person.
    pub(crate) user: UserId,
    /// Their device.
    pub(crate) device: DeviceId,
}

/// Accounts. Every change is one transaction; once it is answered it is durable (on a majority) and every later read has it.
/// After an error it is not known whether the change was made.
#[async_trait]
pub(crate) trait Accounts: Send + Sync + fmt::Debug {
    /// Finds the person of the address or makes one, takes or makes the device and begins the session, all or nothing.
    /// An address has exactly one person, however many log in at once. A device that is not this person's becomes
    /// `new_device`. Sets the device's name and platform, and that it was seen.
    ///
    /// Whatever is then above `most` makes room, at most [`ROOM`] of each at once: devices without a session first, then
    /// those unseen longest, with their sessions; then the sessions unused longest. Never what has just come in. All of it
    /// is told. Several log-ins at once may all come in before the next one puts it right.
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

    /// Forgets a device of this person, ends its sessions and tells both. `None` if it is not theirs, or was seen after the
    /// moment that `unseen` gives for it: a refresh that comes at the same time either goes before, and the device stays,
    /// or finds its session ended.
    async fn remove_device(
        &self,
        user: UserId,
        device: DeviceId,
        unseen: Option<SeenSince>,
        cause: &Cause,
    ) -> Result<Option<Vec<Ended>>, StoreError>;

    /// Devices that do not count any more, of anybody, at most `limit`; none is left if fewer are answered. Those that went
    /// without being seen for longer than any device may come first. Looks at no others.
    async fn idle_devices(&self, since: SeenSince, limit: u32) -> Result<Vec<Owned>, StoreError>;

    /// Devices of these people that were seen lately and have a session that has not ended.
    async fn live_devices(
        &self,
        users: &[UserId],
        since: SeenSince,
    ) -> Result<Vec<LiveDevice>, StoreError>;

    /// Answers if the store is in reach.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// A device is noted as seen at most this often, and only by log-in and refresh. That is enough however long its socket stays
/// open: no access token lives longer than a day, a socket is closed when its token ends, and a new token takes a refresh. So
/// the note on a device in use is at most a day and an hour old, and no device is forgotten before two days
/// (`user.devices.idle_s`).
pub(crate) const SEEN_STEP: Duration = Duration::from_hours(1);

/// Devices, and sessions, that make room in one log-in at most, so that its transaction stays short.
pub(crate) const ROOM: usize = 32;

/// The platform whose devices count as gone sooner.
pub(crate) const WEB: &str = "web";

/// A person who has just come in for the first time.
pub(crate) const fn blank(id: UserId, created_at: Timestamp) -> Profile {
    let discretion = Discretion { hides_reads: false, hides_last_seen: false };
    Profile { id, name: None, username: None, bio: None, avatar_url: None, created_at, discretion }
}

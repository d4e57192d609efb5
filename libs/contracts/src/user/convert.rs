use kernel::{DeviceId, Id, Timestamp, UserId, WireError};

use crate::generated::user as wire;
use crate::{Discretion, LiveDevice, Profile, PublicKey};

pub(super) fn bytes<K>(id: Id<K>) -> Vec<u8> {
    id.uuid().as_bytes().to_vec()
}

pub(super) fn all_bytes<K>(ids: &[Id<K>]) -> Vec<Vec<u8>> {
    ids.iter().map(|id| id.uuid().as_bytes().to_vec()).collect()
}

pub(super) fn id<K>(field: &str, bytes: &[u8]) -> Result<Id<K>, WireError> {
    let bytes = bytes.try_into().map_err(|_| WireError::invalid(field, "must be 16 bytes"))?;
    Ok(Id::from_uuid(uuid::Uuid::from_bytes(bytes)))
}

pub(super) fn ids(field: &str, ids: &[Vec<u8>]) -> Result<Vec<UserId>, WireError> {
    ids.iter().map(|bytes| id(field, bytes)).collect()
}

impl From<Profile> for wire::Profile {
    fn from(profile: Profile) -> Self {
        Self {
            id: bytes(profile.id),
            name: profile.name,
            username: profile.username,
            bio: profile.bio,
            avatar_url: profile.avatar_url,
            created_at_ms: profile.created_at.as_millis(),
            hides_reads: profile.discretion.hides_reads,
            hides_last_seen: profile.discretion.hides_last_seen,
        }
    }
}

impl TryFrom<wire::Profile> for Profile {
    type Error = WireError;

    fn try_from(profile: wire::Profile) -> Result<Self, WireError> {
        Ok(Self {
            id: id("id", &profile.id)?,
            name: profile.name,
            username: profile.username,
            bio: profile.bio,
            avatar_url: profile.avatar_url,
            created_at: Timestamp::from_millis(profile.created_at_ms),
            discretion: Discretion {
                hides_reads: profile.hides_reads,
                hides_last_seen: profile.hides_last_seen,
            },
        })
    }
}

impl From<LiveDevice> for wire::LiveDevice {
    fn from(live: LiveDevice) -> Self {
        Self { user_id: bytes(live.user), device_id: bytes(live.device), platform: live.platform }
    }
}

impl TryFrom<wire::LiveDevice> for LiveDevice {
    type Error = WireError;

    fn try_from(live: wire::LiveDevice) -> Result<Self, WireError> {
        let device: DeviceId = id("deviceId", &live.device_id)?;
        Ok(Self { user: id("userId", &live.user_id)?, device, platform: live.platform })
    }
}

impl From<PublicKey> for wire::SigningKey {
    fn from(key: PublicKey) -> Self {
        Self { kid: key.kid, x: key.x.to_vec() }
    }
}

impl TryFrom<wire::SigningKey> for PublicKey {
    type Error = WireError;

    fn try_from(key: wire::SigningKey) -> Result<Self, WireError> {
        let x = key.x.try_into().map_err(|_| WireError::invalid("x", "must be 32 bytes"))?;
        Ok(Self { kid: key.kid, x })
    }
}

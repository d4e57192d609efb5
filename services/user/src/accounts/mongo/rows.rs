use bson::spec::BinarySubtype;
use bson::{Binary, DateTime};
use kernel::UserId;
use serde::{Deserialize, Serialize};

use super::super::{Device, Ended, Session, SignIn};
use crate::mongo::{date, id, time, uuid};
use crate::store::StoreError;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeviceRow {
    #[serde(rename = "_id")]
    pub(super) id: bson::Uuid,
    pub(super) user_id: bson::Uuid,
    pub(super) name: String,
    pub(super) platform: String,
    pub(super) last_seen_at: DateTime,
}

impl From<DeviceRow> for Device {
    fn from(row: DeviceRow) -> Self {
        Self {
            id: id(row.id),
            name: row.name,
            platform: row.platform,
            last_seen_at: time(row.last_seen_at),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionRow {
    #[serde(rename = "_id")]
    pub(super) id: bson::Uuid,
    user_id: bson::Uuid,
    pub(super) device_id: bson::Uuid,
    nonce: Binary,
    used: i64,
    pub(super) created_at: DateTime,
    pub(super) last_used_at: DateTime,
    expires_at: DateTime,
    revoked_at: Option<DateTime>,
}

impl SessionRow {
    pub(super) fn begin(user: UserId, device: bson::Uuid, sign_in: &SignIn) -> Self {
        let nonce = sign_in.session.nonce.to_vec();
        Self {
            id: uuid(sign_in.session.id),
            user_id: uuid(user),
            device_id: device,
            nonce: Binary { subtype: BinarySubtype::Generic, bytes: nonce },
            used: 0,
            created_at: date(sign_in.cause.at),
            last_used_at: date(sign_in.cause.at),
            expires_at: date(sign_in.session.expires_at),
            revoked_at: None,
        }
    }

    pub(super) fn user(&self) -> UserId {
        id(self.user_id)
    }

    pub(super) fn ended(&self) -> Ended {
        Ended { session: id(self.id), device: id(self.device_id) }
    }
}

impl TryFrom<SessionRow> for Session {
    type Error = StoreError;

    fn try_from(row: SessionRow) -> Result<Self, StoreError> {
        let nonce = row.nonce.bytes.try_into();
        Ok(Self {
            id: id(row.id),
            user: id(row.user_id),
            device: id(row.device_id),
            nonce: nonce.map_err(|_| StoreError("a nonce is not 16 bytes".to_owned()))?,
            used: row.used.cast_unsigned(),
            created_at: time(row.created_at),
            last_used_at: time(row.last_used_at),
            expires_at: time(row.expires_at),
            revoked_at: row.revoked_at.map(time),
        })
    }
}

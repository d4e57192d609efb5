//! Who is here, as leases among the short-lived keys: each device of each instance has its own, and it ends by itself when the
//! instance does not renew it. Lost, they are written again with the next renewal.

use std::sync::Arc;
use std::time::Duration;

use kernel::{DeviceId, Timestamp, UserId};
use kv::{Field, Kv, KvError};

use super::status::{Chosen, Known, Shown};

/// The field that holds when a person was last here, beside those of their devices.
const SEEN: &str = "seen";

/// A device that is here, and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Whose it is.
    pub user: UserId,
    /// The device.
    pub device: DeviceId,
    /// What it says.
    pub chosen: Chosen,
}

/// The leases of this instance, and a look at everybody's.
#[derive(Debug)]
pub struct Leases {
    kv: Arc<dyn Kv>,
    /// Tells this instance's leases from others' of the same device.
    instance: String,
    life: Duration,
    remembered: Duration,
}

impl Leases {
    /// Leases live as long as `life` without being renewed; when somebody was last here is known for `remembered`.
    pub fn new(kv: Arc<dyn Kv>, instance: String, life: Duration, remembered: Duration) -> Self {
        Self { kv, instance, life, remembered }
    }

    /// Takes or renews leases, in one pipeline.
    pub async fn renew(&self, leases: &[Lease]) -> Result<(), KvError> {
        let field = |lease: &Lease| Field {
            key: key(lease.user),
            name: self.name(lease.device),
            value: vec![lease.chosen.as_byte()],
        };
        let fields: Vec<Field> = leases.iter().map(field).collect();
        self.kv.set_fields(&fields, self.life).await
    }

    /// Gives back the lease of a device.
    pub async fn end(&self, user: UserId, device: DeviceId) -> Result<(), KvError> {
        self.kv.remove_field(&key(user), &self.name(device)).await
    }

    /// Notes when these people were last here.
    pub async fn seen(&self, users: &[UserId], now: Timestamp) -> Result<(), KvError> {
        let value = now.as_millis().to_string().into_bytes();
        let field =
            |user: &UserId| Field { key: key(*user), name: SEEN.to_owned(), value: value.clone() };
        let fields: Vec<Field> = users.iter().map(field).collect();
        self.kv.set_fields(&fields, self.remembered).await
    }

    /// What is known of these people, in the same order.
    pub async fn read(&self, users: &[UserId]) -> Result<Vec<Known>, KvError> {
        let keys: Vec<String> = users.iter().map(|user| key(*user)).collect();
        let found = self.kv.fields(&keys).await?;
        Ok(found.iter().map(|fields| known(fields)).collect())
    }

    fn name(&self, device: DeviceId) -> String {
        format!("{device}@{}", self.instance)
    }
}

fn key(user: UserId) -> String {
    format!("presence:{user}")
}

/// What another version has written and this one cannot read counts for nothing.
fn known(fields: &[Field]) -> Known {
    let device = |field: &Field| match field.value[..] {
        [byte] if field.name != SEEN => Chosen::from_byte(byte),
        _ => None,
    };
    let devices: Vec<Chosen> = fields.iter().filter_map(device).collect();
    let shown = Shown::of(&devices);
    let seen = fields.iter().find(|field| field.name == SEEN);
    let millis = seen.and_then(|seen| str::from_utf8(&seen.value).ok()?.parse().ok());
    let last_seen = millis.map(Timestamp::from_millis).filter(|_| shown == Shown::Offline);
    Known { shown, last_seen }
}

use kernel::{DeviceId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::accounts::Device;

/// One installation of a client.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeviceView {
    /// Names it.
    #[schema(value_type = String, format = Uuid)]
    id: DeviceId,
    /// What its owner calls it.
    name: String,
    /// What it said it is.
    platform: String,
    /// When it last logged in or refreshed, to the hour.
    #[schema(value_type = String, format = DateTime)]
    last_seen_at: Timestamp,
}

impl From<Device> for DeviceView {
    fn from(device: Device) -> Self {
        Self {
            id: device.id,
            name: device.name,
            platform: device.platform,
            last_seen_at: device.last_seen_at,
        }
    }
}

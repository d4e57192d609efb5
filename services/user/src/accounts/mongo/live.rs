use std::collections::HashSet;

use bson::doc;
use contracts::LiveDevice;
use futures::TryStreamExt;
use kernel::UserId;
use serde::Deserialize;

use super::super::SeenSince;
use super::super::store::WEB;
use super::rows::DeviceRow;
use crate::mongo::{DEVICES, Mongo, SESSIONS, date, id, uuid, within};
use crate::store::StoreError;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OpenRow {
    device_id: bson::Uuid,
}

/// Devices of these people that were seen since then and have a session that has not ended.
pub(super) async fn find(
    mongo: &Mongo,
    users: &[UserId],
    since: SeenSince,
) -> Result<Vec<LiveDevice>, StoreError> {
    let users: Vec<_> = users.iter().copied().map(uuid).collect();
    let seen = doc! { "userId": { "$in": users }, "$or": [
        { "platform": WEB, "lastSeenAt": { "$gt": date(since.web) } },
        { "platform": { "$ne": WEB }, "lastSeenAt": { "$gt": date(since.others) } },
    ] };
    let devices = mongo.rows::<DeviceRow>(DEVICES);
    let find = async { devices.find(seen).await?.try_collect::<Vec<_>>().await };
    let devices = within(find).await?;
    let open = open(mongo, &devices, since).await?;
    let live = devices.into_iter().filter(|device| open.contains(&device.id));
    Ok(live
        .map(|device| LiveDevice {
            user: id(device.user_id),
            device: id(device.id),
            platform: device.platform,
        })
        .collect())
}

async fn open(
    mongo: &Mongo,
    devices: &[DeviceRow],
    since: SeenSince,
) -> Result<HashSet<bson::Uuid>, StoreError> {
    let devices: Vec<_> = devices.iter().map(|device| device.id).collect();
    let filter = doc! {
        "deviceId": { "$in": devices }, "revokedAt": null, "expiresAt": { "$gt": date(since.now) },
    };
    let rows = mongo.rows::<OpenRow>(SESSIONS);
    let find = async {
        let only = doc! { "_id": 0, "deviceId": 1 };
        rows.find(filter).projection(only).await?.try_collect::<Vec<_>>().await
    };
    Ok(within(find).await?.into_iter().map(|row| row.device_id).collect())
}

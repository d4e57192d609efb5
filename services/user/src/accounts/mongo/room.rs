use std::collections::HashSet;

use bson::doc;
use futures::TryStreamExt;
use mongodb::ClientSession;
use mongodb::error::Result as Answer;

use super::super::store::ROOM;
use super::super::{Owned, Room, SignIn};
use super::rows::{DeviceRow, SessionRow};
use super::{Ending, Removing, end_all, remove};
use crate::mongo::{DEVICES, Mongo, SESSIONS, date, id, uuid};

/// Takes away what the person has too much now, but for what has just come in.
pub(super) async fn make(
    mongo: &Mongo,
    session: &mut ClientSession,
    came: Owned,
    sign_in: &SignIn,
) -> Answer<Room> {
    let mut room = Room::default();
    let open = open(mongo, session, came, sign_in).await?;
    let devices = devices(mongo, session, came, &open).await?;
    for row in surplus(&devices, sign_in.most.devices) {
        let owned = Owned { device: id(row.id), ..came };
        let filter = doc! { "_id": row.id, "userId": row.user_id };
        let cause = sign_in.cause.clone();
        let mut removing = Removing { mongo: mongo.clone(), owned, filter, cause };
        let ended = remove(session, &mut removing).await?;
        room.ended.extend(ended.unwrap_or_default());
        room.devices.push(owned.device);
    }
    let gone: HashSet<_> = room.ended.iter().map(|ended| uuid(ended.session)).collect();
    let left: Vec<_> = open.iter().map(|row| row.id).filter(|id| !gone.contains(id)).collect();
    let surplus = surplus(&left, sign_in.most.sessions);
    if !surplus.is_empty() {
        let filter = doc! { "_id": { "$in": surplus }, "revokedAt": null };
        let mut ending = Ending { mongo: mongo.clone(), filter, cause: sign_in.cause.clone() };
        room.ended.extend(end_all(session, &mut ending).await?);
    }
    Ok(room)
}

/// The first that are too many, but no more than go at once.
fn surplus<T>(all: &[T], most: u32) -> &[T] {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    &all[..all.len().saturating_sub(most).min(ROOM)]
}

/// The person's sessions that have not ended, the first to go at the front.
async fn open(
    mongo: &Mongo,
    session: &mut ClientSession,
    came: Owned,
    sign_in: &SignIn,
) -> Answer<Vec<SessionRow>> {
    let now = date(sign_in.cause.at);
    let filter = doc! { "userId": uuid(came.user), "revokedAt": null, "expiresAt": { "$gt": now } };
    let rows = mongo.rows::<SessionRow>(SESSIONS);
    let mut found = rows.find(filter).session(&mut *session).await?;
    let mut open: Vec<SessionRow> = found.stream(&mut *session).try_collect().await?;
    let new = uuid(sign_in.session.id);
    open.sort_by_key(|row| (row.id == new, row.last_used_at, row.created_at, row.id.bytes()));
    Ok(open)
}

/// The person's devices, the first to go at the front.
async fn devices(
    mongo: &Mongo,
    session: &mut ClientSession,
    came: Owned,
    open: &[SessionRow],
) -> Answer<Vec<DeviceRow>> {
    let rows = mongo.rows::<DeviceRow>(DEVICES);
    let own = doc! { "userId": uuid(came.user) };
    let mut found = rows.find(own).session(&mut *session).await?;
    let mut devices: Vec<DeviceRow> = found.stream(&mut *session).try_collect().await?;
    let open: HashSet<_> = open.iter().map(|row| row.device_id).collect();
    let new = uuid(came.device);
    devices.sort_by_key(|row| {
        (row.id == new, open.contains(&row.id), row.last_seen_at, row.id.bytes())
    });
    Ok(devices)
}

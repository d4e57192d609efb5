use contracts::Profile;
use kernel::{DeviceId, Timestamp, UserId};
use sqlite::{Connection, OptionalExtension, SqliteError, params};

use super::super::store::{ROOM, blank};
use super::super::{Device, Owned, Room, SignIn, SignedIn};
use super::{end, remove, session_row};
use crate::preferences::Preferences;
use crate::sqlite::{id, profile, raw};

/// Expired sessions that one log-in clears away.
const CLEARED: u32 = 16;

/// One log-in, in the transaction.
pub(super) fn run(tx: &Connection, sign_in: &SignIn) -> Result<SignedIn, SqliteError> {
    let (user, is_new) = find_or_make(tx, sign_in)?;
    let device = take_device(tx, user.id, sign_in)?;
    clear_expired(tx, sign_in.cause.at)?;
    begin(tx, user.id, device.id, sign_in)?;
    let room = make_room(tx, Owned { user: user.id, device: device.id }, sign_in)?;
    Ok(SignedIn { user, device, is_new, room })
}

fn find_or_make(tx: &Connection, sign_in: &SignIn) -> Result<(Profile, bool), SqliteError> {
    let sql = "SELECT users.* FROM users JOIN user_logins ON user_id = id WHERE address = ?1";
    let known = tx.prepare_cached(sql)?.query_row([&sign_in.address], profile).optional()?;
    if let Some(known) = known {
        return Ok((known, false));
    }
    let user = sign_in.new_user;
    let chosen = Preferences::default();
    let sql = "INSERT INTO users (id, created_at, read_receipts, last_seen, discoverable_by_mail,
         who_may_message_me) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    tx.prepare_cached(sql)?.execute(params![
        raw(user),
        sign_in.cause.at.as_millis(),
        chosen.read_receipts,
        chosen.last_seen,
        chosen.discoverable_by_mail,
        chosen.who_may_message_me.as_str(),
    ])?;
    let sql = "INSERT INTO user_logins (address, user_id) VALUES (?1, ?2)";
    tx.prepare_cached(sql)?.execute(params![sign_in.address, raw(user)])?;
    Ok((blank(user, sign_in.cause.at), true))
}

fn take_device(tx: &Connection, user: UserId, sign_in: &SignIn) -> Result<Device, SqliteError> {
    let device = Device {
        id: sign_in.device.unwrap_or(sign_in.new_device),
        name: sign_in.device_name.clone(),
        platform: sign_in.platform.clone(),
        last_seen_at: sign_in.cause.at,
    };
    let sql = "UPDATE user_devices SET name = ?3, platform = ?4, last_seen_at = ?5
         WHERE id = ?1 AND user_id = ?2";
    let write = |sql: &str, id: DeviceId| {
        tx.prepare_cached(sql)?.execute(params![
            raw(id),
            raw(user),
            device.name,
            device.platform,
            device.last_seen_at.as_millis(),
        ])
    };
    if sign_in.device.is_some() && write(sql, device.id)? == 1 {
        return Ok(device);
    }
    let sql = "INSERT INTO user_devices (id, user_id, name, platform, last_seen_at)
         VALUES (?1, ?2, ?3, ?4, ?5)";
    write(sql, sign_in.new_device)?;
    Ok(Device { id: sign_in.new_device, ..device })
}

fn begin(
    tx: &Connection,
    user: UserId,
    device: DeviceId,
    sign_in: &SignIn,
) -> Result<(), SqliteError> {
    let sql = "INSERT INTO user_sessions
         (id, user_id, device_id, nonce, used, created_at, last_used_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, 0, ?5, ?5, ?6)";
    tx.prepare_cached(sql)?.execute(params![
        raw(sign_in.session.id),
        raw(user),
        raw(device),
        sign_in.session.nonce,
        sign_in.cause.at.as_millis(),
        sign_in.session.expires_at.as_millis(),
    ])?;
    Ok(())
}

/// Clears away some sessions that ended by themselves. There are at most as many as there were log-ins.
fn clear_expired(tx: &Connection, now: Timestamp) -> Result<(), SqliteError> {
    let sql = "DELETE FROM user_sessions WHERE id IN
         (SELECT id FROM user_sessions WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";
    tx.prepare_cached(sql)?.execute(params![now.as_millis(), CLEARED])?;
    Ok(())
}

fn make_room(tx: &Connection, came: Owned, sign_in: &SignIn) -> Result<Room, SqliteError> {
    let mut room = Room::default();
    for device in surplus_devices(tx, came, sign_in)?.into_iter().rev().take(ROOM) {
        let ended = remove(tx, Owned { device, ..came }, &sign_in.cause)?;
        room.ended.extend(ended.unwrap_or_default());
        room.devices.push(device);
    }
    let sql = "SELECT * FROM user_sessions
         WHERE user_id = ?1 AND revoked_at IS NULL AND expires_at > ?2
         ORDER BY id = ?3 DESC, last_used_at DESC, created_at DESC, id DESC LIMIT -1 OFFSET ?4";
    let now = sign_in.cause.at.as_millis();
    let (most, new) = (sign_in.most.sessions, raw(sign_in.session.id));
    let surplus = {
        let mut statement = tx.prepare_cached(sql)?;
        let row = params![raw(came.user), now, new, most];
        let rows = statement.query_map(row, session_row)?;
        rows.collect::<Result<Vec<_>, _>>()?
    };
    for session in surplus.iter().rev().take(ROOM) {
        room.ended.push(end(tx, session, &sign_in.cause)?);
    }
    Ok(room)
}

/// The person's devices but for those that are to stay; the first to go are at the end.
fn surplus_devices(
    tx: &Connection,
    came: Owned,
    sign_in: &SignIn,
) -> Result<Vec<DeviceId>, SqliteError> {
    let sql = "SELECT id FROM user_devices AS device WHERE user_id = ?1
         ORDER BY id = ?2 DESC,
             EXISTS (SELECT 1 FROM user_sessions WHERE device_id = device.id
                 AND revoked_at IS NULL AND expires_at > ?3) DESC,
             last_seen_at DESC, id DESC
         LIMIT -1 OFFSET ?4";
    let now = sign_in.cause.at.as_millis();
    let mut statement = tx.prepare_cached(sql)?;
    let row = params![raw(came.user), raw(came.device), now, sign_in.most.devices];
    let rows = statement.query_map(row, |row| id(row, "id"))?;
    Ok(rows.collect::<Result<Vec<_>, _>>()?)
}

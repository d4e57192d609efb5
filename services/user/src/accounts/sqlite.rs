mod idle;
mod sign_in;

use async_trait::async_trait;
use contracts::LiveDevice;
use contracts::events::{DeviceRemoved, Event, SessionRevoked};
use kernel::{DeviceId, SessionId, Timestamp, UserId};
use sqlite::rusqlite;
use sqlite::{Connection, Database, OptionalExtension, Row, SqliteError, params};

use super::store::{SEEN_STEP, WEB};
use super::{Accounts, Device, Ended, Owned, Rotation, SeenSince, Session, SignIn, SignedIn};
use crate::outbox::{Cause, add_sqlite};
use crate::sqlite::{id, moment, raw};
use crate::store::StoreError;

/// Accounts in a SQLite file.
#[derive(Debug)]
pub(crate) struct SqliteAccounts(pub(crate) Database);

#[async_trait]
impl Accounts for SqliteAccounts {
    #[tracing::instrument(skip_all, fields(session = %sign_in.session.id))]
    async fn sign_in(&self, sign_in: SignIn) -> Result<SignedIn, StoreError> {
        Ok(self.0.write(move |tx| sign_in::run(tx, &sign_in)).await?)
    }

    async fn session(&self, session: SessionId) -> Result<Option<Session>, StoreError> {
        Ok(self.0.read(move |tx| find_session(tx, session)).await?)
    }

    #[tracing::instrument(skip(self, expires_at, cause))]
    async fn rotate(
        &self,
        session: SessionId,
        n: u64,
        expires_at: Timestamp,
        cause: &Cause,
    ) -> Result<Rotation, StoreError> {
        let cause = cause.clone();
        let rotation = self.0.write(move |tx| {
            let Some(found) = find_session(tx, session)? else { return Ok(Rotation::Ended) };
            if found.revoked_at.is_some() || found.expires_at <= cause.at {
                return Ok(Rotation::Ended);
            }
            if n < found.used {
                end(tx, &found, &cause)?;
                return Ok(Rotation::Reused);
            }
            if n > found.used + 1 {
                return Ok(Rotation::Ended);
            }
            let sql = "UPDATE user_sessions SET used = ?2, last_used_at = ?3, expires_at = ?4
                 WHERE id = ?1";
            let row = params![
                raw(session),
                n.cast_signed(),
                cause.at.as_millis(),
                expires_at.as_millis()
            ];
            tx.prepare_cached(sql)?.execute(row)?;
            see(tx, found.device, cause.at)?;
            Ok(Rotation::Rotated)
        });
        Ok(rotation.await?)
    }

    #[tracing::instrument(skip(self, cause))]
    async fn end_session(
        &self,
        user: UserId,
        session: SessionId,
        cause: &Cause,
    ) -> Result<Option<Ended>, StoreError> {
        let cause = cause.clone();
        let ended = self.0.write(move |tx| {
            let found = find_session(tx, session)?;
            let found = found.filter(|found| found.user == user && found.revoked_at.is_none());
            found.map(|found| end(tx, &found, &cause)).transpose()
        });
        Ok(ended.await?)
    }

    async fn sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let sessions = self.0.read(move |tx| {
            let sql = "SELECT * FROM user_sessions
                 WHERE user_id = ?1 AND revoked_at IS NULL AND expires_at > ?2
                 ORDER BY created_at DESC, id DESC";
            let mut statement = tx.prepare_cached(sql)?;
            let rows = statement.query_map(params![raw(user), now.as_millis()], session_row)?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        });
        Ok(sessions.await?)
    }

    async fn devices(&self, user: UserId) -> Result<Vec<Device>, StoreError> {
        let devices = self.0.read(move |tx| {
            let sql =
                "SELECT * FROM user_devices WHERE user_id = ?1 ORDER BY last_seen_at DESC, id DESC";
            let mut statement = tx.prepare_cached(sql)?;
            let rows = statement.query_map([raw(user)], device_row)?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        });
        Ok(devices.await?)
    }

    #[tracing::instrument(skip(self, unseen, cause))]
    async fn remove_device(
        &self,
        user: UserId,
        device: DeviceId,
        unseen: Option<SeenSince>,
        cause: &Cause,
    ) -> Result<Option<Vec<Ended>>, StoreError> {
        let (owned, cause) = (Owned { user, device }, cause.clone());
        let remove = move |tx: &Connection| match unseen {
            Some(since) if !idle::is_idle(tx, owned, since)? => Ok(None),
            _ => remove(tx, owned, &cause),
        };
        Ok(self.0.write(remove).await?)
    }

    async fn idle_devices(&self, since: SeenSince, limit: u32) -> Result<Vec<Owned>, StoreError> {
        Ok(self.0.read(move |tx| idle::find(tx, since, limit)).await?)
    }

    async fn live_devices(
        &self,
        users: &[UserId],
        since: SeenSince,
    ) -> Result<Vec<LiveDevice>, StoreError> {
        let users = users.to_vec();
        let live = self.0.read(move |tx| {
            let mut live = Vec::new();
            for user in users {
                live.extend(live_devices_of(tx, user, since)?);
            }
            Ok(live)
        });
        Ok(live.await?)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let one = |tx: &Connection| Ok(tx.query_row("SELECT 1", [], |_| Ok(()))?);
        Ok(self.0.read(one).await?)
    }
}

fn find_session(tx: &Connection, session: SessionId) -> Result<Option<Session>, SqliteError> {
    let sql = "SELECT * FROM user_sessions WHERE id = ?1";
    Ok(tx.prepare_cached(sql)?.query_row([raw(session)], session_row).optional()?)
}

/// Forgets the device, ends its sessions and tells both. `None` if it is not that person's.
fn remove(tx: &Connection, owned: Owned, cause: &Cause) -> Result<Option<Vec<Ended>>, SqliteError> {
    let Owned { user, device } = owned;
    let sql = "DELETE FROM user_devices WHERE id = ?1 AND user_id = ?2";
    if tx.prepare_cached(sql)?.execute(params![raw(device), raw(user)])? == 0 {
        return Ok(None);
    }
    let mut ended = Vec::new();
    for session in open_sessions(tx, device)? {
        ended.push(end(tx, &session, cause)?);
    }
    let event = Event::DeviceRemoved(DeviceRemoved { user, device });
    add_sqlite(tx, &cause.message(&event))?;
    Ok(Some(ended))
}

fn open_sessions(tx: &Connection, device: DeviceId) -> Result<Vec<Session>, SqliteError> {
    let sql = "SELECT * FROM user_sessions WHERE device_id = ?1 AND revoked_at IS NULL";
    let mut statement = tx.prepare_cached(sql)?;
    let rows = statement.query_map([raw(device)], session_row)?;
    Ok(rows.collect::<Result<Vec<_>, _>>()?)
}

fn end(tx: &Connection, session: &Session, cause: &Cause) -> Result<Ended, SqliteError> {
    let sql = "UPDATE user_sessions SET revoked_at = ?2 WHERE id = ?1";
    tx.prepare_cached(sql)?.execute(params![raw(session.id), cause.at.as_millis()])?;
    let event = Event::SessionRevoked(SessionRevoked {
        user: session.user,
        session: session.id,
        device: session.device,
        at: cause.at,
    });
    add_sqlite(tx, &cause.message(&event))?;
    Ok(Ended { session: session.id, device: session.device })
}

fn see(tx: &Connection, device: DeviceId, now: Timestamp) -> Result<(), SqliteError> {
    let sql = "UPDATE user_devices SET last_seen_at = ?2 WHERE id = ?1 AND last_seen_at <= ?3";
    let step = now.minus(SEEN_STEP).as_millis();
    tx.prepare_cached(sql)?.execute(params![raw(device), now.as_millis(), step])?;
    Ok(())
}

fn live_devices_of(
    tx: &Connection,
    user: UserId,
    since: SeenSince,
) -> Result<Vec<LiveDevice>, SqliteError> {
    let sql = "SELECT * FROM user_devices AS device WHERE user_id = ?1
         AND last_seen_at > CASE platform WHEN ?2 THEN ?3 ELSE ?4 END
         AND EXISTS (SELECT 1 FROM user_sessions WHERE device_id = device.id
             AND revoked_at IS NULL AND expires_at > ?5)";
    let mut statement = tx.prepare_cached(sql)?;
    let row = params![
        raw(user),
        WEB,
        since.web.as_millis(),
        since.others.as_millis(),
        since.now.as_millis()
    ];
    let rows = statement.query_map(row, device_row)?;
    let live = rows.map(|device| {
        device.map(|device| LiveDevice { user, device: device.id, platform: device.platform })
    });
    Ok(live.collect::<Result<Vec<_>, _>>()?)
}

fn device_row(row: &Row<'_>) -> rusqlite::Result<Device> {
    Ok(Device {
        id: id(row, "id")?,
        name: row.get("name")?,
        platform: row.get("platform")?,
        last_seen_at: moment(row, "last_seen_at")?,
    })
}

fn session_row(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id: id(row, "id")?,
        user: id(row, "user_id")?,
        device: id(row, "device_id")?,
        nonce: row.get("nonce")?,
        used: row.get::<_, i64>("used")?.cast_unsigned(),
        created_at: moment(row, "created_at")?,
        last_used_at: moment(row, "last_used_at")?,
        expires_at: moment(row, "expires_at")?,
        revoked_at: row.get::<_, Option<i64>>("revoked_at")?.map(Timestamp::from_millis),
    })
}

//! The statements. Each function runs inside one transaction.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sqlite::{Connection, Migration, Row, SqliteError, params};
use uuid::Uuid;

use crate::{Message, Queue};

/// `attempt` rises with each failure that a consumer reports, `deliveries` each time that the job is handed out: one that
/// kills its consumers is never reported. `bus_depth` saves counting rows for each publish.
pub(super) const SCHEMA: &[Migration] = &[(
    "bus/001",
    "CREATE TABLE bus_jobs (
         id INTEGER PRIMARY KEY AUTOINCREMENT,
         namespace TEXT NOT NULL,
         queue TEXT NOT NULL,
         message BLOB NOT NULL,
         topic TEXT NOT NULL,
         payload BLOB NOT NULL,
         traceparent TEXT,
         attempt INTEGER NOT NULL DEFAULT 1,
         deliveries INTEGER NOT NULL DEFAULT 0,
         due_at INTEGER NOT NULL,
         expires_at INTEGER,
         dead INTEGER NOT NULL DEFAULT 0,
         UNIQUE (namespace, queue, message)
     ) STRICT;
     CREATE INDEX bus_jobs_due ON bus_jobs (namespace, queue, dead, due_at, id);
     CREATE INDEX bus_jobs_expiry ON bus_jobs (expires_at) WHERE expires_at IS NOT NULL;
     CREATE TABLE bus_depth (
         namespace TEXT NOT NULL,
         queue TEXT NOT NULL,
         waiting INTEGER NOT NULL,
         PRIMARY KEY (namespace, queue)
     ) STRICT, WITHOUT ROWID;
     CREATE TRIGGER bus_jobs_in AFTER INSERT ON bus_jobs WHEN new.dead = 0 BEGIN
         INSERT INTO bus_depth VALUES (new.namespace, new.queue, 1)
             ON CONFLICT DO UPDATE SET waiting = waiting + 1;
     END;
     CREATE TRIGGER bus_jobs_out AFTER DELETE ON bus_jobs WHEN old.dead = 0 BEGIN
         UPDATE bus_depth SET waiting = waiting - 1
             WHERE namespace = old.namespace AND queue = old.queue;
     END;
     CREATE TRIGGER bus_jobs_dead AFTER UPDATE OF dead ON bus_jobs WHEN old.dead = 0 AND new.dead = 1 BEGIN
         UPDATE bus_depth SET waiting = waiting - 1
             WHERE namespace = old.namespace AND queue = old.queue;
     END;",
)];

/// Dead jobs kept for each queue; beyond, the oldest go.
const DEAD: u32 = 10_000;
/// Expired rows that one look for jobs clears away.
const SWEEP: u32 = 64;
/// A job handed out this often without being settled is dead-lettered: it may be what kills its consumers.
const UNSETTLED: i64 = 20;

/// A queue, seen at a moment.
pub(super) struct Lane {
    pub(super) namespace: Arc<str>,
    pub(super) queue: &'static Queue,
    pub(super) now: i64,
}

/// Says that this hand-out of the job is meant, not an earlier or later one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim {
    id: i64,
    deliveries: i64,
}

pub(super) struct Job {
    pub(super) claim: Claim,
    pub(super) attempt: u32,
    pub(super) expires_at: Option<i64>,
    message: Uuid,
    topic: String,
    payload: Vec<u8>,
    traceparent: Option<String>,
}

impl Job {
    fn read(row: &Row<'_>) -> Result<Self, ::sqlite::rusqlite::Error> {
        Ok(Self {
            claim: Claim { id: row.get(0)?, deliveries: row.get(1)? },
            attempt: row.get(2)?,
            expires_at: row.get(3)?,
            message: Uuid::from_bytes(row.get(4)?),
            topic: row.get(5)?,
            payload: row.get(6)?,
            traceparent: row.get(7)?,
        })
    }

    /// The message, moved out; its `ttl` is what is left of it.
    pub(super) fn take_message(&mut self, now: i64) -> Message {
        let left = self.expires_at.map(|at| u64::try_from(at - now).unwrap_or(0));
        Message {
            id: self.message,
            topic: std::mem::take(&mut self.topic),
            payload: Bytes::from(std::mem::take(&mut self.payload)),
            traceparent: self.traceparent.take(),
            ttl: left.map(Duration::from_millis),
        }
    }
}

/// Stores a copy in every lane, or in none: then the name of a queue that is full.
pub(super) fn publish(
    tx: &Connection,
    lanes: &[Lane],
    message: &Message,
) -> Result<Option<&'static str>, SqliteError> {
    let depth =
        "SELECT coalesce(max(waiting), 0) FROM bus_depth WHERE namespace = ?1 AND queue = ?2";
    for lane in lanes {
        let waiting: i64 = tx
            .prepare_cached(depth)?
            .query_row(params![lane.namespace, lane.queue.name], |row| row.get(0))?;
        if waiting >= i64::from(lane.queue.capacity) {
            return Ok(Some(lane.queue.name));
        }
    }
    let insert = "INSERT INTO bus_jobs
         (namespace, queue, message, topic, payload, traceparent, due_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING";
    for lane in lanes {
        tx.prepare_cached(insert)?.execute(params![
            lane.namespace,
            lane.queue.name,
            message.id.as_bytes(),
            message.topic,
            &message.payload[..],
            message.traceparent,
            lane.now,
            message.ttl.map(|ttl| lane.now.saturating_add(millis(ttl))),
        ])?;
    }
    Ok(None)
}

/// Takes up to `most` jobs that are due and that nobody holds.
pub(super) fn take(tx: &Connection, lane: &Lane, most: u32) -> Result<Vec<Job>, SqliteError> {
    hold_table(tx)?;
    sweep(tx, lane.now)?;
    let due = "SELECT id, deliveries + 1, attempt, expires_at, message, topic, payload, traceparent
         FROM bus_jobs
         WHERE namespace = ?1 AND queue = ?2 AND dead = 0 AND due_at <= ?3
             AND (expires_at IS NULL OR expires_at > ?3)
             AND NOT EXISTS (SELECT 1 FROM temp.bus_held WHERE job = bus_jobs.id)
         ORDER BY due_at, id LIMIT ?4";
    let mut statement = tx.prepare_cached(due)?;
    let found = params![lane.namespace, lane.queue.name, lane.now, most];
    let jobs = statement.query_map(found, Job::read)?.collect::<Result<Vec<_>, _>>()?;
    let mut taken = Vec::with_capacity(jobs.len());
    for job in jobs {
        if job.claim.deliveries - i64::from(job.attempt) >= UNSETTLED {
            set_dead(tx, lane, job.claim.id)?;
            continue;
        }
        tx.prepare_cached("UPDATE bus_jobs SET deliveries = ?2 WHERE id = ?1")?
            .execute(params![job.claim.id, job.claim.deliveries])?;
        tx.prepare_cached("INSERT INTO temp.bus_held (job, deliveries) VALUES (?1, ?2)")?
            .execute(params![job.claim.id, job.claim.deliveries])?;
        taken.push(job);
    }
    Ok(taken)
}

/// The job is done.
pub(super) fn finish(tx: &Connection, claim: Claim) -> Result<(), SqliteError> {
    if let_go(tx, claim)? {
        tx.prepare_cached("DELETE FROM bus_jobs WHERE id = ?1")?.execute([claim.id])?;
    }
    Ok(())
}

/// The job failed: it is due again after the back-off of this attempt, or dead if that was the last.
pub(super) fn retry(
    tx: &Connection,
    lane: &Lane,
    claim: Claim,
    attempt: u32,
) -> Result<(), SqliteError> {
    let Some(backoff) = lane.queue.backoff_after(attempt) else {
        return bury(tx, lane, claim);
    };
    if let_go(tx, claim)? {
        let again = "UPDATE bus_jobs SET attempt = attempt + 1, due_at = ?2 WHERE id = ?1";
        let due = lane.now.saturating_add(millis(backoff));
        tx.prepare_cached(again)?.execute(params![claim.id, due])?;
    }
    Ok(())
}

/// The job is dead-lettered.
pub(super) fn bury(tx: &Connection, lane: &Lane, claim: Claim) -> Result<(), SqliteError> {
    if let_go(tx, claim)? {
        set_dead(tx, lane, claim.id)?;
    }
    Ok(())
}

/// The job may be taken again.
pub(super) fn give_back(tx: &Connection, claim: Claim) -> Result<(), SqliteError> {
    let_go(tx, claim).map(drop)
}

pub(super) fn count_dead(connection: &Connection, lane: &Lane) -> Result<u64, SqliteError> {
    let sql = "SELECT count(*) FROM bus_jobs WHERE namespace = ?1 AND queue = ?2 AND dead = 1
         AND (expires_at IS NULL OR expires_at > ?3)";
    let row = params![lane.namespace, lane.queue.name, lane.now];
    let dead: i64 = connection.prepare_cached(sql)?.query_row(row, |row| row.get(0))?;
    Ok(dead.unsigned_abs())
}

/// Who holds a job is in a temporary table of the writer's connection, so it is forgotten with the process.
fn hold_table(tx: &Connection) -> Result<(), SqliteError> {
    let sql = "CREATE TEMP TABLE IF NOT EXISTS bus_held
         (job INTEGER PRIMARY KEY, deliveries INTEGER NOT NULL)";
    Ok(tx.prepare_cached(sql)?.execute([]).map(drop)?)
}

/// Ends the claim. `false` if it had ended already, or the job is gone (expired).
fn let_go(tx: &Connection, claim: Claim) -> Result<bool, SqliteError> {
    let held = "DELETE FROM temp.bus_held WHERE job = ?1 AND deliveries = ?2";
    if tx.prepare_cached(held)?.execute(params![claim.id, claim.deliveries])? == 0 {
        return Ok(false);
    }
    let there = "SELECT EXISTS (SELECT 1 FROM bus_jobs WHERE id = ?1)";
    Ok(tx.prepare_cached(there)?.query_row([claim.id], |row| row.get(0))?)
}

fn set_dead(tx: &Connection, lane: &Lane, id: i64) -> Result<(), SqliteError> {
    let dead = "UPDATE bus_jobs SET dead = 1, due_at = ?2 WHERE id = ?1";
    tx.prepare_cached(dead)?.execute(params![id, lane.now])?;
    let trim = "DELETE FROM bus_jobs WHERE id IN (
         SELECT id FROM bus_jobs WHERE namespace = ?1 AND queue = ?2 AND dead = 1
         ORDER BY due_at DESC, id DESC LIMIT -1 OFFSET ?3)";
    tx.prepare_cached(trim)?.execute(params![lane.namespace, lane.queue.name, DEAD])?;
    Ok(())
}

fn sweep(tx: &Connection, now: i64) -> Result<(), SqliteError> {
    let sql = "DELETE FROM bus_jobs WHERE id IN
         (SELECT id FROM bus_jobs WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";
    Ok(tx.prepare_cached(sql)?.execute(params![now, SWEEP]).map(drop)?)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use rusqlite::Connection;
use tokio::time::Instant;

use crate::job::Job;
use crate::log::WriteAhead;

/// Serves write jobs until the last [`crate::Database`] handle is gone.
///
/// Jobs that wait while a commit is under way go together in the next one, so the price of a disk flush is shared by
/// all of them and nobody waits for a timer. The write-ahead log is emptied at the latest `empty` after something was
/// written.
pub(crate) fn serve(
    connection: &Connection,
    jobs: &Receiver<Box<dyn Job>>,
    most: usize,
    empty: Duration,
) {
    let mut log = WriteAhead::new(connection, empty);
    loop {
        let first = match jobs.recv_timeout(log.rest()) {
            Ok(first) => first,
            Err(RecvTimeoutError::Timeout) => {
                log.empty_if_due();
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let mut batch = vec![first];
        while batch.len() < most {
            let Ok(job) = jobs.try_recv() else { break };
            batch.push(job);
        }
        batch.retain(|job| !job.abandoned());
        commit_all(connection, batch);
        log.written();
        log.empty_if_due();
    }
}

/// Runs the jobs in as few transactions as it takes: one, unless SQLite gives one up half-way.
fn commit_all(connection: &Connection, batch: Vec<Box<dyn Job>>) {
    let mut waiting = batch.into_iter();
    while waiting.len() > 0 {
        let start = Instant::now();
        let mut done = Vec::with_capacity(waiting.len());
        let lost = commit_group(connection, &mut waiting, &mut done).err();
        if let Some(reason) = &lost {
            tracing::error!(jobs = done.len(), %reason, "a group of writes was not committed");
        }
        metrics::histogram!("sqlite_group_jobs")
            .record(u32::try_from(done.len()).map_or(f64::MAX, f64::from));
        metrics::histogram!("sqlite_group_seconds").record(start.elapsed().as_secs_f64());
        for job in done {
            job.answer(lost.as_deref());
        }
    }
}

/// Moves jobs from `waiting` to `done`, at least one, and commits them. After an error nothing of `done` is stored.
fn commit_group(
    connection: &Connection,
    waiting: &mut dyn Iterator<Item = Box<dyn Job>>,
    done: &mut Vec<Box<dyn Job>>,
) -> Result<(), String> {
    if let Err(error) = execute(connection, "BEGIN IMMEDIATE") {
        // Without a transaction none can run; all get the reason.
        done.extend(waiting);
        return Err(error.to_string());
    }
    for mut job in waiting {
        let ran = run_in_savepoint(connection, job.as_mut());
        done.push(job);
        // On a full disk, an I/O error or lack of memory SQLite rolls the whole transaction back by itself.
        if let Err(error) = ran {
            roll_back(connection);
            return Err(error.to_string());
        }
        if connection.is_autocommit() {
            return Err("SQLite gave the transaction up".to_owned());
        }
    }
    execute(connection, "COMMIT").map_err(|error| {
        roll_back(connection);
        error.to_string()
    })
}

fn run_in_savepoint(connection: &Connection, job: &mut dyn Job) -> rusqlite::Result<()> {
    execute(connection, "SAVEPOINT job")?;
    let keep = job.run(connection);
    if connection.is_autocommit() {
        return Ok(());
    }
    if !keep {
        execute(connection, "ROLLBACK TO job")?;
    }
    execute(connection, "RELEASE job")
}

/// Ends a transaction that is still open; what it wrote is undone.
pub(crate) fn roll_back(connection: &Connection) {
    if !connection.is_autocommit()
        && let Err(error) = execute(connection, "ROLLBACK")
    {
        tracing::error!(%error, "roll-back failed");
    }
}

/// Runs a statement without parameters or rows, prepared once.
pub(crate) fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use crate::job::Job;

/// Serves read jobs until the last [`crate::Database`] handle is gone. Several readers share the queue.
pub(crate) fn serve(connection: &Connection, jobs: &Arc<Mutex<Receiver<Box<dyn Job>>>>) {
    loop {
        // One reader waits for a job, holding the lock; the others wait for the lock.
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut job) = next else { return };
        if job.abandoned() {
            continue;
        }
        // One snapshot for all statements of the job; dropping the transaction ends it.
        let lost = match connection.unchecked_transaction() {
            Ok(_snapshot) => {
                job.run(connection);
                None
            }
            Err(error) => Some(error.to_string()),
        };
        job.answer(lost.as_deref());
    }
}

use std::fmt;

use rusqlite::Connection;

use crate::job::Job;
use crate::writer::{execute, roll_back};

/// Carries out the jobs of a [`crate::Database`] in place of its threads: for tests and simulations, which decide
/// themselves when a job runs, on what, and whether its answer arrives.
pub trait Engine: Send + Sync + fmt::Debug {
    /// Takes a job. Never waits.
    fn take(&self, work: Work);
}

/// A job on its way. Dropped, it tells whoever waits that nothing is known.
pub struct Work {
    job: Box<dyn Job>,
    writes: bool,
    /// Why what it wrote is not stored.
    lost: Option<String>,
}

impl Work {
    pub(crate) fn new(job: Box<dyn Job>, writes: bool) -> Self {
        Self { job, writes, lost: None }
    }

    /// Whether it may write.
    pub const fn writes(&self) -> bool {
        self.writes
    }

    /// Does the work, once, in a transaction of its own.
    pub fn run(&mut self, connection: &Connection) {
        self.lost = self.try_run(connection).err().map(|error| error.to_string());
    }

    fn try_run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        execute(connection, "BEGIN")?;
        let keep = self.job.run(connection) || !self.writes;
        let ended = execute(connection, if keep { "COMMIT" } else { "ROLLBACK" });
        if ended.is_err() {
            roll_back(connection);
        }
        ended
    }

    /// Tells whoever waits that nothing is known. The work can still be done.
    pub fn forsake(&mut self) {
        self.job.forsake();
    }

    /// Gives the answer.
    pub fn answer(self) {
        self.job.answer(self.lost.as_deref());
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").field("writes", &self.writes).finish_non_exhaustive()
    }
}

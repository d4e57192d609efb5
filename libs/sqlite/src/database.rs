use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use tokio::time::timeout;

use crate::job::{Job, Reply, Task};
use crate::{Engine, Migration, SqliteError, Work, migrate, open, reader, writer};

/// How much of a crash of the machine a database survives. All survive a crash of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Everything answered is there.
    #[default]
    Full,
    /// Of what was answered last some may be missing.
    Normal,
    /// The file may be unreadable. For tests.
    Off,
}

/// What a database may take up.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long a caller waits for its answer.
    pub deadline: Duration,
    /// Write jobs waiting; one more fails with [`SqliteError::Full`].
    pub waiting_writes: usize,
    /// Read jobs waiting; one more fails with [`SqliteError::Full`].
    pub waiting_reads: usize,
    /// The most jobs that share one commit.
    pub group: usize,
    /// Connections that read, each with its thread.
    pub readers: usize,
    /// At the latest so long after a write the write-ahead log is emptied, and with it what was deleted.
    pub empty: Duration,
    /// What a commit waits for.
    pub durability: Durability,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(10),
            waiting_writes: 8_192,
            waiting_reads: 8_192,
            group: 512,
            readers: 2,
            empty: Duration::from_secs(10),
            durability: Durability::Full,
        }
    }
}

/// One open file. Clones share it; it closes when the last one is dropped and the jobs under way are done.
#[derive(Debug, Clone)]
pub struct Database {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    deadline: Duration,
    line: Line,
}

/// Where jobs go.
#[derive(Debug)]
enum Line {
    Threads { writes: SyncSender<Box<dyn Job>>, reads: SyncSender<Box<dyn Job>> },
    Engine(Arc<dyn Engine>),
}

impl Database {
    /// Opens the file, creating it and its folder if they are not there.
    pub fn open(path: &Path) -> Result<Self, SqliteError> {
        Self::open_within(path, Limits::default())
    }

    /// As [`Self::open`], with limits of one's own.
    pub fn open_within(path: &Path, limits: Limits) -> Result<Self, SqliteError> {
        open::create(path)?;
        let (writes, write_jobs) = sync_channel(limits.waiting_writes);
        let (reads, read_jobs) = sync_channel(limits.waiting_reads);
        let connection = open::writer(path, limits.durability)?;
        let (group, empty) = (limits.group, limits.empty);
        let serve = move || writer::serve(&connection, &write_jobs, group, empty);
        start("sqlite-write", path, serve)?;
        let read_jobs = Arc::new(Mutex::new(read_jobs));
        for _ in 0..limits.readers.max(1) {
            let connection = open::reader(path)?;
            let jobs = read_jobs.clone();
            start("sqlite-read", path, move || reader::serve(&connection, &jobs))?;
        }
        let line = Line::Threads { writes, reads };
        let shared = Shared { path: path.to_owned(), deadline: limits.deadline, line };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// A database whose jobs `engine` carries out.
    pub fn on(engine: Arc<dyn Engine>, deadline: Duration) -> Self {
        let shared = Shared { path: PathBuf::new(), deadline, line: Line::Engine(engine) };
        Self { shared: Arc::new(shared) }
    }

    /// Where the file is; empty if there is none.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Runs `job` in a transaction and answers once it is on disk.
    ///
    /// Jobs run one after another, never two at once. When `job` returns an error (or panics), everything it wrote is
    /// undone and nobody else's work is. It must not begin or end transactions itself; savepoints are fine. If the
    /// caller stops waiting before the job has started, it does not start. [`SqliteError::Timeout`] leaves open whether
    /// it went through.
    pub async fn write<T, F>(&self, job: F) -> Result<T, SqliteError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, SqliteError> + Send + 'static,
    {
        let (job, reply) = Task::boxed(job);
        self.answer(true, job, reply).await
    }

    /// Runs `job` on one snapshot of what is committed; every write answered before the call is in it. It cannot write.
    pub async fn read<T, F>(&self, job: F) -> Result<T, SqliteError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, SqliteError> + Send + 'static,
    {
        let (job, reply) = Task::boxed(job);
        self.answer(false, job, reply).await
    }

    /// Applies the migrations that this file has not seen, in the order given, all or none.
    pub async fn migrate(&self, migrations: &'static [Migration]) -> Result<(), SqliteError> {
        self.write(|tx| migrate::apply(tx, migrations)).await
    }

    async fn answer<T>(
        &self,
        writes: bool,
        job: Box<dyn Job>,
        reply: Reply<T>,
    ) -> Result<T, SqliteError> {
        match &self.shared.line {
            Line::Threads { writes: queue, .. } if writes => put(queue, job)?,
            Line::Threads { reads: queue, .. } => put(queue, job)?,
            Line::Engine(engine) => engine.take(Work::new(job, writes)),
        }
        let deadline = self.shared.deadline;
        match timeout(deadline, reply).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(SqliteError::Closed),
            Err(_) => Err(SqliteError::Timeout(deadline.as_millis())),
        }
    }
}

fn put(queue: &SyncSender<Box<dyn Job>>, job: Box<dyn Job>) -> Result<(), SqliteError> {
    queue.try_send(job).map_err(|error| match error {
        TrySendError::Full(_) => SqliteError::Full,
        TrySendError::Disconnected(_) => SqliteError::Closed,
    })
}

fn start(
    name: &str,
    path: &Path,
    serve: impl FnOnce() + Send + 'static,
) -> Result<(), SqliteError> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(serve)
        .map(drop)
        .map_err(|error| SqliteError::Open { path: path.to_owned(), reason: error.to_string() })
}

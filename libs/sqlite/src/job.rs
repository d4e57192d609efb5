use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::SqliteError;

/// A piece of work on its way through a thread that owns a connection.
pub(crate) trait Job: Send {
    /// Whether nobody waits for the answer any more. Such a job is left out, if it has not run.
    fn abandoned(&self) -> bool;
    /// Does the work. `false`: it failed, and what it wrote must be undone.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Tells whoever waits that nothing is known. The work can still be done.
    fn forsake(&mut self);
    /// Gives the answer. `lost` says that what the job wrote is not stored, and why.
    fn answer(self: Box<Self>, lost: Option<&str>);
}

pub(crate) struct Task<T, F> {
    work: Option<F>,
    result: Option<Result<T, SqliteError>>,
    /// `None` once nobody is to hear of it.
    reply: Option<oneshot::Sender<Result<T, SqliteError>>>,
}

pub(crate) type Reply<T> = oneshot::Receiver<Result<T, SqliteError>>;

impl<T, F> Task<T, F>
where
    T: Send + 'static,
    F: FnOnce(&Connection) -> Result<T, SqliteError> + Send + 'static,
{
    pub(crate) fn boxed(work: F) -> (Box<dyn Job>, Reply<T>) {
        let (reply, answer) = oneshot::channel();
        (Box::new(Self { work: Some(work), result: None, reply: Some(reply) }), answer)
    }
}

impl<T, F> Job for Task<T, F>
where
    T: Send + 'static,
    F: FnOnce(&Connection) -> Result<T, SqliteError> + Send + 'static,
{
    fn abandoned(&self) -> bool {
        self.reply.as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    fn run(&mut self, connection: &Connection) -> bool {
        let Some(work) = self.work.take() else { return false };
        // The connection stays usable after a panic: its statements are reset while unwinding, and the caller undoes
        // what was written.
        let result = catch_unwind(AssertUnwindSafe(|| work(connection)))
            .unwrap_or(Err(SqliteError::Panicked));
        self.result.insert(result).is_ok()
    }

    fn forsake(&mut self) {
        self.reply = None;
    }

    fn answer(self: Box<Self>, lost: Option<&str>) {
        let result = match (self.result, lost) {
            (Some(Err(error)), _) => Err(error),
            (_, Some(reason)) => Err(SqliteError::NotCommitted(reason.to_owned())),
            (Some(Ok(value)), None) => Ok(value),
            (None, None) => Err(SqliteError::Closed),
        };
        // Nobody may be waiting any more; the work is done all the same.
        drop(self.reply.map(|reply| reply.send(result)));
    }
}

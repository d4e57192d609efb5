use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What runs as long as the process: consumers, relays, sweepers. Clones share everything.
///
/// A task that panics, or ends before it was told to stop, is a fault that nobody would notice: it is logged and ends the
/// process, with exit code 1, so that whoever supervises it starts it anew.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    running: TaskTracker,
    stop: CancellationToken,
    failed: CancellationToken,
    fault: Arc<Mutex<Option<String>>>,
}

impl Tasks {
    /// Starts a task. It must end soon after `stop` is cancelled, finishing what it has in hand.
    pub fn spawn<F, R>(&self, name: &'static str, run: R)
    where
        F: Future<Output = ()> + Send + 'static,
        R: FnOnce(CancellationToken) -> F,
    {
        let inner = tokio::spawn(run(self.stop.clone()));
        let tasks = self.clone();
        self.running.spawn(async move {
            match inner.await {
                Ok(()) if tasks.stop.is_cancelled() => {}
                Ok(()) => tasks.fail(format!("the task `{name}` ended by itself")),
                Err(_) => tasks.fail(format!("the task `{name}` panicked")),
            }
        });
    }

    /// Waits until a task has failed, and says which. Never ends otherwise.
    pub async fn failed(&self) -> String {
        self.failed.cancelled().await;
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default()
    }

    /// Tells all tasks to stop and waits until they have.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.running.close();
        self.running.wait().await;
    }

    fn fail(&self, fault: String) {
        tracing::error!(fault, "a task failed; the process ends");
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(fault);
        self.failed.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_or_ends_early_is_a_fault() {
        let tasks = Tasks::default();
        tasks.spawn("relay", |_| async { panic!("told to") });
        assert!(tasks.failed().await.contains("`relay` panicked"));
        let tasks = Tasks::default();
        tasks.spawn("sweeper", |_| async {});
        assert!(tasks.failed().await.contains("`sweeper` ended"));
    }

    #[tokio::test]
    async fn stopping_waits_until_every_task_has_finished() {
        let tasks = Tasks::default();
        let (done, finished) = tokio::sync::oneshot::channel();
        tasks.spawn("consumer", |stop| async move {
            stop.cancelled().await;
            tokio::task::yield_now().await;
            done.send(()).unwrap();
        });
        tasks.stop().await;
        assert!(finished.await.is_ok());
        let early = tokio::time::timeout(std::time::Duration::from_millis(20), tasks.failed());
        assert!(early.await.is_err(), "a task that was told to stop is no fault");
    }
}

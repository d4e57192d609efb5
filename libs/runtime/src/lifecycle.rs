use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use futures::future::{BoxFuture, join_all};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{Drain, Env, Tasks};

/// A process that serves.
pub struct Running {
    /// Where it listens; the real port if 0 was asked for.
    pub address: SocketAddr,
    /// What has to be ended before the process can.
    pub drains: Vec<Drain>,
    /// Stops accepting at once; done when accepted requests are answered.
    pub stop: Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>,
    /// Done only if the server ends without having been told to; says why.
    pub ended: BoxFuture<'static, String>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Running {
    /// The soft end: no new connections, open sockets are told to go elsewhere, accepted requests are answered, then the
    /// tasks finish what they have in hand. Takes as long as that takes.
    pub async fn finish(self, tasks: &Tasks) {
        let answered = (self.stop)();
        futures::join!(answered, join_all(self.drains.iter().map(|drain| drain())));
        tasks.stop().await;
    }
}

/// SIGTERM and SIGINT.
pub(crate) struct Signals {
    term: Signal,
    int: Signal,
}

impl Signals {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("signals cannot be received");
        Ok(Self { term: listen(SignalKind::terminate())?, int: listen(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
    }

    /// `future`, unless a signal comes first.
    pub(crate) async fn or<T>(&mut self, future: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            result = future => Some(result),
            () = self.next() => None,
        }
    }
}

/// Serves until a signal or a fault, then ends in order. The first signal is soft and bounded by `server.shutdown_s`; the
/// second ends at once. Success only if everything that was accepted was finished and nothing had failed.
pub(crate) async fn serve(env: &Env, mut running: Running, signals: &mut Signals) -> ExitCode {
    let fault = tokio::select! {
        () = signals.next() => None,
        fault = env.tasks.failed() => Some(fault),
        fault = &mut running.ended => Some(fault),
    };
    match &fault {
        None => tracing::info!("told to stop; finishing what was accepted"),
        Some(fault) => tracing::error!(fault, "stopping because of a fault"),
    }
    let limit = Duration::from_secs(env.settings.server.shutdown_s);
    let finish = tokio::time::timeout(limit, running.finish(&env.tasks));
    match signals.or(finish).await {
        Some(Ok(())) if fault.is_none() => {
            tracing::info!("stopped");
            return ExitCode::SUCCESS;
        }
        Some(Ok(())) => tracing::info!("stopped"),
        Some(Err(_)) => {
            let limit_s = limit.as_secs();
            tracing::warn!(limit_s, "accepted work was not finished in time; stopping anyway");
        }
        None => tracing::warn!("told to stop again; stopping at once"),
    }
    ExitCode::FAILURE
}

//! Servers of one test, to be killed and started again.

use anyhow::Result;
use tempfile::TempDir;

use super::{Kind, Place, rabbit};
use crate::folders;
use crate::process::{Life, Process};

/// A server of one test's own. It ends, and its data goes, when this is dropped.
#[derive(Debug)]
pub struct PrivateServer {
    place: Place,
    process: Process,
    // Removed on drop, after the process was ended.
    _folder: TempDir,
}

impl PrivateServer {
    /// Starts one and waits until it answers.
    pub async fn start(kind: Kind) -> Result<Self> {
        let folder = folders::private(kind.name())?;
        let place = Place::fresh(kind, &folder.path().join(kind.name()))?;
        let process = place.start(Life::WithStarter).await?;
        let server = Self { place, process, _folder: folder };
        server.place.ready(process).await?;
        Ok(server)
    }

    /// What a client is given; stays the same over restarts.
    pub fn url(&self) -> String {
        self.place.url()
    }

    /// The process that runs now, for instance to read what it has used.
    pub const fn pid(&self) -> i32 {
        self.process.pid
    }

    /// SIGKILL: it is gone when this returns, and had no time to say so.
    pub async fn kill(&self) -> Result<()> {
        self.process.kill().await
    }

    /// SIGTERM: it is gone when this returns, in good order.
    pub async fn stop(&self) -> Result<()> {
        self.process.stop().await?;
        Ok(())
    }

    /// Starts it again on the same port with the data it had (Redis keeps none), and waits until it answers.
    /// One that still runs is stopped first.
    pub async fn restart(&mut self) -> Result<()> {
        self.process.stop().await?;
        self.process = self.place.start(Life::WithStarter).await?;
        self.place.ready(self.process).await
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        self.process.kill_now();
        if self.place.kind == Kind::Rabbit {
            rabbit::try_end_epmd(&self.place);
        }
    }
}

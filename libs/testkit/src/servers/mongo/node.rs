use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use mongodb::bson::{Document, doc};
use mongodb::options::{ClientOptions, ServerAddress};
use mongodb::{Client, Database};

use crate::process::{self, Life, Process};
use crate::{install, wait};

/// A set of one has an answer to every command at once; more than this is a dead server.
pub(super) const ANSWER: Duration = Duration::from_secs(2);
/// From the start of a process to its first good answer.
const READY: Duration = Duration::from_mins(1);

/// The command line of one `mongod`, the same for every kind of use.
pub(in crate::servers) async fn command(folder: &Path, port: u16, set: &str) -> Result<Command> {
    let data = folder.join("db");
    fs::create_dir_all(&data)?;
    let mut command = Command::new(install::mongod().await?);
    command.arg("--dbpath").arg(data).arg("--unixSocketPrefix").arg(folder);
    command.args(["--port", &port.to_string(), "--bind_ip", "127.0.0.1", "--replSet", set]);
    command.args(["--wiredTigerCacheSizeGB", "0.5", "--oplogSize", "200"]);
    command.args(["--setParameter", "enableTestCommands=1"]);
    // Expired documents go within a second, not a minute.
    command.args(["--setParameter", "ttlMonitorSleepSecs=1"]);
    Ok(command)
}

/// The database of administrators on exactly this server.
pub(in crate::servers) fn admin(port: u16) -> Result<Database> {
    let host = ServerAddress::Tcp { host: "127.0.0.1".to_owned(), port: Some(port) };
    let options = ClientOptions::builder()
        .hosts(vec![host])
        .direct_connection(true)
        .server_selection_timeout(ANSWER)
        .build();
    Ok(Client::with_options(options)?.database("admin"))
}

/// Runs a command that is answered at once or never.
pub(in crate::servers) async fn run(admin: &Database, command: Document) -> Result<Document> {
    let answer = tokio::time::timeout(ANSWER, admin.run_command(command)).await;
    Ok(answer.context("no answer in time")??)
}

/// One process of a test's own.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) port: u16,
    folder: PathBuf,
    set: &'static str,
    options: &'static [&'static str],
    process: Process,
}

impl Node {
    /// Starts it and waits until it answers; it belongs to no set yet.
    pub(super) async fn start(
        folder: PathBuf,
        port: u16,
        set: &'static str,
        options: &'static [&'static str],
    ) -> Result<Self> {
        let process = spawn(&folder, port, set, options).await?;
        let node = Self { port, folder, set, options, process };
        node.answers().await?;
        Ok(node)
    }

    pub(super) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(super) fn process(&self) -> Process {
        self.process
    }

    /// Starts it again with the data it had.
    pub(super) async fn restart(&mut self) -> Result<()> {
        self.process.kill().await?;
        self.process = spawn(&self.folder, self.port, self.set, self.options).await?;
        self.answers().await
    }

    /// What it says of itself.
    pub(super) async fn hello(&self) -> Result<Document> {
        run(&admin(self.port)?, doc! { "hello": 1 }).await
    }

    async fn answers(&self) -> Result<()> {
        let look = || async { self.hello().await.ok() };
        let answered = wait::until(READY, look).await;
        answered.with_context(|| process::tail(&self.folder.join("log")))?;
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.process.kill_now();
    }
}

async fn spawn(folder: &Path, port: u16, set: &str, options: &[&str]) -> Result<Process> {
    fs::create_dir_all(folder)?;
    let mut command = command(folder, port, set).await?;
    command.args(options);
    Process::start(command, &folder.join("log"), Life::WithStarter)
}

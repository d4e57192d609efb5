use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::health;
use super::layout::Plan;
use crate::process::{self, Life, Process};

/// From the start of a process to its first `/health/ready` with 200.
const READY: Duration = Duration::from_mins(1);

/// One process of a stack: how it runs, and all that is needed to start it again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Part {
    /// The process.
    #[serde(flatten)]
    pub process: Process,
    /// What it prints, over all its starts.
    pub log: PathBuf,
    /// Answers 200 when it is ready.
    pub health: String,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its variables, beside those of the starter.
    pub env: BTreeMap<String, String>,
}

impl Part {
    /// Whether it runs.
    pub fn is_alive(&self) -> bool {
        self.process.is_alive()
    }

    /// Its name, and itself before its first start.
    pub(super) fn planned(plan: Plan, dir: &Path) -> (String, Self) {
        let Plan { name, program, args, env, health } = plan;
        let log = dir.join(format!("{name}.log"));
        let process = Process { pid: 0, began: 0 };
        (name, Self { process, log, health, program, args, env })
    }

    /// Starts it, in the stack's folder.
    pub(super) fn launch(mut self, dir: &Path) -> Result<Self> {
        let mut command = Command::new(&self.program);
        // Settings of the person who starts the stack are not the stack's.
        for (key, _) in
            std::env::vars_os().filter(|(key, _)| key.to_string_lossy().starts_with("RESTANTE_"))
        {
            command.env_remove(key);
        }
        command.args(&self.args).envs(&self.env).current_dir(dir);
        self.process = Process::start(command, &self.log, Life::OfItsOwn)?;
        Ok(self)
    }

    /// Waits until it is ready; fails with the end of its log.
    pub(super) async fn ready(&self, name: &str) -> Result<()> {
        let end = Instant::now() + READY;
        while !health::is_ok(&self.health).await {
            let why = match (self.is_alive(), Instant::now() > end) {
                (false, _) => "ended instead of becoming ready",
                (true, true) => "did not become ready in a minute",
                (true, false) => {
                    sleep(Duration::from_millis(20)).await;
                    continue;
                }
            };
            bail!(
                "{name} {why}; its log {} ends so:\n{}",
                self.log.display(),
                process::tail(&self.log)
            );
        }
        Ok(())
    }
}

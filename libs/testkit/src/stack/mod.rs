//! Restante itself as processes in a folder, in one of its two shapes, with pids and logs: for the end-to-end tests and
//! for a person to try.

mod gateway;
mod health;
mod layout;
mod part;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

pub use self::gateway::Gateway;
use self::layout::Plan;
pub use self::part::Part;
use crate::folders;
use crate::servers::{self, Services};

/// Which processes there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// `restante serve` on `SQLite`, with nothing beside it.
    Single,
    /// nginx before `restante-user`, some `restante-chat` and `restante-mail`, on real servers.
    Split,
}

/// What to start.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which processes.
    pub shape: Shape,
    /// Chat instances of the split shape.
    pub chats: usize,
    /// Where state, logs and data go. Made if it is missing.
    pub dir: PathBuf,
    /// Programs from `target/release` instead of `target/debug`.
    pub release: bool,
    /// Servers of its own in the folder instead of the shared ones, so that `services down` leaves it running.
    pub own_services: bool,
    /// Variables for every process, over those that the shape sets.
    pub env: BTreeMap<String, String>,
}

/// Where the chat service keeps what is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Store {
    /// A file.
    Sqlite {
        /// The file.
        path: PathBuf,
    },
    /// A database.
    Mongodb {
        /// Its URL, the database's name included.
        url: String,
    },
}

/// A stack that was started: what `stack.json` in its folder holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Stack {
    /// Which processes.
    pub shape: Shape,
    /// Where clients go: the gateway, or the only process.
    pub base: String,
    /// The same with one chat instance behind each.
    pub instances: Vec<String>,
    /// Folder where mails appear as `.eml` files. Shared in the split shape: look for an address of your own.
    pub mail: PathBuf,
    /// Data folder of the only process.
    pub data: Option<PathBuf>,
    /// Where the chat service keeps what is said.
    pub store: Store,
    /// Redis of the split shape.
    pub redis: Option<String>,
    /// `RabbitMQ` of the split shape.
    pub amqp: Option<String>,
    /// Whether the servers are its own.
    pub own_services: bool,
    /// `restante`, or `user`, `chat-1`, `chat-2` and so on, `mail`, `nginx`.
    pub processes: BTreeMap<String, Part>,
    /// What was asked for beside the shape.
    pub env: BTreeMap<String, String>,
}

impl Stack {
    /// Starts a stack and waits until every process is ready; on failure nothing stays running and the error holds the
    /// end of the log. A folder whose stack runs already is left as it is.
    pub async fn up(options: Options) -> Result<Self> {
        fs::create_dir_all(&options.dir)?;
        let options = Options { dir: options.dir.canonicalize()?, ..options };
        let _alone = folders::lock(&options.dir).await?;
        if let Ok(running) = Self::load(&options.dir) {
            let fits = match options.shape {
                Shape::Single => running.shape == Shape::Single,
                Shape::Split => {
                    running.shape == Shape::Split && running.instances.len() == options.chats
                }
            };
            if fits && running.processes.values().all(Part::is_alive) {
                return Ok(running);
            }
            running.end(&options.dir).await?;
        }
        let (mut stack, plans) = layout::plan(&options).await?;
        if let Err(error) = stack.start_all(&options.dir, plans).await {
            stack.end(&options.dir).await?;
            return Err(error);
        }
        Ok(stack)
    }

    /// Reads the state of the stack in `dir`.
    pub fn load(dir: &Path) -> Result<Self> {
        let file = dir.join("stack.json");
        let text = fs::read_to_string(&file)
            .with_context(|| format!("no stack in {}; start one with `stack up`", dir.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is damaged", file.display()))
    }

    /// Stops everything that `up` started in `dir`, and drops its databases. Logs stay. Nothing there is no failure.
    pub async fn down(dir: &Path) -> Result<()> {
        if !dir.join("stack.json").exists() {
            return Ok(());
        }
        let _alone = folders::lock(dir).await?;
        Self::load(dir)?.end(dir).await
    }

    /// SIGKILL to one process (the gateway's workers included).
    pub async fn kill(dir: &Path, name: &str) -> Result<()> {
        Self::load(dir)?.part(name)?.process.kill().await
    }

    /// SIGTERM to one process; fails when it had to be killed because it did not end in time.
    pub async fn stop(dir: &Path, name: &str) -> Result<()> {
        let by_itself = Self::load(dir)?.part(name)?.process.stop().await?;
        ensure!(by_itself, "{name} did not end on SIGTERM and was killed");
        Ok(())
    }

    /// Starts one that was killed or stopped again, on the same port with the same settings, and waits until it is ready.
    pub async fn start(dir: &Path, name: &str) -> Result<()> {
        let part = {
            let _alone = folders::lock(dir).await?;
            let mut stack = Self::load(dir)?;
            let part = stack.part(name)?;
            ensure!(!part.is_alive(), "{name} runs already");
            let again = part.clone().launch(dir)?;
            stack.processes.insert(name.to_owned(), again.clone());
            stack.save(dir)?;
            again
        };
        part.ready(name).await
    }

    fn part(&self, name: &str) -> Result<&Part> {
        let names = || self.processes.keys().cloned().collect::<Vec<_>>().join(", ");
        self.processes
            .get(name)
            .with_context(|| format!("no process {name}; there are: {}", names()))
    }

    fn save(&self, dir: &Path) -> Result<()> {
        folders::replace(&dir.join("stack.json"), &serde_json::to_string_pretty(self)?)
    }

    async fn start_all(&mut self, dir: &Path, plans: Vec<Plan>) -> Result<()> {
        for plan in plans {
            let (name, part) = Part::planned(plan, dir);
            self.processes.insert(name, part.launch(dir)?);
            self.save(dir)?;
        }
        for (name, part) in &self.processes {
            part.ready(name).await?;
        }
        Ok(())
    }

    async fn end(&self, dir: &Path) -> Result<()> {
        // The gateway first, so that clients hear that nobody answers instead of half an answer.
        let chats = self.processes.keys().filter(|name| name.starts_with("chat-"));
        let names = ["nginx", "restante"].into_iter().chain(chats.map(String::as_str));
        for name in names.chain(["user", "mail"]) {
            if let Some(part) = self.processes.get(name) {
                part.process.stop().await.with_context(|| format!("stop {name}"))?;
            }
        }
        if self.own_services {
            Services::in_folder(dir.join("services")).down().await?;
        } else if let Store::Mongodb { url } = &self.store {
            // A server that is gone took the databases along.
            let _ = servers::drop_databases(url).await;
        }
        fs::remove_file(dir.join("stack.json")).or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(error.into()),
        })
    }
}

//! Servers that all tests of a checkout share. Whoever needs one first starts it; it stays until `services down`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::{Kind, Place, Smtp, smtp};
use crate::folders;
use crate::process::{Life, Process};

/// One shared server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Shared {
    /// What a client is given.
    pub url: String,
    /// The process.
    pub process: Process,
    /// Where it lives.
    pub place: Place,
    /// Whether it was seen to answer. One that was not belongs to a starter that was killed meanwhile.
    pub ready: bool,
}

impl Shared {
    /// Whether it may be used.
    pub fn is_up(&self) -> bool {
        self.ready && self.process.is_alive()
    }
}

type State = BTreeMap<Kind, Shared>;

/// The folder of the shared servers, with their state in `services.json`.
#[derive(Debug, Clone)]
pub struct Services {
    folder: PathBuf,
}

impl Default for Services {
    /// Those of this checkout.
    fn default() -> Self {
        Self { folder: folders::run().join("services") }
    }
}

impl Services {
    /// Those of another folder.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The server of that kind, started if it does not run. Safe to call from many processes at once.
    pub async fn get(&self, kind: Kind) -> Result<Shared> {
        if let Some(shared) = self.status()?.remove(&kind).filter(Shared::is_up) {
            return Ok(shared);
        }
        let _alone = folders::lock(&self.folder).await?;
        let mut state = self.status()?;
        if let Some(shared) = state.get(&kind) {
            if shared.is_up() {
                return Ok(shared.clone());
            }
            shared.process.kill().await?;
            shared.place.clear().await;
        }
        self.start(kind, &mut state).await.with_context(|| format!("start {}", kind.name()))
    }

    /// The mail server, started if it does not run.
    pub async fn smtp(&self) -> Result<Smtp> {
        let shared = self.get(Kind::Smtp).await?;
        Ok(Smtp { url: shared.url, mail: smtp::mail(&shared.place) })
    }

    /// Every shared server that was started and not stopped, those that ended by themselves included.
    pub fn status(&self) -> Result<State> {
        match fs::read_to_string(self.state_file()) {
            Ok(text) => Ok(serde_json::from_str(&text).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(State::new()),
            Err(error) => Err(error).context("read services.json"),
        }
    }

    /// Stops every server that was started here, and no other.
    pub async fn down(&self) -> Result<()> {
        let _alone = folders::lock(&self.folder).await?;
        for shared in self.status()?.values() {
            shared.process.stop().await?;
            shared.place.clear().await;
        }
        self.write(&State::new())
    }

    async fn start(&self, kind: Kind, state: &mut State) -> Result<Shared> {
        let place = Place::fresh(kind, &self.folder.join(kind.name()))?;
        let process = place.start(Life::OfItsOwn).await?;
        let mut shared = Shared { url: place.url(), process, place, ready: false };
        state.insert(kind, shared.clone());
        self.write(state)?;
        shared.place.ready(process).await?;
        shared.ready = true;
        state.insert(kind, shared.clone());
        self.write(state)?;
        Ok(shared)
    }

    fn state_file(&self) -> PathBuf {
        self.folder.join("services.json")
    }

    fn write(&self, state: &State) -> Result<()> {
        folders::replace(&self.state_file(), &serde_json::to_string_pretty(state)?)
    }
}

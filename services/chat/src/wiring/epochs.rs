//! New epochs for the store of the settings, without serving anything.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use kv::Lease;
use runtime::Env;

use super::stores;
use crate::conversations::create::new_epoch;
use crate::delivery::sweep;
use crate::epochs::mongo::MongoEpochs;
use crate::epochs::renew::{Task, renew};
use crate::epochs::sqlite::SqliteEpochs;
use crate::epochs::store::{EpochStore, Survey};
use crate::mongo;

/// Hears what was found so far.
pub type Progress<'a> = &'a mut dyn FnMut(Survey);

/// Gives every conversation of `chat.store` a new epoch, unless `dry_run`, and lets `progress` hear of each page. Refused while
/// an instance runs, as far as that can be seen.
pub async fn new_epochs(
    env: &Env,
    dry_run: bool,
    progress: Progress<'_>,
) -> anyhow::Result<Survey> {
    if !dry_run {
        nobody_serves(env).await?;
    }
    let log = stores::open(env).await?.log;
    let store = open(env).await?;
    let epoch = new_epoch(&*env.random);
    let task = if dry_run { Task::Survey } else { Task::Renew(&epoch) };
    renew(&*log, &*store, task, progress).await.context("chat.store")
}

async fn open(env: &Env) -> anyhow::Result<Arc<dyn EpochStore>> {
    let url = &env.settings.chat.store;
    Ok(match url.scheme() {
        "sqlite" => Arc::new(SqliteEpochs::new(
            env.databases.open(Path::new(url.path())).context("chat.store")?,
        )),
        _ => Arc::new(MongoEpochs::new(&mongo::open(url.as_str(), "restante-admin").await?)),
    })
}

/// A file is locked by whoever has it open. Of instances on a server one holds the lease of the sweep, from ten seconds or so
/// after it started.
async fn nobody_serves(env: &Env) -> anyhow::Result<()> {
    let settings = &env.settings;
    if settings.chat.store.scheme() == "sqlite" {
        let file = Path::new(settings.chat.store.path());
        if sqlite::is_in_use(file).context("chat.store")? {
            bail!("{} is in use; stop the service first", file.display());
        }
        return Ok(());
    }
    let clock = Arc::clone(&env.clock);
    let kv = kv::open(&settings.kv, &env.databases, clock).await.context("kv.url")?;
    if Lease::is_taken(&*kv, sweep::LEASE).await.context("kv.url")? {
        let seconds = settings.chat.delivery.sweep_ms.div_ceil(1_000) * 2;
        bail!(
            "a chat instance is running, or was killed in the last {seconds} s; stop all of them, and try again then"
        );
    }
    Ok(())
}

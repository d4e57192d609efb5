//! Where things are kept.

use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// The checkout that this code was built from.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// The folder of everything that runs: `<workspace>/.run`, kept out of version control.
pub(crate) fn run() -> PathBuf {
    workspace().join(".run")
}

/// A folder of one test's servers, removed when dropped.
pub(crate) fn private(name: &str) -> Result<TempDir> {
    let parent = run().join("private");
    fs::create_dir_all(&parent)?;
    Ok(TempDir::with_prefix_in(format!("{name}-"), parent)?)
}

/// What was fetched once for all checkouts: `$XDG_CACHE_HOME/restante` or `~/.cache/restante`.
pub(crate) fn cache() -> Result<PathBuf> {
    let base = match env::var_os("XDG_CACHE_HOME") {
        Some(base) => PathBuf::from(base),
        None => PathBuf::from(env::var_os("HOME").context("HOME is not set")?).join(".cache"),
    };
    Ok(base.join("restante"))
}

/// Holds the lock of a folder until the answer is dropped; whoever holds it is alone, over all processes.
pub(crate) async fn lock(folder: &Path) -> Result<File> {
    fs::create_dir_all(folder)?;
    let path = folder.join("lock");
    let held = tokio::task::spawn_blocking(move || {
        let file = File::options().create(true).append(true).open(path)?;
        file.lock()?;
        Ok::<_, std::io::Error>(file)
    });
    held.await?.with_context(|| format!("lock {}", folder.display()))
}

/// Writes a file that other processes of the same person read: they see the old text or the new, never a part.
pub(crate) fn replace(path: &Path, text: &str) -> Result<()> {
    let part = path.with_extension(format!("{}.part", std::process::id()));
    let mut file =
        File::options().create(true).write(true).truncate(true).mode(0o600).open(&part)?;
    file.write_all(text.as_bytes())?;
    fs::rename(&part, path)?;
    Ok(())
}

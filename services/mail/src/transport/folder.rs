//! Mail into a folder, one `.eml` file each. For trying out and for tests; nothing is ever removed.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use tokio::fs::{self, OpenOptions};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::store::{Letter, Transport, TransportError};

/// A folder of mails. A file is whole as soon as its name ends in `.eml`; names sort by time.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    path: PathBuf,
    deadline: Duration,
}

impl Folder {
    /// Uses this folder, making it if it is not there. `deadline` is for writing one mail.
    pub(crate) async fn open(path: &Path, deadline: Duration) -> anyhow::Result<Self> {
        fs::create_dir_all(path).await.with_context(|| {
            format!("{} cannot be made; name a writable folder", path.display())
        })?;
        Ok(Self { path: path.to_owned(), deadline })
    }

    /// The newest mails, newest first, at most `limit`.
    pub(crate) async fn newest(&self, limit: usize) -> io::Result<Vec<String>> {
        let mut entries = fs::read_dir(&self.path).await?;
        let mut paths = Vec::new();
        while let Some(entry) = entries.next_entry().await? {
            paths.push(entry.path());
        }
        paths.retain(|path| path.extension().is_some_and(|end| end == "eml"));
        paths.sort_unstable_by(|one, other| other.cmp(one));
        paths.truncate(limit);
        let mut mails = Vec::with_capacity(paths.len());
        for path in paths {
            let mail = fs::read(path).await?;
            mails.push(String::from_utf8_lossy(&mail).into_owned());
        }
        Ok(mails)
    }

    async fn keep(&self, letter: &Letter) -> io::Result<()> {
        let name = format!("{}-{}", letter.at.as_millis(), letter.id.simple());
        let draft = self.path.join(format!("{name}.part"));
        // It holds a code: for the owner's eyes only.
        let mut options = OpenOptions::new();
        let mut file =
            options.write(true).create(true).truncate(true).mode(0o600).open(&draft).await?;
        file.write_all(&letter.bytes).await?;
        file.sync_all().await?;
        fs::rename(draft, self.path.join(format!("{name}.eml"))).await
    }
}

#[async_trait]
impl Transport for Folder {
    async fn send(&self, letter: &Letter) -> Result<(), TransportError> {
        match timeout(self.deadline, self.keep(letter)).await {
            Ok(kept) => kept.map_err(|error| TransportError::Unavailable(error.to_string())),
            Err(_) => Err(TransportError::Unavailable("the disk is too slow".to_owned())),
        }
    }

    async fn ping(&self) -> Result<(), TransportError> {
        let found = fs::metadata(&self.path).await;
        let is_folder =
            found.map_err(|error| TransportError::Unavailable(error.to_string()))?.is_dir();
        let missing = || TransportError::Unavailable("the mail folder is not a folder".to_owned());
        is_folder.then_some(()).ok_or_else(missing)
    }
}

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::Random;
use serde::Deserialize;

use crate::{Profile, SecretKey, Settings, SettingsError};

/// Keys that stand in examples. Refused in production.
pub const SAMPLE_SECRETS: [&str; 3] = [
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "cmVzdGFudGUtc2FtcGxlLWtleS1kby1ub3QtdXNlISE=",
    "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
];

/// The keys of this process. A service has those that it uses; the others are `None`.
#[derive(Clone, Copy, Default)]
pub struct Secrets {
    /// Signs tokens (Ed25519 seed).
    pub signing_key: Option<[u8; 32]>,
    /// Hashes codes and addresses, and makes refresh and device tokens.
    pub pepper: Option<[u8; 32]>,
    /// Seals codes on their way to the mail service.
    pub seal_key: Option<[u8; 32]>,
    /// Makes digests of message bodies.
    pub digest_key: Option<[u8; 32]>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Generated {
    signing_key: SecretKey,
    pepper: SecretKey,
    seal_key: SecretKey,
    digest_key: SecretKey,
}

impl Settings {
    /// The keys that were set. In the embedded profile those that were not come from `{data}/secrets.toml`, which is made
    /// on the first start, readable by its owner alone; two processes that start at once get the same.
    pub fn secrets(&self, profile: Profile, random: &dyn Random) -> Result<Secrets, SettingsError> {
        let tokens = &self.tokens;
        let given = Secrets {
            signing_key: tokens.signing_key.bytes(),
            pepper: tokens.pepper.bytes(),
            seal_key: tokens.seal_key.bytes(),
            digest_key: tokens.digest_key.bytes(),
        };
        let all = [given.signing_key, given.pepper, given.seal_key, given.digest_key];
        if profile == Profile::Distributed || all.iter().all(Option::is_some) {
            return Ok(given);
        }
        let made = self.generated(random)?;
        Ok(Secrets {
            signing_key: given.signing_key.or(made.signing_key.bytes()),
            pepper: given.pepper.or(made.pepper.bytes()),
            seal_key: given.seal_key.or(made.seal_key.bytes()),
            digest_key: given.digest_key.or(made.digest_key.bytes()),
        })
    }

    fn generated(&self, random: &dyn Random) -> Result<Generated, SettingsError> {
        let path = self.server.data.join("secrets.toml");
        if !path.exists() {
            create(&path, random).map_err(|error| fault(&path, &error.to_string()))?;
        }
        let text = fs::read_to_string(&path).map_err(|error| fault(&path, &error.to_string()))?;
        let made: Generated = toml::from_str(&text).map_err(|_| damaged(&path))?;
        let all = [made.signing_key, made.pepper, made.seal_key, made.digest_key];
        if all.iter().any(|key| key.is_empty()) { Err(damaged(&path)) } else { Ok(made) }
    }
}

/// Whether the key is one of [`SAMPLE_SECRETS`].
pub(crate) fn is_sample(key: SecretKey) -> bool {
    !key.is_empty() && SAMPLE_SECRETS.iter().any(|sample| SecretKey::parse(sample) == Some(key))
}

/// Makes the file whole or not at all: written beside its place, then linked into it, which fails if another was faster.
fn create(path: &Path, random: &dyn Random) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let draft = draft_path(folder, random);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let linked = file
        .write_all(contents(random).as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
        Ok(()) => File::open(folder)?.sync_all(),
    }
}

fn draft_path(folder: &Path, random: &dyn Random) -> PathBuf {
    folder.join(format!(".secrets-{}-{:016x}", std::process::id(), random.below(u64::MAX)))
}

fn contents(random: &dyn Random) -> String {
    let mut text = String::from(
        "# Made on the first start. Without it log-ins end and retried sends are not recognised: back it up, keep it secret.\n",
    );
    for name in ["signing_key", "pepper", "seal_key", "digest_key"] {
        let mut bytes = [0_u8; 32];
        random.fill(&mut bytes);
        text.extend([name, " = \"", &STANDARD.encode(bytes), "\"\n"]);
    }
    text
}

fn fault(path: &Path, reason: &str) -> SettingsError {
    SettingsError::SecretsFile {
        path: path.to_owned(),
        reason: format!("{reason}; check that the folder is writable, or set the keys of [tokens]"),
    }
}

fn damaged(path: &Path) -> SettingsError {
    SettingsError::SecretsFile {
        path: path.to_owned(),
        reason:
            "damaged; restore it from a backup (deleting it makes new keys and ends all log-ins)"
                .to_owned(),
    }
}

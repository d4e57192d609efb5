use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use kernel::Clock;
use tokio::sync::Mutex;

use crate::{AuthError, KeySourceError};

/// Asking for the keys of tokens that name an unknown one must not become a way to load the user service.
const FETCH_INTERVAL: Duration = Duration::from_secs(1);

/// The public half of a signing key (Ed25519).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// Names the key in tokens.
    pub kid: String,
    /// The key.
    pub x: [u8; 32],
}

/// Where the public keys come from: the issuer itself, or the user service over the network.
#[async_trait]
pub trait KeySource: Send + Sync {
    /// All keys that tokens may be signed with now.
    async fn public_keys(&self) -> Result<Vec<PublicKey>, KeySourceError>;
}

type Keys = HashMap<String, DecodingKey>;

/// The keys known here. Reading takes no lock; an unknown name fetches them again, at most once a second.
pub(crate) struct Keyring {
    source: Arc<dyn KeySource>,
    clock: Arc<dyn Clock>,
    keys: ArcSwap<Keys>,
    last: Mutex<Option<Fetch>>,
}

struct Fetch {
    at: Duration,
    worked: bool,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("keys", &self.keys.load().len()).finish_non_exhaustive()
    }
}

impl Keyring {
    pub(crate) fn new(source: Arc<dyn KeySource>, clock: Arc<dyn Clock>) -> Self {
        Self { source, clock, keys: ArcSwap::default(), last: Mutex::new(None) }
    }

    /// The key of this name: `Invalid` if nobody has it, `Unavailable` if nobody could be asked.
    pub(crate) async fn get(&self, kid: &str) -> Result<DecodingKey, AuthError> {
        if let Some(key) = self.keys.load().get(kid) {
            return Ok(key.clone());
        }
        let worked = self.fetch().await;
        match self.keys.load().get(kid) {
            Some(key) => Ok(key.clone()),
            None if worked => Err(AuthError::Invalid),
            None => Err(AuthError::Unavailable),
        }
    }

    /// Whether the last fetch worked. Many callers at once wait for one fetch.
    async fn fetch(&self) -> bool {
        let mut last = self.last.lock().await;
        let now = self.clock.monotonic();
        if let Some(fetch) = last.as_ref()
            && now.saturating_sub(fetch.at) < FETCH_INTERVAL
        {
            return fetch.worked;
        }
        let worked = match self.source.public_keys().await {
            Ok(keys) => {
                self.keys.store(Arc::new(keys.iter().filter_map(decoding_key).collect()));
                true
            }
            Err(error) => {
                tracing::warn!(%error, "public keys could not be fetched");
                false
            }
        };
        // From the end on: those who waited for a slow one do not each start another.
        *last = Some(Fetch { at: self.clock.monotonic(), worked });
        worked
    }
}

fn decoding_key(key: &PublicKey) -> Option<(String, DecodingKey)> {
    let x = URL_SAFE_NO_PAD.encode(key.x);
    DecodingKey::from_ed_components(&x).ok().map(|decoding| (key.kid.clone(), decoding))
}

//! The keys that tokens are signed with, as the user service tells them.

use std::sync::Arc;

use async_trait::async_trait;
use auth::{KeySource, KeySourceError, PublicKey};
use contracts::UserDirectory;

/// Asks the user service for its public keys.
#[derive(Debug)]
pub struct DirectoryKeys(pub Arc<dyn UserDirectory>);

#[async_trait]
impl KeySource for DirectoryKeys {
    async fn public_keys(&self) -> Result<Vec<PublicKey>, KeySourceError> {
        let keys =
            self.0.signing_keys().await.map_err(|error| KeySourceError(error.to_string()))?;
        Ok(keys.into_iter().map(|key| PublicKey { kid: key.kid, x: key.x }).collect())
    }
}

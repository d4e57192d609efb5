use std::sync::Arc;

use async_trait::async_trait;
use auth::{KeySource, KeySourceError, PublicKey};

use crate::UserDirectory;

/// Public keys as the user service tells them.
#[derive(Debug, Clone)]
pub struct DirectoryKeys(pub Arc<dyn UserDirectory>);

#[async_trait]
impl KeySource for DirectoryKeys {
    async fn public_keys(&self) -> Result<Vec<PublicKey>, KeySourceError> {
        self.0.signing_keys().await.map_err(|error| KeySourceError(error.to_string()))
    }
}

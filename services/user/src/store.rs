//! What all ports of this service share.

use contracts::DirectoryError;
use kernel::WireError;

/// The store did not do what was asked, or it is not known whether it did.
#[derive(Debug, Clone, thiserror::Error)]
#[error("store: {0}")]
pub(crate) struct StoreError(pub(crate) String);

impl From<StoreError> for WireError {
    fn from(_: StoreError) -> Self {
        Self::unavailable()
    }
}

impl From<StoreError> for DirectoryError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

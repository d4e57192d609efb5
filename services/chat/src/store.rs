//! What every store of this service has in common.

use kernel::WireError;

/// A store could not do what it was asked. Nothing is known of whether it did part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Out of reach, too slow, or in the middle of a fail-over. Worth another try.
    #[error("the store is out of reach: {0}")]
    Unavailable(String),
    /// A stored row makes no sense.
    #[error("the store holds a row that makes no sense: {0}")]
    Corrupt(String),
}

impl From<StoreError> for WireError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::unavailable(),
            StoreError::Corrupt(_) => Self::internal(),
        }
    }
}

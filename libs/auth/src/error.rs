use kernel::{ErrorCode, WireError};

/// Why a token does not let its bearer in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// Not a token, not ours, or tampered with.
    #[error("the token is not valid")]
    Invalid,
    /// Was good once.
    #[error("the token has expired")]
    Expired,
    /// Its session was ended.
    #[error("the session has ended")]
    Revoked,
    /// Its key is not known here, and the service that knows it cannot be reached.
    #[error("tokens cannot be checked at the moment")]
    Unavailable,
}

impl From<AuthError> for WireError {
    fn from(error: AuthError) -> Self {
        let message = match error {
            AuthError::Invalid => "the access token is not valid; log in again",
            AuthError::Expired => "the access token has expired; refresh it",
            AuthError::Revoked => "this session has ended; log in again",
            AuthError::Unavailable => return Self::unavailable(),
        };
        Self::new(ErrorCode::Unauthorized, message)
    }
}

/// The public keys cannot be had at the moment.
#[derive(Debug, thiserror::Error)]
#[error("public keys: {0}")]
pub struct KeySourceError(pub String);

/// A key could not be used. Does not happen with keys of 32 bytes.
#[derive(Debug, thiserror::Error)]
#[error("cryptography: {0}")]
pub struct CryptoError(pub(crate) String);

//! The port that mail leaves by.

use std::fmt;

use async_trait::async_trait;
use kernel::Timestamp;
use lettre::address::Envelope;
use uuid::Uuid;

/// A mail, ready to go.
#[derive(Clone)]
pub(crate) struct Letter {
    /// Names the mail; the same on every try.
    pub(crate) id: Uuid,
    /// When this try began.
    pub(crate) at: Timestamp,
    /// Who sends it and who is to get it.
    pub(crate) envelope: Envelope,
    /// Headers and body, every line ended by CR LF.
    pub(crate) bytes: Vec<u8>,
}

impl fmt::Debug for Letter {
    /// Shows neither address nor content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Why a mail did not leave. Holds no address: a server's own words often do, so they are not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TransportError {
    /// This mail will never be taken.
    #[error("the mail was refused: {0}")]
    Refused(String),
    /// Not now: out of reach, too slow, busy, or the service is not allowed in.
    #[error("mail cannot leave at the moment: {0}")]
    Unavailable(String),
}

/// Hands mail on.
#[async_trait]
pub(crate) trait Transport: Send + Sync + fmt::Debug {
    /// Returns once the next hop has the whole mail in its keeping. After an error it may have it nevertheless, so another
    /// try may make two of it. Ends within the deadline that the adapter was opened with.
    async fn send(&self, letter: &Letter) -> Result<(), TransportError>;

    /// Answers if the next hop is in reach; its answer may be some seconds old.
    async fn ping(&self) -> Result<(), TransportError>;
}

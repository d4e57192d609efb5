use kernel::{UserId, WireError};

use super::{Preferences, WhoMay};
use crate::ports::Ports;
use crate::store::StoreError;

/// What to change; `None` leaves it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PreferencesChange {
    pub(crate) read_receipts: Option<bool>,
    pub(crate) last_seen: Option<bool>,
    pub(crate) discoverable_by_mail: Option<bool>,
    pub(crate) who_may_message_me: Option<WhoMay>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum PreferencesError {
    #[error("no such person")]
    NotFound,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<PreferencesError> for WireError {
    fn from(error: PreferencesError) -> Self {
        match error {
            PreferencesError::NotFound => Self::not_found("user"),
            PreferencesError::Store(error) => error.into(),
        }
    }
}

/// One's own choices.
pub(crate) async fn get(ports: &Ports, user: UserId) -> Result<Preferences, PreferencesError> {
    let found = ports.profiles.people(&[user]).await?;
    let person = found.into_iter().next().ok_or(PreferencesError::NotFound)?;
    Ok(person.preferences)
}

/// Changes one's own choices, and tells those services that go by them. Two changes at once both stand; of the same choice the later one.
#[tracing::instrument(skip(ports, change), err(level = "info"))]
pub(crate) async fn set(
    ports: &Ports,
    user: UserId,
    change: PreferencesChange,
) -> Result<Preferences, PreferencesError> {
    if change != PreferencesChange::default() {
        if !ports.profiles.prefer(user, change, &ports.cause()).await? {
            return Err(PreferencesError::NotFound);
        }
        ports.nudge.now();
    }
    get(ports, user).await
}

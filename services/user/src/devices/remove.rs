use kernel::{DeviceId, UserId, WireError};

use crate::ports::Ports;
use crate::sessions::tell_ended;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub(super) enum RemoveError {
    #[error("no such device")]
    NotFound,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<RemoveError> for WireError {
    fn from(error: RemoveError) -> Self {
        match error {
            RemoveError::NotFound => Self::not_found("device"),
            RemoveError::Store(error) => error.into(),
        }
    }
}

/// Forgets a device: its sessions end, and it no longer holds anybody's content.
#[tracing::instrument(skip(ports), err(level = "info"))]
pub(super) async fn remove(
    ports: &Ports,
    user: UserId,
    device: DeviceId,
) -> Result<(), RemoveError> {
    let ended = ports.accounts.remove_device(user, device, None, &ports.cause()).await?;
    let ended = ended.ok_or(RemoveError::NotFound)?;
    tell_ended(ports, &ended).await;
    metrics::counter!("devices_removed_total", "why" => "asked").increment(1);
    tracing::info!(sessions = ended.len(), "device removed");
    Ok(())
}

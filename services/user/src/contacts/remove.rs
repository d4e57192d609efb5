use kernel::UserId;

use super::error::ContactError;
use super::person;
use super::store::Change;
use crate::ports::Ports;

/// Ends a contact, takes a request back, or declines one. Nothing there to end is no error, and a block stays.
#[tracing::instrument(skip(ports), err(level = "info"))]
pub(super) async fn remove(
    ports: &Ports,
    caller: UserId,
    other: UserId,
) -> Result<(), ContactError> {
    person::other(ports, caller, other).await?;
    person::count(ports, caller).await?;
    let made = person::make(ports, caller, other, Change::Remove, None).await?;
    tracing::info!(changed = made.changed, "contact removed");
    Ok(())
}

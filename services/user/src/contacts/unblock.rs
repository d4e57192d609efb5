use kernel::UserId;

use super::error::ContactError;
use super::person;
use super::store::Change;
use crate::ports::Ports;

/// Ends a block: the two are strangers, whatever they were before. Nothing there to end is no error.
#[tracing::instrument(skip(ports), err(level = "info"))]
pub(super) async fn unblock(
    ports: &Ports,
    caller: UserId,
    other: UserId,
) -> Result<(), ContactError> {
    person::other(ports, caller, other).await?;
    person::count(ports, caller).await?;
    let made = person::make(ports, caller, other, Change::Unblock, None).await?;
    tracing::info!(changed = made.changed, "person unblocked");
    Ok(())
}

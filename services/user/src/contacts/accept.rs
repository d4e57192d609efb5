use kernel::UserId;

use super::error::ContactError;
use super::person;
use super::store::Change;
use super::view::ContactView;
use crate::ports::Ports;

/// Accepts somebody's request. Asked for twice, it is done once.
#[tracing::instrument(skip(ports), err(level = "info"))]
pub(super) async fn accept(
    ports: &Ports,
    caller: UserId,
    other: UserId,
) -> Result<ContactView, ContactError> {
    let profile = person::other(ports, caller, other).await?;
    person::count(ports, caller).await?;
    let made = person::make(ports, caller, other, Change::Accept, None).await?;
    tracing::info!(changed = made.changed, "contact accepted");
    Ok(ContactView::of(profile, made))
}

use kernel::UserId;

use super::error::ContactError;
use super::person;
use super::store::Change;
use super::view::ContactView;
use crate::ports::Ports;

/// Blocks somebody: to the caller they are no contact any more and have not asked, and nothing shows it to them.
#[tracing::instrument(skip(ports), err(level = "info"))]
pub(super) async fn block(
    ports: &Ports,
    caller: UserId,
    other: UserId,
) -> Result<ContactView, ContactError> {
    let profile = person::other(ports, caller, other).await?;
    person::count(ports, caller).await?;
    let made = person::make(ports, caller, other, Change::Block, None).await?;
    tracing::info!(changed = made.changed, "person blocked");
    Ok(ContactView::of(profile, made))
}

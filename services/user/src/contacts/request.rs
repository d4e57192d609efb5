use kernel::UserId;
use uuid::Uuid;

use super::error::ContactError;
use super::person;
use super::rules::Made;
use super::store::{Answered, Change};
use super::view::ContactView;
use crate::limits;
use crate::ports::Ports;

/// Asks somebody to become a contact; if they have asked, accepts. Somebody who blocks the caller is told nothing and shown
/// nothing, and the caller gets the same answer, after the same work, as from anybody who just does not answer.
///
/// The same key again gets the first answer, whatever has happened since.
#[tracing::instrument(skip(ports, key), err(level = "info"))]
pub(super) async fn request(
    ports: &Ports,
    caller: UserId,
    other: UserId,
    key: Uuid,
) -> Result<(ContactView, Made), ContactError> {
    let profile = person::other(ports, caller, other).await?;
    let made = match ports.contacts.answered(caller, key).await? {
        Some(Answered { other: before, .. }) if before != other => {
            return Err(ContactError::KeyTaken);
        }
        Some(Answered { made, .. }) => made,
        None => {
            person::count(ports, caller).await?;
            let per_day = ports.settings.user.contacts.requests_per_day;
            limits::count_day(ports, "contact-requests", caller, per_day).await?;
            person::make(ports, caller, other, Change::Request, Some(key)).await?
        }
    };
    tracing::info!(changed = made.changed, "contact asked for");
    Ok((ContactView::of(profile, made), made))
}

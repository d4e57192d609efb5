use contracts::Profile;
use kernel::UserId;
use uuid::Uuid;

use super::error::ContactError;
use super::rules::Made;
use super::store::{Answer, Change, Most, Wanted};
use crate::limits;
use crate::ports::Ports;

/// The other person, who exists and is not the caller.
pub(super) async fn other(
    ports: &Ports,
    caller: UserId,
    other: UserId,
) -> Result<Profile, ContactError> {
    if other == caller {
        return Err(ContactError::Oneself);
    }
    let found = ports.profiles.people(&[other]).await?;
    let found = found.into_iter().next().ok_or(ContactError::NoSuchPerson)?;
    Ok(found.profile)
}

/// Counts one change that the caller makes.
pub(super) async fn count(ports: &Ports, caller: UserId) -> Result<(), ContactError> {
    let per_minute = ports.settings.user.contacts.changes_per_minute;
    Ok(limits::count(ports, "contacts", caller, per_minute).await?)
}

/// Makes the change, and has it told.
pub(super) async fn make(
    ports: &Ports,
    caller: UserId,
    other: UserId,
    change: Change,
    key: Option<Uuid>,
) -> Result<Made, ContactError> {
    let settings = &ports.settings.user.contacts;
    let most = Most {
        contacts: settings.per_person,
        requests: settings.requests_waiting,
        blocks: settings.blocks_per_person,
    };
    let wanted = Wanted { user: caller, other, change, key, most, cause: ports.cause() };
    let made = match ports.contacts.change(wanted).await? {
        Answer::Done(made) => made,
        Answer::Refused(refusal) => return Err(refusal.into()),
    };
    ports.nudge.now();
    if made.changed {
        metrics::counter!("contact_changes_total", "change" => name(change)).increment(1);
    }
    Ok(made)
}

const fn name(change: Change) -> &'static str {
    match change {
        Change::Request => "request",
        Change::Accept => "accept",
        Change::Remove => "remove",
        Change::Block => "block",
        Change::Unblock => "unblock",
    }
}

use contracts::Profile;
use kernel::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::rules::Made;
use super::store::{Contact, Standing};
use crate::profiles::UserView;

/// What somebody is to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ContactState {
    /// A stranger, or not any more what they were.
    None,
    /// The caller has asked them.
    Outgoing,
    /// They have asked the caller.
    Incoming,
    /// A contact.
    Accepted,
    /// The caller blocks them.
    Blocked,
}

/// Somebody whom the caller has to do with.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ContactView {
    /// Their public profile.
    pub(super) user: UserView,
    /// What they are to the caller.
    pub(super) state: ContactState,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub(super) since: Timestamp,
}

impl ContactView {
    /// The other person after a change.
    pub(super) fn of(profile: Profile, made: Made) -> Self {
        let state = made.standing.map_or(ContactState::None, ContactState::from);
        Self { user: profile.into(), state, since: made.since }
    }

    /// Somebody in a list.
    pub(super) fn listed(profile: Profile, contact: Contact) -> Self {
        Self { user: profile.into(), state: contact.standing.into(), since: contact.since }
    }
}

impl From<Standing> for ContactState {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Outgoing => Self::Outgoing,
            Standing::Incoming => Self::Incoming,
            Standing::Accepted => Self::Accepted,
            Standing::Blocked => Self::Blocked,
        }
    }
}

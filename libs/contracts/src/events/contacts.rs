use kernel::{Timestamp, UserId};
use prost::Message;

use super::{id, raw};
use crate::generated::events as wire;

/// See [`Event::UserBlocked`](super::Event::UserBlocked).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserBlocked {
    /// Who blocks.
    pub user: UserId,
    /// Whom.
    pub other: UserId,
    /// Since when.
    pub at: Timestamp,
}

/// See [`Event::UserUnblocked`](super::Event::UserUnblocked).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserUnblocked {
    /// Who blocked.
    pub user: UserId,
    /// Whom.
    pub other: UserId,
    /// Until when.
    pub at: Timestamp,
}

/// See [`Event::ContactChanged`](super::Event::ContactChanged).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactChanged {
    /// As whom to see it; nobody else may learn of it.
    pub user: UserId,
    /// Who it is about.
    pub other: UserId,
    /// What the other is to the person from then on; `None`: nothing.
    pub state: Option<ContactState>,
    /// Since when.
    pub at: Timestamp,
}

/// What somebody is to a person as a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactState {
    /// The person has asked them.
    Outgoing,
    /// They have asked the person.
    Incoming,
    /// A contact.
    Accepted,
}

impl From<&UserBlocked> for wire::UserBlocked {
    fn from(event: &UserBlocked) -> Self {
        let (user_id, other_id) = (raw(event.user), raw(event.other));
        Self { user_id, other_id, at_ms: event.at.as_millis() }
    }
}

impl From<&UserUnblocked> for wire::UserUnblocked {
    fn from(event: &UserUnblocked) -> Self {
        let (user_id, other_id) = (raw(event.user), raw(event.other));
        Self { user_id, other_id, at_ms: event.at.as_millis() }
    }
}

impl From<&ContactChanged> for wire::ContactChanged {
    fn from(event: &ContactChanged) -> Self {
        let state = match event.state {
            None => wire::ContactState::Unspecified,
            Some(ContactState::Outgoing) => wire::ContactState::Outgoing,
            Some(ContactState::Incoming) => wire::ContactState::Incoming,
            Some(ContactState::Accepted) => wire::ContactState::Accepted,
        };
        Self {
            user_id: raw(event.user),
            other_id: raw(event.other),
            state: state.into(),
            at_ms: event.at.as_millis(),
        }
    }
}

pub(super) fn user_blocked(payload: &[u8]) -> Result<UserBlocked, String> {
    let event = wire::UserBlocked::decode(payload).map_err(|error| error.to_string())?;
    Ok(UserBlocked {
        user: id("user_id", &event.user_id)?,
        other: id("other_id", &event.other_id)?,
        at: Timestamp::from_millis(event.at_ms),
    })
}

pub(super) fn user_unblocked(payload: &[u8]) -> Result<UserUnblocked, String> {
    let event = wire::UserUnblocked::decode(payload).map_err(|error| error.to_string())?;
    Ok(UserUnblocked {
        user: id("user_id", &event.user_id)?,
        other: id("other_id", &event.other_id)?,
        at: Timestamp::from_millis(event.at_ms),
    })
}

pub(super) fn contact_changed(payload: &[u8]) -> Result<ContactChanged, String> {
    let event = wire::ContactChanged::decode(payload).map_err(|error| error.to_string())?;
    let state = match wire::ContactState::try_from(event.state) {
        Ok(wire::ContactState::Unspecified) => None,
        Ok(wire::ContactState::Outgoing) => Some(ContactState::Outgoing),
        Ok(wire::ContactState::Incoming) => Some(ContactState::Incoming),
        Ok(wire::ContactState::Accepted) => Some(ContactState::Accepted),
        Err(_) => return Err(format!("state {} is not known", event.state)),
    };
    Ok(ContactChanged {
        user: id("user_id", &event.user_id)?,
        other: id("other_id", &event.other_id)?,
        state,
        at: Timestamp::from_millis(event.at_ms),
    })
}

#[cfg(test)]
mod tests {
    use kernel::Id;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn every_state_reads_back() {
        let (user, other) = (Id::from_uuid(Uuid::from_u128(1)), Id::from_uuid(Uuid::from_u128(2)));
        let at = Timestamp::from_millis(1_767_225_600_000);
        let states = [ContactState::Outgoing, ContactState::Incoming, ContactState::Accepted];
        for state in states.map(Some).into_iter().chain([None]) {
            let event = ContactChanged { user, other, state, at };
            let payload = wire::ContactChanged::from(&event).encode_to_vec();
            assert_eq!(contact_changed(&payload), Ok(event));
        }
    }

    #[test]
    fn a_state_of_a_later_version_is_no_other_state() {
        let event = wire::ContactChanged {
            user_id: vec![1; 16],
            other_id: vec![2; 16],
            state: 9,
            at_ms: 1,
        };
        assert!(contact_changed(&event.encode_to_vec()).is_err());
    }
}

//! What a person chose about themself.

pub(crate) mod http;
mod set;

use contracts::Discretion;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use set::PreferencesChange;

/// A person's choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Preferences {
    /// Whether others see what this person has read.
    pub(crate) read_receipts: bool,
    /// Whether others see when this person was last here.
    pub(crate) last_seen: bool,
    /// Whether somebody who knows the mail address finds this person by it.
    pub(crate) discoverable_by_mail: bool,
    /// Who may open a conversation with this person.
    pub(crate) who_may_message_me: WhoMay,
}

impl Preferences {
    /// What other services do not show of the person.
    pub(crate) const fn discretion(self) -> Discretion {
        Discretion { hides_reads: !self.read_receipts, hides_last_seen: !self.last_seen }
    }
}

/// A circle of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WhoMay {
    /// Whoever has an account.
    Everyone,
    /// Contacts, that is accepted ones.
    Contacts,
    /// Nobody.
    Nobody,
}

impl WhoMay {
    /// As it is stored and on the wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Contacts => "contacts",
            Self::Nobody => "nobody",
        }
    }

    /// Reads what was stored; what is not known counts as the narrower.
    pub(crate) fn from_stored(text: &str) -> Self {
        let all = [Self::Everyone, Self::Contacts, Self::Nobody];
        all.into_iter().find(|who| who.as_str() == text).unwrap_or(Self::Nobody)
    }
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            read_receipts: true,
            last_seen: true,
            discoverable_by_mail: false,
            who_may_message_me: WhoMay::Everyone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_circle_reads_back_and_what_is_none_is_nobody() {
        for who in [WhoMay::Everyone, WhoMay::Contacts, WhoMay::Nobody] {
            assert_eq!(WhoMay::from_stored(who.as_str()), who);
        }
        assert_eq!(WhoMay::from_stored("friends of friends"), WhoMay::Nobody);
    }
}

use std::fmt;

use async_trait::async_trait;
use contracts::Relations;
use kernel::{Timestamp, UserId};
use uuid::Uuid;

use super::rules::{Made, Refusal};
use crate::outbox::Cause;
use crate::store::StoreError;

/// What somebody is to a person, as that person sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The person has asked them.
    Outgoing,
    /// They have asked the person.
    Incoming,
    /// A contact.
    Accepted,
    /// The person blocks them.
    Blocked,
}

/// One person's side of two people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Side {
    /// What the other is to them; nothing if they are strangers.
    pub(crate) standing: Option<Standing>,
    /// Whether the other blocks them. Nothing that they are shown depends on it.
    pub(crate) blocked_by: bool,
    /// Since when the other is that to them.
    pub(crate) since: Timestamp,
}

impl Side {
    /// Adds what the other is to the person.
    pub(crate) fn relate(self, other: UserId, relations: &mut Relations) {
        match self.standing {
            Some(Standing::Accepted) => relations.contacts.push(other),
            Some(Standing::Blocked) => relations.blocked.push(other),
            Some(Standing::Outgoing | Standing::Incoming) | None => {}
        }
        if self.blocked_by {
            relations.blocked_by.push(other);
        }
    }
}

/// Something that one person does about another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Asks to become contacts, or accepts if the other has asked.
    Request,
    /// Accepts.
    Accept,
    /// Ends a contact, takes a request back or declines one.
    Remove,
    /// Blocks.
    Block,
    /// Blocks no more.
    Unblock,
}

/// What a change needs to know.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Who does it.
    pub(crate) user: UserId,
    /// About whom. Both exist and are not the same.
    pub(crate) other: UserId,
    /// What.
    pub(crate) change: Change,
    /// Names the request, if it is one that must not be made twice.
    pub(crate) key: Option<Uuid>,
    /// How much a person may have.
    pub(crate) most: Most,
    /// When it happens, and what its events follow from.
    pub(crate) cause: Cause,
}

/// How much one person may have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Most {
    /// Contacts, and people they have asked.
    pub(crate) contacts: u32,
    /// People who have asked them and wait for an answer.
    pub(crate) requests: u32,
    /// People whom they block.
    pub(crate) blocks: u32,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Made, or there was nothing to change.
    Done(Made),
    /// Not made.
    Refused(Refusal),
}

/// A request that was answered before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answered {
    /// Whom it was about.
    pub(crate) other: UserId,
    /// The answer.
    pub(crate) made: Made,
}

/// Somebody in one of a person's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Contact {
    /// Who.
    pub(crate) other: UserId,
    /// What they are.
    pub(crate) standing: Standing,
    /// Since when.
    pub(crate) since: Timestamp,
}

/// A person's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum List {
    /// Contacts.
    Contacts,
    /// Requests of either direction.
    Pending,
    /// People whom they block.
    Blocked,
}

/// Where in a list: behind this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its moment.
    pub(crate) since: Timestamp,
    /// Who it is.
    pub(crate) other: UserId,
}

/// Who is what to whom. Each person has a row for everybody they have to do with, so every read is about one person's rows.
///
/// A change is one transaction: both people's rows, the events and the answer to a repeated request are written together or
/// not at all, so there is no moment between two of them in which a crash could leave them apart. Of changes at once each
/// sees the other whole, whoever makes it. Once answered it is durable (on a majority) and every later read has it; after an
/// error it is not known whether it was made, and it may be made again.
#[async_trait]
pub(crate) trait Contacts: Send + Sync + fmt::Debug {
    /// Makes a change as the rules say, and tells it. What it costs, and what it writes, does not depend on whether the
    /// other blocks the one who makes it. A `key` that was used for the same other person gets its first answer, and is
    /// refused for another; it is known for [`KEYS_KEPT`]. The limits may be passed by as many as come in at once.
    async fn change(&self, wanted: Wanted) -> Result<Answer, StoreError>;

    /// The answer that this person's request with this key was given, if it was made.
    async fn answered(&self, user: UserId, key: Uuid) -> Result<Option<Answered>, StoreError>;

    /// This person's side of the two.
    async fn side(&self, user: UserId, other: UserId) -> Result<Side, StoreError>;

    /// A page of a list, at most `limit`: the newest first, those of one moment by their ids, the highest first.
    async fn list(
        &self,
        user: UserId,
        list: List,
        after: Option<Place>,
        limit: u32,
    ) -> Result<Vec<Contact>, StoreError>;

    /// Contacts and blocks of one person.
    async fn relations(&self, user: UserId) -> Result<Relations, StoreError>;
}

/// How long the answer to a request is kept for those who ask again.
pub(crate) const KEYS_KEPT: std::time::Duration = std::time::Duration::from_hours(24);

impl Standing {
    /// As it is stored.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Outgoing => "outgoing",
            Self::Incoming => "incoming",
            Self::Accepted => "accepted",
            Self::Blocked => "blocked",
        }
    }

    /// Reads what was stored.
    pub(super) fn from_stored(text: &str) -> Result<Self, StoreError> {
        let all = [Self::Outgoing, Self::Incoming, Self::Accepted, Self::Blocked];
        let found = all.into_iter().find(|standing| standing.as_str() == text);
        found.ok_or_else(|| StoreError(format!("nobody is {text:?} to anybody")))
    }
}

impl Side {
    /// Whether there is nothing to keep.
    pub(super) const fn is_blank(&self) -> bool {
        self.standing.is_none() && !self.blocked_by
    }
}

impl List {
    /// What people in it are.
    pub(super) const fn standings(self) -> &'static [Standing] {
        match self {
            Self::Contacts => &[Standing::Accepted],
            Self::Pending => &[Standing::Incoming, Standing::Outgoing],
            Self::Blocked => &[Standing::Blocked],
        }
    }
}

use std::fmt;

use async_trait::async_trait;
use contracts::Profile;
use kernel::UserId;
use serde::{Deserialize, Deserializer};

use crate::outbox::Cause;
use crate::preferences::{Preferences, PreferencesChange};
use crate::store::StoreError;

/// A person as this service knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// What everybody may know.
    pub(crate) profile: Profile,
    /// What they chose.
    pub(crate) preferences: Preferences,
}

/// What to do with a field that may be empty. In JSON: absent, `null`, or the value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Edit {
    /// Leave it.
    #[default]
    Keep,
    /// Empty it.
    Clear,
    /// Write this.
    Set(String),
}

/// What to change in a profile. Values are checked and normalised.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ProfileChange {
    /// The name.
    pub(crate) name: Edit,
    /// The username, lower case.
    pub(crate) username: Edit,
    /// Words about themself.
    pub(crate) bio: Edit,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Changed {
    /// Made, or there was nothing to change; this is the profile now.
    Done(Profile),
    /// Somebody else has the username. Nothing was changed.
    UsernameTaken,
    /// No such person.
    NoSuchUser,
}

/// Whom to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Search {
    /// Each must be the beginning of a word of the name or of the username. Normalised; at least one.
    pub(crate) prefixes: Vec<String>,
    /// Only people after this one, in the order of ids.
    pub(crate) after: Option<UserId>,
    /// How many at most.
    pub(crate) limit: u32,
}

/// People. Every change is one transaction; once it is answered it is durable (on a majority) and every later read has it.
#[async_trait]
pub(crate) trait Profiles: Send + Sync + fmt::Debug {
    /// These people, in no particular order; who does not exist is left out.
    async fn people(&self, users: &[UserId]) -> Result<Vec<Person>, StoreError>;

    /// Changes a profile and tells it (`user.updated`) if anything became different. A username has one owner, however
    /// many want it at once; the one given up is free again.
    async fn change(
        &self,
        user: UserId,
        change: ProfileChange,
        cause: &Cause,
    ) -> Result<Changed, StoreError>;

    /// People who match, in the order of their ids.
    async fn search(&self, search: &Search) -> Result<Vec<Profile>, StoreError>;

    /// The person with exactly this address, if they let themselves be found by it.
    async fn by_address(&self, address: &str) -> Result<Option<Profile>, StoreError>;

    /// Writes what a person chose, leaves the rest, and tells it (`user.updated`); at least one choice is given. `false` if
    /// there is no such person.
    async fn prefer(
        &self,
        user: UserId,
        change: PreferencesChange,
        cause: &Cause,
    ) -> Result<bool, StoreError>;
}

impl Edit {
    /// The field after the edit.
    pub(crate) fn apply(self, before: Option<String>) -> Option<String> {
        match self {
            Self::Keep => before,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }
}

impl<'de> Deserialize<'de> for Edit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

impl ProfileChange {
    /// The profile after the change.
    pub(crate) fn apply(self, before: Profile) -> Profile {
        Profile {
            name: self.name.apply(before.name),
            username: self.username.apply(before.username),
            bio: self.bio.apply(before.bio),
            ..before
        }
    }
}

//! People as the user service knows them: batched, remembered for a while, with a deadline on every call.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use contracts::{DirectoryError, Discretion, Profile, Relations, UserDirectory};
use kernel::{Clock, Timestamp, UserId, WireError};
use quick_cache::sync::Cache;
use serde::Serialize;
use utoipa::ToSchema;

use crate::delivery::store::Owner;

/// Profiles remembered; about 300 bytes each.
const REMEMBERED: usize = 50_000;
/// People whose relations are remembered; 16 bytes for each relation.
const RELATED: usize = 10_000;
/// How long a profile is shown without asking again, in case the news of a change was lost.
const BELIEVED: Duration = Duration::from_mins(5);

/// A person as others see them. Null until set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublicUser {
    /// Who.
    #[schema(value_type = String, format = Uuid)]
    pub id: UserId,
    /// Display name.
    pub name: Option<String>,
    /// Unique short name.
    pub username: Option<String>,
    /// A few words about themself.
    pub bio: Option<String>,
    /// Picture.
    pub avatar_url: Option<String>,
    /// Since when they are here; null if that cannot be told now.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub created_at: Option<Timestamp>,
}

impl PublicUser {
    /// A person of whom only the id is known.
    pub const fn nameless(id: UserId) -> Self {
        Self { id, name: None, username: None, bio: None, avatar_url: None, created_at: None }
    }
}

impl From<Profile> for PublicUser {
    fn from(profile: Profile) -> Self {
        Self {
            id: profile.id,
            name: profile.name,
            username: profile.username,
            bio: profile.bio,
            avatar_url: profile.avatar_url,
            created_at: Some(profile.created_at),
        }
    }
}

/// The user service did not answer.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct PeopleError(#[from] DirectoryError);

impl From<PeopleError> for WireError {
    fn from(error: PeopleError) -> Self {
        tracing::warn!(%error, "the user service did not answer as asked");
        error.0.into()
    }
}

/// What is remembered of a person.
#[derive(Debug, Clone)]
struct Known {
    at: Duration,
    user: PublicUser,
    discretion: Discretion,
}

/// Asks the user service. Nothing on the way of a message does.
#[derive(Debug)]
pub struct People {
    directory: Arc<dyn UserDirectory>,
    clock: Arc<dyn Clock>,
    known: Cache<UserId, Known>,
    relations: Cache<UserId, (Duration, Arc<Relations>)>,
}

impl People {
    /// Asks this directory.
    pub fn new(directory: Arc<dyn UserDirectory>, clock: Arc<dyn Clock>) -> Self {
        Self { directory, clock, known: Cache::new(REMEMBERED), relations: Cache::new(RELATED) }
    }

    /// The people of these ids, in the same order; nameless if the user service does not know them (any more).
    pub async fn profiles(&self, ids: &[UserId]) -> Result<Vec<PublicUser>, PeopleError> {
        let known = self.known(ids).await?;
        let user = |(id, known): (&UserId, Option<Known>)| {
            known.map_or_else(|| PublicUser::nameless(*id), |known| known.user)
        };
        Ok(ids.iter().zip(known).map(user).collect())
    }

    /// What the people of these ids do not let others see, in the same order; of whom the user service does not know (any
    /// more) there is nothing to see.
    pub async fn discretions(&self, ids: &[UserId]) -> Result<Vec<Discretion>, PeopleError> {
        const NOTHING: Discretion = Discretion { hides_reads: true, hides_last_seen: true };
        let known = self.known(ids).await?;
        Ok(known.into_iter().map(|known| known.map_or(NOTHING, |known| known.discretion)).collect())
    }

    async fn known(&self, ids: &[UserId]) -> Result<Vec<Option<Known>>, PeopleError> {
        let now = self.clock.monotonic();
        let fresh = |id: &UserId| {
            self.known.get(id).filter(|known| now.saturating_sub(known.at) < BELIEVED)
        };
        let mut known: Vec<Option<Known>> = ids.iter().map(fresh).collect();
        let unknown = ids.iter().zip(&known).filter(|(_, known)| known.is_none());
        let mut unknown: Vec<UserId> = unknown.map(|(id, _)| *id).collect();
        unknown.sort_unstable();
        unknown.dedup();
        let mut fetched = HashMap::new();
        for batch in unknown.chunks(contracts::MAX_IDS) {
            for profile in self.directory.profiles(batch).await? {
                let discretion = profile.discretion;
                let found = Known { at: now, user: profile.into(), discretion };
                self.known.insert(found.user.id, found.clone());
                fetched.insert(found.user.id, found);
            }
        }
        for (id, known) in ids.iter().zip(&mut known).filter(|(_, known)| known.is_none()) {
            *known = fetched.get(id).cloned();
        }
        Ok(known)
    }

    /// Whether there is such a person.
    pub async fn exists(&self, id: UserId) -> Result<bool, PeopleError> {
        Ok(!self.directory.profiles(&[id]).await?.is_empty())
    }

    /// Those of the ids that nobody has.
    pub async fn unknown(&self, ids: &[UserId]) -> Result<Vec<UserId>, PeopleError> {
        let mut known = HashSet::new();
        for batch in ids.chunks(contracts::MAX_IDS) {
            let profiles = self.directory.profiles(batch).await?;
            known.extend(profiles.into_iter().map(|profile| profile.id));
        }
        Ok(ids.iter().copied().filter(|id| !known.contains(id)).collect())
    }

    /// Whether `from` may open a conversation with `to`.
    pub async fn may_talk(&self, from: UserId, to: UserId) -> Result<bool, PeopleError> {
        Ok(self.directory.may_talk(from, to).await?)
    }

    /// The devices that hold content for these people.
    pub async fn live_devices(&self, ids: &[UserId]) -> Result<Vec<Owner>, PeopleError> {
        let mut devices = Vec::new();
        for batch in ids.chunks(contracts::MAX_IDS) {
            devices.extend(self.directory.live_devices(batch).await?);
        }
        Ok(devices.into_iter().map(|live| Owner { user: live.user, device: live.device }).collect())
    }

    /// Who is what to the person.
    pub async fn relations(&self, id: UserId) -> Result<Arc<Relations>, PeopleError> {
        let now = self.clock.monotonic();
        if let Some((at, relations)) = self.relations.get(&id)
            && now.saturating_sub(at) < BELIEVED
        {
            return Ok(relations);
        }
        self.relations_now(id).await
    }

    /// As [`People::relations`], whatever is remembered.
    pub async fn relations_now(&self, id: UserId) -> Result<Arc<Relations>, PeopleError> {
        let now = self.clock.monotonic();
        let relations = Arc::new(self.directory.relations(id).await?);
        self.relations.insert(id, (now, Arc::clone(&relations)));
        Ok(relations)
    }

    /// News of who is what to whom may have been lost.
    pub fn forget_all_relations(&self) {
        self.relations.clear();
    }

    /// What the person is to others has changed: ask again when it is wanted.
    pub fn forget_relations(&self, id: UserId) {
        self.relations.remove(&id);
    }

    /// The profile has changed: ask again when it is wanted.
    pub fn forget(&self, id: UserId) {
        self.known.remove(&id);
    }
}

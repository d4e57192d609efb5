use std::sync::Arc;

use async_trait::async_trait;
use contracts::{DirectoryError, LiveDevice, MAX_IDS, Profile, PublicKey, UserDirectory};
use kernel::{UserId, WireError};

use crate::ports::Ports;
use crate::preferences::WhoMay;

/// The directory over this service's own stores.
#[derive(Debug, Clone)]
pub(crate) struct LocalUserDirectory(pub(crate) Arc<Ports>);

#[async_trait]
impl UserDirectory for LocalUserDirectory {
    #[tracing::instrument(skip_all, fields(users = users.len()), err(level = "warn"))]
    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>, DirectoryError> {
        let users = check(users)?;
        let people = self.0.profiles.people(&users).await?;
        Ok(people.into_iter().map(|person| person.profile).collect())
    }

    #[tracing::instrument(skip_all, fields(users = users.len()), err(level = "warn"))]
    async fn live_devices(&self, users: &[UserId]) -> Result<Vec<LiveDevice>, DirectoryError> {
        let users = check(users)?;
        Ok(self.0.accounts.live_devices(&users, self.0.seen_since()).await?)
    }

    #[tracing::instrument(skip(self), err(level = "info"))]
    async fn may_talk(&self, from: UserId, to: UserId) -> Result<bool, DirectoryError> {
        let people = self.0.profiles.people(&[from, to]).await?;
        let find = |user| people.iter().find(|person| person.profile.id == user);
        let (Some(_), Some(to)) = (find(from), find(to)) else {
            return Err(DirectoryError::Refused(WireError::not_found("user")));
        };
        Ok(from == to.profile.id || to.preferences.who_may_message_me == WhoMay::Everyone)
    }

    async fn signing_keys(&self) -> Result<Vec<PublicKey>, DirectoryError> {
        Ok(self.0.issuer.public_keys())
    }
}

/// Each person once.
fn check(users: &[UserId]) -> Result<Vec<UserId>, DirectoryError> {
    if users.len() > MAX_IDS {
        let rule = format!("must be {MAX_IDS} at most; ask for fewer at once");
        return Err(DirectoryError::Refused(WireError::invalid("userIds", rule)));
    }
    let mut users = users.to_vec();
    users.sort_unstable();
    users.dedup();
    Ok(users)
}

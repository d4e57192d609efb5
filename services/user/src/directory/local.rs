use std::sync::Arc;

use async_trait::async_trait;
use contracts::{
    DirectoryError, LiveDevice, MAX_IDS, Profile, PublicKey, Relations, UserDirectory,
};
use kernel::{ErrorCode, UserId, WireError};

use crate::contacts::Standing;
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
        if from == to.profile.id {
            return Ok(true);
        }
        // How `from` sees it, and nothing else: that is the same whether or not `to` blocks them.
        let standing = self.0.contacts.side(from, to.profile.id).await?.standing;
        if standing == Some(Standing::Blocked) {
            let remedy = "you block this person; unblock them first";
            return Err(DirectoryError::Refused(WireError::new(ErrorCode::Forbidden, remedy)));
        }
        Ok(match to.preferences.who_may_message_me {
            WhoMay::Everyone => true,
            WhoMay::Contacts => standing == Some(Standing::Accepted),
            WhoMay::Nobody => false,
        })
    }

    #[tracing::instrument(skip(self), err(level = "warn"))]
    async fn relations(&self, user: UserId) -> Result<Relations, DirectoryError> {
        Ok(self.0.contacts.relations(user).await?)
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

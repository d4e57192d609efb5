//! Which devices hold content, and which no longer.

use auth::Identity;
use kernel::{ConversationId, UserId};

use super::retention;
use super::store::Owner;
use crate::chat::Chat;
use crate::own;
use crate::people::directory::PeopleError;
use crate::store::StoreError;

/// Why a person's devices could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum DevicesError {
    /// The user service.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sees to it that the caller's device has a cursor in all their conversations, before anything is answered from cursors.
pub async fn ensure_registered(chat: &Chat, caller: &Identity) -> Result<(), StoreError> {
    let owner = Owner { user: caller.user, device: caller.device };
    if chat.delivery.is_registered(owner).await? {
        return Ok(());
    }
    own::ensure(chat, caller.user, Some(caller.device)).await?;
    let ids = conversations_of(chat, caller.user).await?;
    chat.delivery.register(owner, &ids, chat.clock.now()).await?;
    tracing::info!(user_id = %caller.user, device_id = %caller.device, "device registered");
    Ok(())
}

/// Takes the device's cursors away unless the user service says that it is still in use: it may have logged in again.
#[tracing::instrument(skip_all, fields(user_id = %owner.user, device_id = %owner.device))]
pub async fn forget_unless_live(chat: &Chat, owner: Owner) -> Result<(), DevicesError> {
    if chat.people.live_devices(&[owner.user]).await?.contains(&owner) {
        return Ok(());
    }
    let ids = conversations_of(chat, owner.user).await?;
    chat.delivery.remove(owner, &ids).await?;
    tracing::info!("device no longer holds content");
    // What it alone was waited for can go now.
    Ok(retention::sweep(chat).await?)
}

async fn conversations_of(chat: &Chat, user: UserId) -> Result<Vec<ConversationId>, StoreError> {
    let rows = chat.conversations.memberships(user, chat.most_conversations()).await?;
    Ok(rows.into_iter().map(|row| row.conversation).collect())
}

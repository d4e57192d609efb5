//! Which devices hold content, and which no longer.

use auth::Identity;
use kernel::{ConversationId, ErrorCode, UserId, WireError};

use super::retention;
use super::store::{Held, Owner};
use crate::chat::Chat;
use crate::own;
use crate::people::directory::PeopleError;
use crate::store::StoreError;

/// Why a person's devices could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum DevicesError {
    /// The device was removed, or its session ended, a moment ago.
    #[error("the device is not in use any more")]
    Gone,
    /// The user service.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DevicesError> for WireError {
    fn from(error: DevicesError) -> Self {
        match error {
            DevicesError::Gone => Self::new(ErrorCode::Unauthorized, "the session has ended"),
            DevicesError::People(error) => error.into(),
            DevicesError::Store(error) => error.into(),
        }
    }
}

/// Sees to it that the caller's device has a cursor in all their conversations, before anything is answered from cursors.
pub async fn ensure_registered(chat: &Chat, caller: &Identity) -> Result<(), DevicesError> {
    let owner = Owner { user: caller.user, device: caller.device };
    if chat.delivery.is_registered(owner).await? {
        return Ok(());
    }
    own::ensure(chat, caller.user, Some(caller.device)).await?;
    let ids = conversations_of(chat, caller.user).await?;
    register(chat, owner, &ids).await?;
    tracing::info!(user_id = %caller.user, device_id = %caller.device, "device registered");
    Ok(())
}

/// Gives the device of a caller cursors in these conversations. If it was removed meanwhile, the news of it may have been
/// acted on before the cursors were there; they would hold content that nobody ever calls for. So it is looked at once more.
pub async fn register(
    chat: &Chat,
    owner: Owner,
    ids: &[ConversationId],
) -> Result<(), DevicesError> {
    chat.delivery.register(owner, ids, chat.clock.now()).await?;
    match forget_unless_live(chat, owner).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(DevicesError::Gone),
        Err(DevicesError::People(error)) => {
            // Whoever acts on such news asks the user service too, so none was acted on while it does not answer.
            tracing::warn!(%error, "a new device was not looked at once more");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Takes the device's cursors away unless the user service says that it is still in use: it may have logged in again. Says
/// whether it is.
#[tracing::instrument(skip_all, fields(user_id = %owner.user, device_id = %owner.device))]
pub async fn forget_unless_live(chat: &Chat, owner: Owner) -> Result<bool, DevicesError> {
    if chat.people.live_devices(&[owner.user]).await?.contains(&owner) {
        return Ok(true);
    }
    let ids = conversations_of(chat, owner.user).await?;
    let behind = chat.delivery.remove(owner, &ids).await?;
    tracing::info!("device no longer holds content");
    // What it alone was waited for can go now. If this fails, the sweeper does it.
    retention::forget(&*chat.log, &*chat.delivery, &behind).await?;
    Ok(false)
}

/// Takes the cursors of devices away that hold content of this conversation at or below `to`, and that the user service does
/// not know as in use: the news of their end was lost, or came before their cursors.
#[tracing::instrument(skip_all, fields(conversation_id = %id))]
pub async fn forget_holders(chat: &Chat, id: ConversationId, to: u64) -> Result<(), DevicesError> {
    let Some(standing) = chat.delivery.standings(&[id]).await?.remove(&id) else { return Ok(()) };
    let holders = standing.cursors.iter().filter(|held| held.seq < to);
    let owner = |held: &Held| Some(Owner { user: held.user, device: held.device? });
    let holders: Vec<Owner> = holders.filter_map(owner).collect();
    let mut users: Vec<UserId> = holders.iter().map(|owner| owner.user).collect();
    users.sort_unstable();
    users.dedup();
    let live = chat.people.live_devices(&users).await?;
    for gone in holders.iter().filter(|owner| !live.contains(owner)) {
        forget_unless_live(chat, *gone).await?;
    }
    Ok(())
}

async fn conversations_of(chat: &Chat, user: UserId) -> Result<Vec<ConversationId>, StoreError> {
    chat.conversations.conversations_of(user, chat.most_conversations()).await
}

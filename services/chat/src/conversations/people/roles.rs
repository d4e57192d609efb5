//! Says what a member of a group may do.

use auth::Identity;
use kernel::{ConversationId, EntryId, UserId, WireError};

use crate::chat::Chat;
use crate::conversations::changes::append::{self, Warrant};
use crate::conversations::changes::carry;
use crate::conversations::changes::store::{Begun, Change, Op};
use crate::conversations::error::ConversationError;
use crate::conversations::{Role, retry};
use crate::log::entry::Entry;

/// Gives the member that role. Answers no entry if they have it. The last owner stays one until there is another.
#[tracing::instrument(skip_all, fields(user_id = %caller.user, conversation_id = %id, member = %user))]
pub async fn set_role(
    chat: &Chat,
    caller: &Identity,
    id: ConversationId,
    (user, role): (UserId, Role),
    key: EntryId,
) -> Result<Option<Entry>, ConversationError> {
    let digest = retry::digest(chat, "role", &(id, user, role));
    if let Some(entry) = retry::earlier(chat, caller, id, key, &digest).await? {
        return Ok(Some(entry));
    }
    let seen = chat.members.look_again(id, caller.user).await?;
    let wanted = Change {
        conversation: id,
        user,
        op: Op::Role,
        role,
        was: role,
        by: caller.user,
        entry: key,
        digest,
        at: chat.clock.now(),
    };
    append::check(&seen, &wanted)?;
    chat.pace.change(caller.user).map_err(ConversationError::TooOften)?;
    let begun = chat.changes.pending(id, user).await?.filter(|begun| begun.entry == key);
    if begun.is_none() {
        let member = chat.conversations.member(id, user).await?;
        let member = member.ok_or(ConversationError::NoSuchMember)?;
        if member.role == Role::Owner && role != Role::Owner {
            another_owner(chat, id, user).await?;
        }
    }
    match chat.changes.begin(&wanted, &[]).await? {
        Begun::Yes(change) if change.digest != digest => Err(ConversationError::Conflict),
        Begun::Yes(change) => {
            if change.was == Role::Owner {
                // Two owners may have thought of each other: seen from behind both marks, nobody would be left.
                if let Err(error) = another_owner(chat, id, user).await {
                    chat.changes.undo(&change).await?;
                    return Err(error);
                }
            }
            let warrant = Warrant::Change(&change);
            carry::carry_out(chat, &change, seen.checked, warrant).await.map(Some)
        }
        Begun::Nothing => Ok(None),
        Begun::Busy => Err(ConversationError::Busy),
    }
}

/// There is an owner besides this one.
async fn another_owner(
    chat: &Chat,
    id: ConversationId,
    user: UserId,
) -> Result<(), ConversationError> {
    let most = chat.settings.limits.group_members.saturating_mul(2);
    let members = chat.conversations.members(id, None, most).await?;
    if members.iter().any(|member| member.role == Role::Owner && member.user != user) {
        return Ok(());
    }
    let error = WireError::invalid("role", "make somebody else an owner first");
    Err(ConversationError::Invalid(error))
}

//! Brings people into a group.

use std::collections::HashMap;

use auth::Identity;
use kernel::{ConversationId, DeviceId, EntryId, UserId, WireError};

use crate::chat::Chat;
use crate::conversations::changes::append::{self, Warrant, derived};
use crate::conversations::changes::carry;
use crate::conversations::changes::store::{Begun, Change, Op};
use crate::conversations::create_group::may_add;
use crate::conversations::error::ConversationError;
use crate::conversations::{Role, create, retry};
use crate::log::entry::{Digest, Entry};

/// Brings these people in, as members. Answers an entry for each of them who was not there. Called again with the same key,
/// it does what is left to do and answers the same.
#[tracing::instrument(skip_all, fields(user_id = %caller.user, conversation_id = %id, people = users.len()))]
pub async fn add(
    chat: &Chat,
    caller: &Identity,
    id: ConversationId,
    users: &[UserId],
    key: EntryId,
) -> Result<Vec<Entry>, ConversationError> {
    let users = wanted(chat, users)?;
    let digest = retry::digest(chat, "add", &(id, &users));
    // The key itself names the first one's entry, so another call under it is found out.
    let ids = users.iter().enumerate().map(|(at, user)| {
        let entry = if at == 0 { key } else { derived(key, user.uuid()) };
        (*user, entry)
    });
    let mut entries = Vec::new();
    let mut left = Vec::new();
    for (user, entry) in ids {
        match retry::earlier(chat, caller, id, entry, &digest).await? {
            Some(entry) => entries.push(entry),
            None => left.push((user, entry)),
        }
    }
    if left.is_empty() {
        return Ok(entries);
    }
    let more = add_new(chat, caller, id, left, digest).await?;
    entries.extend(more);
    Ok(entries)
}

/// Each person once, in an order that every call with the same people has.
fn wanted(chat: &Chat, users: &[UserId]) -> Result<Vec<UserId>, ConversationError> {
    let mut users = users.to_vec();
    users.sort_unstable();
    users.dedup();
    let most = chat.settings.limits.members_per_call;
    if users.is_empty() || users.len() > most {
        let error = WireError::invalid("userIds", format!("must have 1 to {most} people"));
        return Err(ConversationError::Invalid(error));
    }
    Ok(users)
}

async fn add_new(
    chat: &Chat,
    caller: &Identity,
    id: ConversationId,
    people: Vec<(UserId, EntryId)>,
    digest: Digest,
) -> Result<Vec<Entry>, ConversationError> {
    let seen = chat.members.look_again(id, caller.user).await?;
    let at = chat.clock.now();
    let changes = people.into_iter().map(|(user, entry)| Change {
        conversation: id,
        user,
        op: Op::Joined,
        role: Role::Member,
        was: Role::Member,
        by: caller.user,
        entry,
        digest,
        at,
    });
    let mut new = Vec::new();
    for change in changes {
        append::check(&seen, &change)?;
        // One whose change this very key began is carried on below.
        let pending = chat.changes.pending(id, change.user).await?;
        let is_in = chat.conversations.member(id, change.user).await?.is_some();
        if !is_in || pending.is_some() {
            new.push(change);
        }
    }
    let devices = prepare(chat, caller, id, &new).await?;
    let mut checked = seen.checked;
    let mut entries = Vec::new();
    for change in new {
        let devices = devices.get(&change.user).map(Vec::as_slice).unwrap_or_default();
        let change = match chat.changes.begin(&change, devices).await? {
            Begun::Yes(change) => change,
            Begun::Nothing => continue,
            Begun::Busy => return Err(ConversationError::Busy),
        };
        let entry = carry::carry_out(chat, &change, checked, Warrant::Change(&change)).await?;
        // Nobody came or went between what was checked and this entry, and it takes nothing from the caller.
        checked = checked.max(entry.seq);
        entries.push(entry);
    }
    Ok(entries)
}

/// Everyone exists, has room, and may be brought in; there is room in the group. Answers their devices.
async fn prepare(
    chat: &Chat,
    caller: &Identity,
    id: ConversationId,
    new: &[Change],
) -> Result<HashMap<UserId, Vec<DeviceId>>, ConversationError> {
    if new.is_empty() {
        return Ok(HashMap::new());
    }
    chat.pace.change(caller.user).map_err(ConversationError::TooOften)?;
    let users: Vec<UserId> = new.iter().map(|change| change.user).collect();
    let most = chat.settings.limits.group_members;
    let conversation = chat.conversations.get(id).await?.ok_or(ConversationError::NotFound)?;
    if conversation.member_count as usize + users.len() > most as usize {
        return Err(ConversationError::GroupFull(most));
    }
    may_add(chat, caller, &users).await?;
    create::room_for(chat, &users).await?;
    let parties = create::parties(chat, users.into_iter().map(|user| (user, Role::Member))).await?;
    Ok(parties.into_iter().map(|party| (party.user, party.devices)).collect())
}

//! Brings people into a group.

use std::collections::HashMap;

use auth::Identity;
use kernel::{ConversationId, DeviceId, EntryId, UserId, WireError};
use serde_json::Value;
use serde_json::value::RawValue;

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
    let first = retry::earlier(chat, caller, id, key, &digest).await?;
    let mut entries: Vec<Entry> = first.clone().into_iter().collect();
    let mut left = Vec::new();
    for user in users {
        let entry = derived(key, user.uuid());
        match retry::earlier(chat, caller, id, entry, &digest).await? {
            Some(entry) => entries.push(entry),
            None => left.push(user),
        }
    }
    match first {
        // Its content is gone, so this call ended long ago.
        Some(Entry { data: None, .. }) => return Ok(entries),
        Some(first) => left.retain(|user| !names(&first, *user)),
        None => {}
    }
    if !left.is_empty() {
        let taken = entries.iter().any(|entry| entry.id == key);
        entries.extend(add_new(chat, caller, id, left, (key, taken, digest)).await?);
    }
    Ok(entries)
}

/// Whether the entry is about that person.
fn names(entry: &Entry, user: UserId) -> bool {
    let data = entry.data.as_deref().map_or("", RawValue::get);
    let data: Result<Value, _> = serde_json::from_str(data);
    data.is_ok_and(|data| data["userId"] == user.to_string())
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
    people: Vec<UserId>,
    (key, mut taken, digest): (EntryId, bool, Digest),
) -> Result<Vec<Entry>, ConversationError> {
    let seen = chat.members.look_again(id, caller.user).await?;
    let mut begun = HashMap::new();
    for user in &people {
        if let Some(change) = chat.changes.pending(id, *user).await? {
            taken |= change.entry == key;
            begun.insert(*user, change);
        }
    }
    let joining = |user, entry| Change {
        conversation: id,
        user,
        op: Op::Joined,
        role: Role::Member,
        was: Role::Member,
        by: caller.user,
        entry,
        digest,
        at: chat.clock.now(),
    };
    append::check(&seen, &joining(caller.user, key))?;
    let mut new = Vec::new();
    for user in people {
        let pending = begun.get(&user);
        if pending.is_none() && chat.conversations.member(id, user).await?.is_some() {
            continue;
        }
        // The key itself names the entry of the first who is new, so another call under it is found out.
        let own = pending.is_some_and(|change| change.entry == key) || !taken;
        taken = true;
        new.push(joining(user, if own { key } else { derived(key, user.uuid()) }));
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

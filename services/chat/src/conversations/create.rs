//! Opens the direct conversation of two people, which exists once.

use std::collections::HashMap;

use auth::Identity;
use futures::{StreamExt, TryStreamExt, stream};
use kernel::{ConversationId, DeviceId, Random, UserId};
use uuid::Uuid;

use super::error::ConversationError;
use super::store::{NewConversation, Party};
use super::view::{self, ConversationView};
use super::{Kind, Retention, Role, blocks};
use crate::chat::Chat;
use crate::own::{self, Note, cause};
use crate::store::StoreError;

/// Makes ids of direct conversations; never changes, or pairs would get a second conversation.
const DIRECT: Uuid = Uuid::from_u128(0x6f1e_3b0a_8c5d_5f2e_9a47_d1c0_b7e3_2a94);

/// Epochs are drawn from so many: a restored conversation hardly ever gets the one it had.
const EPOCHS: u64 = 1 << 48;

/// People whose part in a conversation is asked for or told at a time.
pub const AT_ONCE: usize = 16;

/// A conversation, and whether this call made it.
#[derive(Debug)]
pub struct Opened {
    /// As the caller sees it.
    pub conversation: ConversationView,
    /// Whether it is new.
    pub created: bool,
}

/// An epoch that a conversation has not had before.
pub fn new_epoch(random: &dyn Random) -> String {
    format!("{:012x}", random.below(EPOCHS))
}

/// The id of two people's direct conversation, whoever of them asks.
pub fn direct_id(one: UserId, other: UserId) -> ConversationId {
    let (first, second) = if one < other { (one, other) } else { (other, one) };
    let name = [first.uuid().into_bytes(), second.uuid().into_bytes()].concat();
    ConversationId::from_uuid(Uuid::new_v5(&DIRECT, &name))
}

/// Opens the conversation of the caller with `with`, or finds the one they have.
#[tracing::instrument(skip_all, fields(user_id = %caller.user))]
pub async fn open_direct(
    chat: &Chat,
    caller: &Identity,
    with: UserId,
) -> Result<Opened, ConversationError> {
    if with == caller.user {
        return Err(ConversationError::WithOneself);
    }
    let id = direct_id(caller.user, with);
    if let Some(conversation) = chat.conversations.get(id).await? {
        if conversation.head_seq == 0 {
            // Whoever made it may not have come to tell.
            blocks::learn(chat, id, caller.user, with).await?;
            announce(chat, [caller.user, with], id).await;
        }
        let conversation = view::of(chat, caller.user, id).await?;
        return Ok(Opened { conversation, created: false });
    }
    chat.pace.change(caller.user).map_err(ConversationError::TooOften)?;
    let created = make(chat, caller, with, id).await?;
    if created {
        blocks::learn(chat, id, caller.user, with).await?;
        announce(chat, [caller.user, with], id).await;
        metrics::counter!("conversations_created_total", "kind" => "direct").increment(1);
        tracing::info!(conversation_id = %id, "conversation opened");
    }
    Ok(Opened { conversation: view::of(chat, caller.user, id).await?, created })
}

async fn make(
    chat: &Chat,
    caller: &Identity,
    with: UserId,
    id: ConversationId,
) -> Result<bool, ConversationError> {
    if !chat.people.exists(with).await? {
        return Err(ConversationError::NoSuchPerson);
    }
    if !chat.people.may_talk(caller.user, with).await? {
        return Err(ConversationError::NotAllowed);
    }
    let users = [caller.user, with];
    room_for(chat, &users).await?;
    let new = NewConversation {
        id,
        kind: Kind::Direct,
        title: None,
        parties: parties(chat, users.map(|user| (user, Role::Member))).await?,
        retention: Retention::Relay,
        epoch: new_epoch(&*chat.random),
        maker: None,
        now: chat.clock.now(),
    };
    Ok(chat.conversations.create(&new).await?)
}

/// Everyone has room for one more conversation. Their own does not count.
pub async fn room_for(chat: &Chat, users: &[UserId]) -> Result<(), ConversationError> {
    let most = chat.most_conversations();
    let rows = users.iter().map(|user| async move {
        let ids = chat.conversations.conversations_of(*user, most).await?;
        let own = own::open::id(*user);
        Ok::<_, StoreError>(ids.iter().filter(|id| **id != own).count())
    });
    let counts: Vec<usize> = stream::iter(rows).buffered(AT_ONCE).try_collect().await?;
    let limit = chat.settings.limits.conversations_per_person as usize;
    if counts.into_iter().any(|count| count >= limit) {
        return Err(ConversationError::TooMany);
    }
    Ok(())
}

/// The people of a new conversation, with the devices that are to get its content.
pub async fn parties(
    chat: &Chat,
    people: impl IntoIterator<Item = (UserId, Role)>,
) -> Result<Vec<Party>, ConversationError> {
    let people: Vec<(UserId, Role)> = people.into_iter().collect();
    let users: Vec<UserId> = people.iter().map(|(user, _)| *user).collect();
    let mut devices: HashMap<UserId, Vec<DeviceId>> = HashMap::new();
    for owner in chat.people.live_devices(&users).await? {
        devices.entry(owner.user).or_default().push(owner.device);
    }
    let party =
        |(user, role)| Party { user, role, devices: devices.remove(&user).unwrap_or_default() };
    Ok(people.into_iter().map(party).collect())
}

/// Tells these people's devices of the conversation.
pub async fn announce(chat: &Chat, users: impl IntoIterator<Item = UserId>, id: ConversationId) {
    let told = users.into_iter().map(|user| async move {
        chat.announcer.added(user, id).await;
        let note = Note::ConversationAdded { conversation_id: id };
        chat.notes.soon(user, cause(note.op(), id), note);
    });
    stream::iter(told).buffer_unordered(AT_ONCE).collect::<()>().await;
}

#[cfg(test)]
mod tests {
    use kernel::{SeededRandom, Timestamp};

    use super::*;

    #[test]
    fn both_people_find_the_same_conversation() {
        let random = SeededRandom::new(3);
        let person = || UserId::new_v7(Timestamp::from_millis(1), &random);
        let (ann, bob, cid) = (person(), person(), person());
        assert_eq!(direct_id(ann, bob), direct_id(bob, ann));
        assert_ne!(direct_id(ann, bob), direct_id(ann, cid));
        assert_eq!(direct_id(ann, bob).uuid().get_version_num(), 5);
    }
}

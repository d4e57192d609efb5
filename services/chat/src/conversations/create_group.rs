//! Makes a group.

use auth::Identity;
use futures::{StreamExt, TryStreamExt, stream};
use kernel::{ConversationId, EntryId, UserId, WireError};
use serde_json::json;
use serde_json::value::to_raw_value;

use super::changes::append::{Failure, Warrant, append};
use super::create::{self, AT_ONCE, Opened};
use super::error::ConversationError;
use super::store::NewConversation;
use super::{Kind, Maker, Retention, Role, rename, retry, view};
use crate::chat::Chat;
use crate::log::entry::{Digest, EntryType};
use crate::log::store::Draft;

/// A group to be made.
#[derive(Debug, Clone)]
pub struct NewGroup {
    /// Made by the client: the same again is the same group.
    pub id: ConversationId,
    /// Its title.
    pub title: String,
    /// Everyone in it besides the caller.
    pub members: Vec<UserId>,
    /// How long content is kept.
    pub retention: Retention,
}

/// Makes a group that the caller owns. Its log begins with its title, so that devices that are away hear of it.
#[tracing::instrument(skip_all, fields(user_id = %caller.user, conversation_id = %group.id))]
pub async fn create_group(
    chat: &Chat,
    caller: &Identity,
    group: NewGroup,
) -> Result<Opened, ConversationError> {
    if !group.id.is_v7() {
        let error = WireError::invalid("id", "must be a UUID of version 7 made by the client");
        return Err(ConversationError::Invalid(error));
    }
    let title = rename::title(chat, &group.title)?;
    let mut others = group.members.clone();
    others.sort_unstable();
    others.dedup();
    others.retain(|user| *user != caller.user);
    let most = chat.settings.limits.group_members;
    if others.len() >= most as usize {
        let error = WireError::invalid("memberIds", format!("a group has at most {most} people"));
        return Err(ConversationError::Invalid(error));
    }
    let digest = retry::digest(chat, "group", &(&title, &others, group.retention));
    let maker = Maker { user: caller.user, digest };
    let mut created = false;
    if chat.conversations.get(group.id).await?.is_none() {
        chat.pace.change(caller.user).map_err(ConversationError::TooOften)?;
        may_add(chat, caller, &others).await?;
        let everyone = others.iter().map(|user| (*user, Role::Member));
        let everyone: Vec<_> = everyone.chain([(caller.user, Role::Owner)]).collect();
        create::room_for(chat, &everyone.iter().map(|(user, _)| *user).collect::<Vec<_>>()).await?;
        let new = NewConversation {
            id: group.id,
            kind: Kind::Group,
            title: Some(title.clone()),
            parties: create::parties(chat, everyone).await?,
            retention: group.retention,
            epoch: create::new_epoch(&*chat.random),
            maker: Some(maker),
            now: chat.clock.now(),
        };
        created = chat.conversations.create(&new).await?;
    }
    let conversation = chat.conversations.get(group.id).await?;
    let conversation = conversation.ok_or(ConversationError::Conflict)?;
    if conversation.maker != Some(maker) {
        return Err(ConversationError::Conflict);
    }
    if conversation.head_seq == 0 {
        // Whoever made it may have died before it came to this.
        begin_log(chat, caller, group.id, &title, digest, group.retention).await?;
        create::announce(chat, others.into_iter().chain([caller.user]), group.id).await;
    }
    if created {
        metrics::counter!("conversations_created_total", "kind" => "group").increment(1);
        tracing::info!(conversation_id = %group.id, "group made");
    }
    Ok(Opened { conversation: view::of(chat, caller.user, group.id).await?, created })
}

/// Everyone exists, and lets the caller bring them in.
pub async fn may_add(
    chat: &Chat,
    caller: &Identity,
    users: &[UserId],
) -> Result<(), ConversationError> {
    if !chat.people.unknown(users).await?.is_empty() {
        return Err(ConversationError::NoSuchPerson);
    }
    let asked = users.iter().map(|user| chat.people.may_talk(caller.user, *user));
    let answers: Vec<bool> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
    if answers.contains(&false) {
        return Err(ConversationError::NotAllowed);
    }
    Ok(())
}

async fn begin_log(
    chat: &Chat,
    caller: &Identity,
    id: ConversationId,
    title: &str,
    digest: Digest,
    retention: Retention,
) -> Result<(), ConversationError> {
    let data = to_raw_value(&json!({ "title": title }));
    let draft = Draft {
        id: EntryId::from_uuid(id.uuid()),
        conversation: id,
        kind: EntryType::Conversation,
        sender: caller.user,
        created_at: chat.clock.now(),
        digest,
        target: None,
        checked: u64::MAX,
        retention,
        withheld_from: None,
        data: data.map_err(|_| ConversationError::Unavailable)?,
    };
    match append(chat, draft, Warrant::Decided).await {
        Ok(_) => Ok(()),
        Err(Failure::Lost(error) | Failure::Unknown(error)) => Err(error),
    }
}

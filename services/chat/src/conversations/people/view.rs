//! Members as others see them.

use std::collections::HashMap;

use futures::{StreamExt, TryStreamExt, stream};
use kernel::{ConversationId, Timestamp, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::chat::Chat;
use crate::conversations::{Conversation, Member, Role};
use crate::people::directory::PublicUser;
use crate::store::StoreError;

/// Members that a conversation shows; the others are in the list of its members.
const SHOWN: u32 = 50;
/// Large conversations whose members are read at once.
const AT_ONCE: usize = 8;

/// A member as others see them.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberView {
    /// Who.
    pub user: PublicUser,
    /// What they may do.
    pub role: Role,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub joined_at: Timestamp,
}

/// Members with their names. While the user service is out of reach they come without.
pub async fn named(chat: &Chat, members: Vec<Member>) -> Vec<MemberView> {
    let ids: Vec<UserId> = members.iter().map(|member| member.user).collect();
    let users = chat.people.profiles(&ids).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "members are shown without their names");
        ids.iter().map(|id| PublicUser::nameless(*id)).collect()
    });
    let view = |(member, user): (Member, PublicUser)| MemberView {
        user,
        role: member.role,
        joined_at: member.joined_at,
    };
    members.into_iter().zip(users).map(view).collect()
}

/// The members that each of the conversations shows. Those of all small ones are read together.
pub async fn shown(
    chat: &Chat,
    conversations: &[&Conversation],
) -> Result<HashMap<ConversationId, Vec<MemberView>>, StoreError> {
    let (small, large): (Vec<&Conversation>, Vec<&Conversation>) =
        conversations.iter().partition(|conversation| conversation.member_count <= SHOWN);
    let small: Vec<ConversationId> = small.iter().map(|conversation| conversation.id).collect();
    let large: Vec<ConversationId> = large.iter().map(|conversation| conversation.id).collect();
    let large = stream::iter(large).map(|id| async move {
        let members = chat.conversations.members(id, None, SHOWN).await?;
        Ok::<_, StoreError>((id, members))
    });
    let large = large.buffered(AT_ONCE).try_collect::<Vec<_>>();
    let (mut all, large) = futures::try_join!(chat.conversations.members_of(&small), large)?;
    all.extend(large);
    let first = |(id, members): (ConversationId, Vec<Member>)| {
        members.into_iter().take(SHOWN as usize).map(move |member| (id, member))
    };
    let (places, members): (Vec<_>, Vec<_>) = all.into_iter().flat_map(first).unzip();
    let mut shown: HashMap<_, Vec<MemberView>> = HashMap::with_capacity(conversations.len());
    for (id, member) in places.into_iter().zip(named(chat, members).await) {
        shown.entry(id).or_default().push(member);
    }
    Ok(shown)
}

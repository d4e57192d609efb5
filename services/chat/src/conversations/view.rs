//! A conversation as one person sees it.

use kernel::{ConversationId, Timestamp, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use super::error::ConversationError;
use super::{Conversation, Kind, Member, Membership, Retention, Role, Standing, Switch, blocks};
use crate::chat::Chat;
use crate::log::entry::Entry;
use crate::people::directory::PublicUser;

/// Members that a conversation shows; the others are in the list of its members.
const SHOWN: u32 = 50;

/// Position in a log and user-visible messages up to there.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Position {
    /// Position in the log.
    pub seq: u64,
    /// User-visible messages up to there.
    pub count: u64,
}

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

/// A conversation as one person sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the wire contract has them as five switches")]
pub struct ConversationView {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    pub id: ConversationId,
    /// What sort it is.
    pub kind: Kind,
    /// Title, of kinds that have one.
    pub title: Option<String>,
    /// Name in links, of kinds that have one.
    pub slug: Option<String>,
    /// Picture, of kinds that have one.
    pub avatar_url: Option<String>,
    /// How long content is kept.
    pub retention: Retention,
    /// Cursors of another epoch mean nothing.
    pub epoch: String,
    /// The end of the log.
    pub head: Position,
    /// Every live device has stored everything up to here.
    pub floor: u64,
    /// How far this person has read.
    pub read: Position,
    /// User-visible messages above `read`.
    pub unread: u64,
    /// Unread messages that mention this person.
    pub mentions: u64,
    /// No notifications.
    pub muted: bool,
    /// Kept on top of the list.
    pub pinned: bool,
    /// Not in the list until the next message.
    pub hidden: bool,
    /// Out of the list.
    pub archived: bool,
    /// Marked as unread by hand.
    pub marked_unread: bool,
    /// People in it.
    pub member_count: u32,
    /// Up to 50 of them.
    pub members: Vec<MemberView>,
    /// The last entry; its `data` is null once forgotten.
    #[schema(value_type = Option<Object>)]
    pub last_entry: Option<Entry>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// The conversation as `user` sees it, if they are in it.
pub async fn of(
    chat: &Chat,
    user: UserId,
    id: ConversationId,
) -> Result<ConversationView, ConversationError> {
    let conversation = chat.conversations.get(id).await?.ok_or(ConversationError::NotFound)?;
    let membership = chat.conversations.membership(user, id).await?;
    build(chat, user, &conversation, &membership.ok_or(ConversationError::NotFound)?).await
}

/// Unread messages; none in a person's own conversation, where they write everything themself. What was read and sent is
/// counted by different writes, so read may be ahead for a moment.
pub const fn unread(conversation: &Conversation, membership: &Membership) -> u64 {
    if matches!(conversation.kind, Kind::Own) {
        return 0;
    }
    conversation.head_count.saturating_sub(membership.read_count)
}

/// Puts the view of `reader` together from what is already read.
pub async fn build(
    chat: &Chat,
    reader: UserId,
    conversation: &Conversation,
    membership: &Membership,
) -> Result<ConversationView, ConversationError> {
    let id = conversation.id;
    let before_last = conversation.head_seq.saturating_sub(1);
    let (members, progress, last) = futures::try_join!(
        chat.conversations.members(id, None, SHOWN),
        chat.delivery.progress(id),
        chat.log.entries(id, before_last, 1),
    )?;
    // What is withheld from whoever blocks shows nothing that they have hidden.
    let blocks = blocks::standing(&conversation.blocks, reader) == Standing::Blocks;
    let messages = if blocks { 0 } else { conversation.head_count };
    let is_on = |switch| membership.switches.is_on(switch, messages);
    Ok(ConversationView {
        id,
        kind: conversation.kind,
        title: conversation.title.clone(),
        slug: None,
        avatar_url: None,
        retention: conversation.retention,
        epoch: conversation.epoch.clone(),
        head: Position { seq: conversation.head_seq, count: conversation.head_count },
        floor: floor(conversation, reader, progress.map_or(0, |progress| progress.floor)),
        read: Position { seq: membership.read_seq, count: membership.read_count },
        unread: unread(conversation, membership),
        mentions: 0,
        muted: is_on(Switch::Muted),
        pinned: is_on(Switch::Pinned),
        hidden: is_on(Switch::Hidden),
        archived: is_on(Switch::Archived),
        marked_unread: is_on(Switch::MarkedUnread),
        member_count: conversation.member_count,
        members: people(chat, members).await,
        last_entry: last.into_iter().next().map(|last| last.seen_by(reader)),
        created_at: conversation.created_at,
    })
}

/// The floor as `reader` may see it: it rises by what the other devices store too, also those of somebody who blocks them. A
/// lower one does no harm.
fn floor(conversation: &Conversation, reader: UserId, floor: u64) -> u64 {
    let others = conversation.blocks.iter().filter(|block| block.by != reader);
    others.fold(floor, |floor, block| block.delivered(floor))
}

/// Members with their names. While the user service is out of reach they come without.
pub async fn people(chat: &Chat, members: Vec<Member>) -> Vec<MemberView> {
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

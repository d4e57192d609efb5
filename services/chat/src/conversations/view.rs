//! A conversation as one person sees it.

use kernel::{ConversationId, Timestamp, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use super::error::ConversationError;
use super::people::view::{self as members, MemberView};
use super::{Conversation, Kind, Membership, Retention, Standing, Switch, blocks};
use crate::chat::Chat;
use crate::log::entry::Entry;
use crate::log::store::Wanted;
use crate::store::StoreError;

/// Position in a log and user-visible messages up to there.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Position {
    /// Position in the log.
    pub seq: u64,
    /// User-visible messages up to there.
    pub count: u64,
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
    let membership = membership.ok_or(ConversationError::NotFound)?;
    let views = all(chat, user, &[(&conversation, &membership)]).await?;
    views.into_iter().next().ok_or(ConversationError::NotFound)
}

/// A conversation with what one person sees of it.
pub type Row<'a> = (&'a Conversation, &'a Membership);

/// What changes with every message, beside what is in the rows.
#[derive(Debug, Clone, Default)]
pub struct Latest {
    /// Every live device has stored everything up to here.
    pub floor: u64,
    /// The last entry, as the person sees it.
    pub entry: Option<Entry>,
}

/// The views of `reader`, in the order of the rows. Of small conversations everything is read together.
pub async fn all(
    chat: &Chat,
    reader: UserId,
    rows: &[Row<'_>],
) -> Result<Vec<ConversationView>, StoreError> {
    let ids: Vec<ConversationId> = rows.iter().map(|(conversation, _)| conversation.id).collect();
    let heads: Vec<_> =
        rows.iter().map(|(conversation, _)| (conversation.id, conversation.head_seq)).collect();
    let (progress, last) =
        futures::try_join!(chat.delivery.progress_of(&ids), last(chat, reader, &heads))?;
    let latest = ids.iter().zip(last).map(|(id, entry)| Latest {
        floor: progress.get(id).map_or(0, |progress| progress.floor),
        entry,
    });
    with(chat, reader, rows, latest.collect()).await
}

/// The entries at these heads or above, as `reader` gets to see them; none where they are gone.
pub async fn last(
    chat: &Chat,
    reader: UserId,
    heads: &[(ConversationId, u64)],
) -> Result<Vec<Option<Entry>>, StoreError> {
    let wanted = |(conversation, head): &(ConversationId, u64)| Wanted {
        conversation: *conversation,
        after: head.saturating_sub(1),
        to: u64::MAX,
        entries: 1,
        bytes: usize::MAX,
    };
    let wanted: Vec<Wanted> = heads.iter().map(wanted).collect();
    let tails = chat.log.tails(&wanted).await?.into_iter();
    let first = tails.map(|tail| tail.entries.into_iter().next());
    Ok(first.map(|entry| entry.map(|entry| entry.seen_by(reader))).collect())
}

/// As [`all`], for whoever has read already what is the latest in each.
pub async fn with(
    chat: &Chat,
    reader: UserId,
    rows: &[Row<'_>],
    latest: Vec<Latest>,
) -> Result<Vec<ConversationView>, StoreError> {
    let conversations: Vec<&Conversation> =
        rows.iter().map(|(conversation, _)| *conversation).collect();
    let mut members = members::shown(chat, &conversations).await?;
    let one = |(row, latest): (&Row<'_>, Latest)| {
        let members = members.remove(&row.0.id).unwrap_or_default();
        view(reader, *row, members, latest)
    };
    Ok(rows.iter().zip(latest).map(one).collect())
}

/// Unread messages; none in a person's own conversation, where they write everything themself. What was read and sent is
/// counted by different writes, so read may be ahead for a moment.
pub const fn unread(conversation: &Conversation, membership: &Membership) -> u64 {
    if matches!(conversation.kind, Kind::Own) {
        return 0;
    }
    conversation.head_count.saturating_sub(membership.read_count)
}

fn view(
    reader: UserId,
    (conversation, membership): Row<'_>,
    members: Vec<MemberView>,
    latest: Latest,
) -> ConversationView {
    // What is withheld from whoever blocks shows nothing that they have hidden.
    let blocks = blocks::standing(&conversation.blocks, reader) == Standing::Blocks;
    let messages = if blocks { 0 } else { conversation.head_count };
    let is_on = |switch| membership.switches.is_on(switch, messages);
    ConversationView {
        id: conversation.id,
        kind: conversation.kind,
        title: conversation.title.clone(),
        slug: None,
        avatar_url: None,
        retention: conversation.retention,
        epoch: conversation.epoch.clone(),
        head: Position { seq: conversation.head_seq, count: conversation.head_count },
        floor: floor(conversation, reader, latest.floor),
        read: Position { seq: membership.read_seq, count: membership.read_count },
        unread: unread(conversation, membership),
        mentions: 0,
        muted: is_on(Switch::Muted),
        pinned: is_on(Switch::Pinned),
        hidden: is_on(Switch::Hidden),
        archived: is_on(Switch::Archived),
        marked_unread: is_on(Switch::MarkedUnread),
        member_count: conversation.member_count,
        members,
        last_entry: latest.entry,
        created_at: conversation.created_at,
    }
}

/// The floor as `reader` may see it: it rises by what the other devices store too, also those of somebody who blocks them. A
/// lower one does no harm.
fn floor(conversation: &Conversation, reader: UserId, floor: u64) -> u64 {
    let others = conversation.blocks.iter().filter(|block| block.by != reader);
    others.fold(floor, |floor, block| block.delivered(floor))
}

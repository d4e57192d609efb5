//! A conversation's messages as they read now: with edits and reactions applied.

use std::collections::HashMap;

use auth::Identity;
use kernel::{ConversationId, EntryId, Page, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use super::{body, history};
use crate::chat::Chat;
use crate::conversations::error::ConversationError;
use crate::log::entry::{Entry, EntryType};
use crate::log::store::Span;

/// Positions looked at in one read.
const STRETCH: u64 = 1_000;
/// Reads of one page: a page of a log with little else than reactions may hold less than was asked for.
const STRETCHES: u32 = 4;

/// Where a page begins.
#[derive(Debug, Clone, Copy)]
pub enum From {
    /// Below this position, the last ones.
    Before(u64),
    /// Above this position, the first ones.
    After(u64),
}

/// One emoji and who put it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reacted {
    /// The emoji.
    pub emoji: String,
    /// Who, in the order in which they did.
    pub user_ids: Vec<UserId>,
}

/// A message as it reads now.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Folded {
    /// The message, with the words of its last edit.
    #[serde(flatten)]
    pub entry: Entry,
    /// When it was last edited.
    pub edited_at: Option<Timestamp>,
    /// Emoji, in the order in which they came.
    pub reactions: Vec<Reacted>,
    /// Whether it was deleted for everyone.
    pub deleted: bool,
}

/// One page of messages as a member reads them, upwards. `nextCursor` is the position from which the next page goes on in
/// the same direction.
#[tracing::instrument(skip_all, fields(user_id = %caller.user, conversation_id = %id))]
pub async fn page(
    chat: &Chat,
    caller: &Identity,
    id: ConversationId,
    from: From,
    limit: u32,
) -> Result<Page<Folded>, ConversationError> {
    let head = history::admitted(chat, caller, id).await?;
    let (mut messages, mut next) = find(chat, id, from, head.seq, limit).await?;
    messages.retain(|message| message.withheld_from != Some(caller.user));
    let targets: Vec<EntryId> = messages.iter().map(|message| message.id).collect();
    let most = chat.settings.limits.fold_entries;
    let mut changes = chat.entries.changes(id, &targets, most).await?;
    changes.retain(|change| change.withheld_from != Some(caller.user));
    let mut data = fold(messages, changes);
    if let Some(fits) = fitting(&data, chat.settings.limits.answer_bytes) {
        data.truncate(fits);
        next = data.last().map(|last| last.entry.seq);
    }
    if matches!(from, From::Before(_)) {
        data.reverse();
    }
    Ok(Page { data, next_cursor: next.map(|next| next.to_string()) })
}

/// Messages in the order of the direction, and where it goes on.
async fn find(
    chat: &Chat,
    id: ConversationId,
    from: From,
    head: u64,
    limit: u32,
) -> Result<(Vec<Entry>, Option<u64>), ConversationError> {
    // Below its first entry a log is not looked through.
    let first = chat.log.entries(id, 0, 1).await?.first().map_or(head, |first| first.seq - 1);
    let newest_first = matches!(from, From::Before(_));
    let (mut after, mut to) = match from {
        From::Before(before) => (first, before.saturating_sub(1).min(head)),
        From::After(after) => (after.max(first), head),
    };
    let mut found: Vec<Entry> = Vec::new();
    for _ in 0..STRETCHES {
        if after >= to {
            return Ok((found, None));
        }
        let span = if newest_first {
            Span { after: after.max(to.saturating_sub(STRETCH)), to, newest_first }
        } else {
            Span { after, to: to.min(after + STRETCH), newest_first }
        };
        let left = limit - u32::try_from(found.len()).unwrap_or(limit);
        found.extend(chat.entries.messages(id, span, left).await?);
        if found.len() >= limit as usize {
            let last = found.last().map(|last| last.seq);
            let end = if newest_first { after + 1 } else { to };
            return Ok((found, last.filter(|last| *last != end)));
        }
        if newest_first {
            to = span.after;
        } else {
            after = span.to;
        }
    }
    let next = if newest_first { to + 1 } else { after };
    Ok((found, (after < to).then_some(next)))
}

/// Applies changes, the last of which come first, to messages.
fn fold(messages: Vec<Entry>, changes: Vec<Entry>) -> Vec<Folded> {
    let mut of: HashMap<EntryId, Vec<Entry>> = HashMap::new();
    for change in changes.into_iter().rev() {
        if let Some(target) = change.target {
            of.entry(target).or_default().push(change);
        }
    }
    let folded = messages.into_iter().map(|entry| {
        let changes = of.remove(&entry.id).unwrap_or_default();
        fold_one(entry, &changes)
    });
    folded.collect()
}

fn fold_one(entry: Entry, changes: &[Entry]) -> Folded {
    let mut folded = Folded { entry, edited_at: None, reactions: Vec::new(), deleted: false };
    if changes.iter().any(|change| change.kind == EntryType::Delete) {
        folded.entry.data = None;
        folded.deleted = true;
        return folded;
    }
    for change in changes {
        match change.kind {
            EntryType::Edit => edit(&mut folded, change),
            EntryType::Reaction => react(&mut folded.reactions, change),
            _ => {}
        }
    }
    folded
}

/// The words of an edit may be forgotten, and yet the message was edited.
fn edit(folded: &mut Folded, change: &Entry) {
    folded.edited_at = Some(change.created_at);
    if let (Some(own), Some(edit)) = (&folded.entry.data, &change.data)
        && let Some(data) = body::with_edit(own, edit)
    {
        folded.entry.data = Some(data);
    }
}

#[derive(Deserialize)]
struct Reaction {
    emoji: String,
    op: String,
}

fn react(reactions: &mut Vec<Reacted>, change: &Entry) {
    let data = change.data.as_deref().map_or("", serde_json::value::RawValue::get);
    let Ok(Reaction { emoji, op }) = serde_json::from_str(data) else { return };
    let user = change.sender;
    let at = reactions.iter().position(|reacted| reacted.emoji == emoji);
    match (at, op.as_str()) {
        (None, "add") => reactions.push(Reacted { emoji, user_ids: vec![user] }),
        (Some(at), "add") if !reactions[at].user_ids.contains(&user) => {
            reactions[at].user_ids.push(user);
        }
        (Some(at), "remove") => {
            reactions[at].user_ids.retain(|other| *other != user);
            if reactions[at].user_ids.is_empty() {
                reactions.remove(at);
            }
        }
        _ => {}
    }
}

/// How many of the messages fit into an answer, if not all do. One always does.
fn fitting(messages: &[Folded], bytes: usize) -> Option<usize> {
    // Name, quotes and comma of an id; an emoji with its field names.
    const USER: usize = 40;
    const EMOJI: usize = 80;
    let weight = |message: &Folded| {
        let reactions = message.reactions.iter().map(|one| EMOJI + one.user_ids.len() * USER);
        message.entry.weight() + reactions.sum::<usize>()
    };
    let mut left = bytes;
    for (at, message) in messages.iter().enumerate() {
        let weight = weight(message);
        if weight > left && at > 0 {
            return Some(at);
        }
        left = left.saturating_sub(weight);
    }
    None
}

#[cfg(test)]
mod tests {
    use kernel::SeededRandom;
    use serde_json::{Value, json};

    use super::*;

    fn at(
        seq: u64,
        kind: EntryType,
        sender: UserId,
        target: Option<EntryId>,
        data: &Value,
    ) -> Entry {
        let random = SeededRandom::new(seq);
        let now = Timestamp::from_millis(i64::try_from(seq).unwrap());
        Entry {
            id: EntryId::new_v7(now, &random),
            conversation: ConversationId::new_v7(now, &random),
            seq,
            count: seq,
            mseq: 0,
            kind,
            sender,
            created_at: now,
            digest: [0; 32],
            target,
            withheld_from: None,
            data: (!data.is_null()).then(|| serde_json::value::to_raw_value(data).unwrap()),
        }
    }

    fn users() -> [UserId; 2] {
        [1, 2].map(|seed| UserId::new_v7(Timestamp::default(), &SeededRandom::new(seed)))
    }

    #[test]
    fn the_last_words_and_whose_emoji_are_left() {
        let [ann, bob] = users();
        let message = json!({ "kind": "text", "text": "a", "formatting": [], "mentions": [bob] });
        let message = at(1, EntryType::Message, ann, None, &message);
        let about = Some(message.id);
        let react = |seq, who, emoji: &str, op: &str| {
            at(seq, EntryType::Reaction, who, about, &json!({ "emoji": emoji, "op": op }))
        };
        let edit = |seq, text: &str| {
            at(seq, EntryType::Edit, ann, about, &json!({ "text": text, "formatting": [] }))
        };
        let mut changes = vec![
            react(2, bob, "👍", "add"),
            edit(3, "b"),
            react(4, ann, "👍", "add"),
            react(5, bob, "🎉", "add"),
            react(6, bob, "👍", "add"),
            edit(7, "c"),
            react(8, bob, "🎉", "remove"),
            react(9, ann, "🎉", "remove"),
        ];
        changes.reverse();
        let folded = fold(vec![message.clone()], changes).remove(0);
        let value = serde_json::to_value(&folded).unwrap();
        assert_eq!(value["data"]["text"], "c");
        assert_eq!(value["data"]["mentions"], json!([bob]), "what an edit does not name stays");
        assert_eq!(value["editedAt"], serde_json::to_value(Timestamp::from_millis(7)).unwrap());
        assert_eq!(value["reactions"], json!([{ "emoji": "👍", "userIds": [bob, ann] }]));
        assert_eq!((&value["deleted"], &value["seq"]), (&json!(false), &json!(1)));
        let plain = serde_json::to_value(fold(vec![message], vec![]).remove(0)).unwrap();
        assert_eq!((&plain["editedAt"], &plain["reactions"]), (&Value::Null, &json!([])));
    }

    #[test]
    fn a_deleted_message_shows_nothing() {
        let [ann, bob] = users();
        let message = at(1, EntryType::Message, ann, None, &json!({ "text": "a" }));
        let react = json!({ "emoji": "👍", "op": "add" });
        let react = at(2, EntryType::Reaction, bob, Some(message.id), &react);
        let delete = at(3, EntryType::Delete, ann, Some(message.id), &Value::Null);
        let folded = fold(vec![message], vec![delete, react]).remove(0);
        assert!(folded.deleted && folded.entry.data.is_none() && folded.reactions.is_empty());
    }

    #[test]
    fn a_page_is_cut_to_size_but_never_empty() {
        let [ann, _] = users();
        let message = |seq| at(seq, EntryType::Message, ann, None, &json!({ "text": "a" }));
        let folded = fold((1..=3).map(message).collect(), vec![]);
        assert_eq!(fitting(&folded, 1), Some(1));
        assert_eq!(fitting(&folded, usize::MAX), None);
    }
}

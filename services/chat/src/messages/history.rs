//! Reads a conversation's log.

use auth::Identity;
use kernel::ConversationId;
use serde::Serialize;

use crate::chat::Chat;
use crate::conversations::error::ConversationError;
use crate::delivery::devices;
use crate::log::entry::Entry;
use crate::log::store::Head;

/// A stretch of a log.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Stretch {
    /// What is there, upwards.
    pub entries: Vec<Entry>,
    /// Positions that are gone for good, as first and last of each run.
    pub gone: Vec<(u64, u64)>,
    /// Whether the stretch goes on.
    pub more: bool,
}

impl Stretch {
    /// The last position that the stretch tells of; `from` if it tells of none.
    pub fn end(&self, from: u64) -> u64 {
        let entry = self.entries.last().map_or(from, |entry| entry.seq);
        let gone = self.gone.last().map_or(from, |(_, last)| *last);
        entry.max(gone)
    }
}

/// How much one answer may hold.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// Entries.
    pub entries: u32,
    /// Bytes on the wire, roughly. One entry always fits.
    pub bytes: usize,
}

/// Reads positions above `after` up to `to` as a member.
#[tracing::instrument(skip_all, fields(user_id = %caller.user, conversation_id = %id, after, to))]
pub async fn range(
    chat: &Chat,
    caller: &Identity,
    id: ConversationId,
    (after, to): (u64, u64),
    limit: u32,
) -> Result<Stretch, ConversationError> {
    let head = admitted(chat, caller, id).await?;
    let bytes = chat.settings.limits.answer_bytes;
    read_up_to(chat, id, head, (after, to), Room { entries: limit, bytes }).await
}

/// The end of the log, if the caller may read it.
pub(super) async fn admitted(
    chat: &Chat,
    caller: &Identity,
    id: ConversationId,
) -> Result<Head, ConversationError> {
    let seen = chat.members.require(id, caller.user).await?;
    let head = head(chat, id).await?;
    if head.mseq > seen.checked {
        // Somebody came or went since: a remembered yes may be out of date.
        chat.members.look_again(id, caller.user).await?;
    }
    Ok(head)
}

/// Reads positions above `after` as a member who may not have connected before: registers their device first.
pub async fn above(
    chat: &Chat,
    caller: &Identity,
    id: ConversationId,
    after: u64,
    limit: u32,
) -> Result<Stretch, ConversationError> {
    devices::ensure_registered(chat, caller).await?;
    range(chat, caller, id, (after, u64::MAX), limit).await
}

/// Reads positions above `after` up to `to`, without asking who wants to know.
pub async fn read(
    chat: &Chat,
    id: ConversationId,
    (after, to): (u64, u64),
    room: Room,
) -> Result<Stretch, ConversationError> {
    let head = head(chat, id).await?;
    read_up_to(chat, id, head, (after, to), room).await
}

async fn head(chat: &Chat, id: ConversationId) -> Result<Head, ConversationError> {
    Ok(chat.log.heads(&[id]).await?.first().copied().unwrap_or_default())
}

/// The head was read before: whatever it counts was in the log before the entries are read.
async fn read_up_to(
    chat: &Chat,
    id: ConversationId,
    head: Head,
    (after, to): (u64, u64),
    room: Room,
) -> Result<Stretch, ConversationError> {
    let entries = chat.log.entries(id, after, room.entries).await?;
    let full = entries.len() >= room.entries as usize;
    Ok(cut(entries, after, (to.min(head.seq), full), room.bytes))
}

/// Cuts to size, and names what is missing between `after` and `to`.
fn cut(entries: Vec<Entry>, after: u64, (to, mut full): (u64, bool), bytes: usize) -> Stretch {
    let mut stretch = Stretch::default();
    if after >= to {
        return stretch;
    }
    let (mut next, mut weight) = (after + 1, 0);
    for entry in entries {
        if entry.seq > to {
            // The page reaches past the end of what was asked for.
            full = false;
            break;
        }
        weight += entry.weight();
        if weight > bytes && !stretch.entries.is_empty() {
            stretch.more = true;
            return stretch;
        }
        if entry.seq > next {
            stretch.gone.push((next, entry.seq - 1));
        }
        next = entry.seq + 1;
        stretch.entries.push(entry);
    }
    if next > to {
        return stretch;
    }
    if full {
        stretch.more = true;
    } else {
        stretch.gone.push((next, to));
    }
    stretch
}

#[cfg(test)]
mod tests {
    use kernel::{EntryId, SeededRandom, Timestamp, UserId};

    use super::*;
    use crate::log::entry::EntryType;

    fn entries(seqs: &[u64]) -> Vec<Entry> {
        let random = SeededRandom::new(1);
        let now = Timestamp::from_millis(1);
        let user = UserId::new_v7(now, &random);
        let entry = |seq: &u64| Entry {
            id: EntryId::new_v7(now, &random),
            conversation: ConversationId::new_v7(now, &random),
            seq: *seq,
            count: *seq,
            mseq: 0,
            kind: EntryType::Message,
            sender: user,
            created_at: now,
            digest: [0; 32],
            target: None,
            data: None,
        };
        seqs.iter().map(entry).collect()
    }

    fn shape(stretch: &Stretch) -> (Vec<u64>, Vec<(u64, u64)>, bool) {
        let seqs = stretch.entries.iter().map(|entry| entry.seq).collect();
        (seqs, stretch.gone.clone(), stretch.more)
    }

    #[test]
    fn names_what_is_gone_before_between_and_after() {
        let stretch = cut(entries(&[4, 5, 8]), 1, (10, false), usize::MAX);
        assert_eq!(shape(&stretch), (vec![4, 5, 8], vec![(2, 3), (6, 7), (9, 10)], false));
        assert_eq!(stretch.end(1), 10);
    }

    #[test]
    fn a_full_page_says_nothing_of_what_follows() {
        let stretch = cut(entries(&[1, 2]), 0, (10, true), usize::MAX);
        assert_eq!(shape(&stretch), (vec![1, 2], vec![], true));
        assert_eq!(stretch.end(0), 2);
    }

    #[test]
    fn is_cut_to_size_but_never_empty() {
        let stretch = cut(entries(&[1, 2, 3]), 0, (3, false), 1);
        assert_eq!(shape(&stretch), (vec![1], vec![], true));
    }

    #[test]
    fn a_position_at_the_end_of_numbers_is_just_past_the_log() {
        assert_eq!(shape(&cut(entries(&[]), u64::MAX, (7, false), 1)), (vec![], vec![], false));
    }

    #[test]
    fn nothing_new_is_nothing_gone() {
        assert_eq!(shape(&cut(entries(&[]), 7, (7, false), 1_000)), (vec![], vec![], false));
        assert_eq!(shape(&cut(entries(&[]), 0, (0, false), 1_000)), (vec![], vec![], false));
    }
}

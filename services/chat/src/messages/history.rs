//! Reads a conversation's log.

use auth::Identity;
use kernel::{ConversationId, UserId};
use serde::Serialize;

use crate::chat::Chat;
use crate::conversations::error::ConversationError;
use crate::delivery::devices;
use crate::log::entry::Entry;
use crate::log::store::{Head, Tail, Wanted};
use crate::store::StoreError;

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
    /// As much of it as has room in so many bytes; one entry always has.
    pub fn within(mut self, bytes: usize) -> Self {
        let mut weight = 0;
        let fits = self.entries.iter().position(|entry| {
            weight += entry.weight();
            weight > bytes
        });
        let Some(fits) = fits.map(|fits| fits.max(1)).filter(|fits| *fits < self.entries.len())
        else {
            return self;
        };
        self.entries.truncate(fits);
        let end = self.entries.last().map_or(0, |entry| entry.seq);
        self.gone.retain(|(first, _)| *first < end);
        self.more = true;
        self
    }

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

impl Room {
    /// What is wanted of a log: as much of it as there is room for.
    pub const fn above(self, conversation: ConversationId, after: u64, to: u64) -> Wanted {
        let Self { entries, bytes } = self;
        Wanted { conversation, after, to, entries, bytes }
    }
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
    admitted(chat, caller, id).await?;
    let room = Room { entries: limit, bytes: chat.settings.limits.answer_bytes };
    let stretches = read(chat, caller.user, &[room.above(id, after, to)]).await?;
    Ok(stretches.into_iter().next().unwrap_or_default())
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

/// Reads stretches of any number of logs, in the order asked, as `reader` gets to see them, without asking whether they may.
pub async fn read(
    chat: &Chat,
    reader: UserId,
    wanted: &[Wanted],
) -> Result<Vec<Stretch>, StoreError> {
    let tails = chat.log.tails(wanted).await?;
    let seen = |(wanted, tail): (&Wanted, Tail)| {
        let Stretch { entries, gone, more } = cut(tail, wanted);
        let entries = entries.into_iter().map(|entry| entry.seen_by(reader)).collect();
        Stretch { entries, gone, more }
    };
    Ok(wanted.iter().zip(tails).map(seen).collect())
}

async fn head(chat: &Chat, id: ConversationId) -> Result<Head, ConversationError> {
    Ok(chat.log.heads(&[id]).await?.first().copied().unwrap_or_default())
}

/// Cuts to size, and names what is missing up to the head.
fn cut(tail: Tail, wanted: &Wanted) -> Stretch {
    let mut stretch = Stretch::default();
    let to = wanted.to.min(tail.head);
    let (mut next, mut weight) = (wanted.after.saturating_add(1), 0);
    for entry in tail.entries {
        weight += entry.weight();
        if weight > wanted.bytes && !stretch.entries.is_empty() {
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
    if tail.full {
        stretch.more = true;
    } else {
        stretch.gone.push((next, to));
    }
    stretch
}

#[cfg(test)]
mod tests {
    use kernel::{EntryId, SeededRandom, Timestamp};

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
            withheld_from: None,
            data: None,
        };
        seqs.iter().map(entry).collect()
    }

    fn shape(stretch: &Stretch) -> (Vec<u64>, Vec<(u64, u64)>, bool) {
        let seqs = stretch.entries.iter().map(|entry| entry.seq).collect();
        (seqs, stretch.gone.clone(), stretch.more)
    }

    fn read(seqs: &[u64], (head, full): (u64, bool), after: u64, bytes: usize) -> Stretch {
        let entries = entries(seqs);
        let id = ConversationId::from_uuid(uuid::Uuid::nil());
        let wanted = Room { entries: 200, bytes }.above(id, after, u64::MAX);
        cut(Tail { head, entries, full }, &wanted)
    }

    #[test]
    fn names_what_is_gone_before_between_and_after() {
        let stretch = read(&[4, 5, 8], (10, false), 1, usize::MAX);
        assert_eq!(shape(&stretch), (vec![4, 5, 8], vec![(2, 3), (6, 7), (9, 10)], false));
        assert_eq!(stretch.end(1), 10);
    }

    #[test]
    fn a_full_page_says_nothing_of_what_follows() {
        let stretch = read(&[1, 2], (10, true), 0, usize::MAX);
        assert_eq!(shape(&stretch), (vec![1, 2], vec![], true));
        assert_eq!(stretch.end(0), 2);
    }

    #[test]
    fn is_cut_to_size_but_never_empty() {
        let stretch = read(&[1, 2, 3], (3, false), 0, 1);
        assert_eq!(shape(&stretch), (vec![1], vec![], true));
    }

    #[test]
    fn is_cut_again_when_there_is_less_room() {
        let stretch = read(&[1, 3, 6], (9, false), 0, usize::MAX);
        assert_eq!(shape(&stretch.clone().within(usize::MAX)), shape(&stretch));
        let two = stretch.entries[0].weight() * 2;
        assert_eq!(shape(&stretch.clone().within(two)), (vec![1, 3], vec![(2, 2)], true));
        assert_eq!(shape(&stretch.within(1)), (vec![1], vec![], true));
    }

    #[test]
    fn above_the_counted_head_nothing_is_gone_but_below_an_entry() {
        let stretch = read(&[5, 7], (4, false), 4, usize::MAX);
        assert_eq!(shape(&stretch), (vec![5, 7], vec![(6, 6)], false));
        assert_eq!(shape(&read(&[], (4, false), 6, usize::MAX)), (vec![], vec![], false));
    }

    #[test]
    fn a_position_at_the_end_of_numbers_is_just_past_the_log() {
        assert_eq!(shape(&read(&[], (7, false), u64::MAX, 1)), (vec![], vec![], false));
    }

    #[test]
    fn nothing_new_is_nothing_gone() {
        assert_eq!(shape(&read(&[], (7, false), 7, 1_000)), (vec![], vec![], false));
        assert_eq!(shape(&read(&[], (0, false), 0, 1_000)), (vec![], vec![], false));
    }
}

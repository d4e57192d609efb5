//! Where a `sync` starts in each conversation.

use std::collections::HashMap;

use auth::Identity;
use kernel::ConversationId;

use super::catch_up::{Heard, SyncError};
use super::since::Told;
use crate::chat::Chat;
use crate::conversations::{Conversation, Membership};
use crate::delivery::acknowledge::Cursor;
use crate::delivery::devices;
use crate::delivery::store::{Owner, Stored};

/// A conversation and the caller's own view of it.
pub type Row = (Conversation, Membership);

/// Where one conversation stands for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// Above this position.
    pub after: u64,
    /// Whether the client's cursor means nothing any more.
    pub reset: bool,
    /// Every live device has stored everything up to here.
    pub floor: u64,
}

/// Where to start in each conversation that has news. Drops from `since` what the device's own cursors say as well.
pub async fn starts(
    chat: &Chat,
    caller: &Identity,
    (asked, heard): (&[Cursor], Heard<'_>),
    told: &mut HashMap<ConversationId, Told>,
    rows: &mut [Row],
) -> Result<HashMap<ConversationId, Start>, SyncError> {
    let ids: Vec<ConversationId> = rows.iter().map(|(conversation, _)| conversation.id).collect();
    let owner = Owner { user: caller.user, device: caller.device };
    let cursors = cursors(chat, owner, &ids).await?;
    let asked: HashMap<_, _> =
        asked.iter().map(|cursor| (cursor.conversation_id, cursor)).collect();
    told.retain(|id, told| {
        let own = cursors.get(id).copied().unwrap_or_default();
        told.unfinished || asked.contains_key(id) || own.outdated || own.seq < told.seq
    });
    raise(chat, rows, |id| {
        let asked = asked.get(&id).map_or(0, |cursor| cursor.seq);
        let told = told.get(&id).map_or(0, |told| told.seq);
        cursors.get(&id).map_or(0, |own| own.seq).max(asked).max(told).max(heard(id))
    })
    .await?;
    let mut starts = HashMap::new();
    for (conversation, _) in rows {
        let id = conversation.id;
        let own = cursors.get(&id).copied().unwrap_or_default();
        let start = start(conversation, own, told.get(&id), asked.get(&id).copied());
        if start.reset || start.after < conversation.head_seq {
            starts.insert(id, start);
        }
    }
    Ok(starts)
}

/// Raises heads that lie below what the client knows, or came too late to hear: an entry is published before its head is raised.
async fn raise(
    chat: &Chat,
    rows: &mut [Row],
    known: impl Fn(ConversationId) -> u64,
) -> Result<(), SyncError> {
    let behind = |row: &&mut Row| known(row.0.id) > row.0.head_seq;
    let mut behind: Vec<&mut Row> = rows.iter_mut().filter(behind).collect();
    if behind.is_empty() {
        return Ok(());
    }
    let ids: Vec<ConversationId> = behind.iter().map(|row| row.0.id).collect();
    let heads = chat.log.heads(&ids).await?;
    let raised: Vec<_> = ids.into_iter().zip(heads.iter().copied()).collect();
    chat.log.raise_heads(&raised).await?;
    for (row, head) in behind.iter_mut().zip(heads) {
        row.0.head_seq = row.0.head_seq.max(head.seq);
        row.0.head_count = row.0.head_count.max(head.count);
    }
    Ok(())
}

/// The device's cursors. A conversation that was opened while the device was being registered may have none for it yet: it
/// gets one now, so that from here on content waits for it.
async fn cursors(
    chat: &Chat,
    owner: Owner,
    ids: &[ConversationId],
) -> Result<HashMap<ConversationId, Stored>, SyncError> {
    let mut cursors = chat.delivery.stored(owner, ids).await?;
    let missing: Vec<ConversationId> =
        ids.iter().filter(|id| !cursors.contains_key(id)).copied().collect();
    if !missing.is_empty() {
        devices::register(chat, owner, &missing).await?;
        cursors.extend(chat.delivery.stored(owner, &missing).await?);
    }
    Ok(cursors)
}

/// What was told last goes before what the client asks, and that before the device's own cursor. One that lies above the
/// log, or is of another epoch, means nothing: then the device is told what any new one is.
fn start(
    conversation: &Conversation,
    own: Stored,
    told: Option<&Told>,
    asked: Option<&Cursor>,
) -> Start {
    let outdated = asked.map_or(own.outdated, |asked| asked.epoch != conversation.epoch);
    let after = match (told, asked) {
        (Some(told), _) if told.unfinished || own.outdated => told.seq,
        (Some(told), _) => told.seq.max(own.seq),
        (None, Some(asked)) => asked.seq,
        (None, None) => own.seq,
    };
    let reset = after > conversation.head_seq || (outdated && told.is_none());
    let after = if reset { own.floor.min(conversation.head_seq) } else { after };
    Start { after, reset, floor: own.floor }
}

#[cfg(test)]
mod tests {
    use kernel::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::conversations::{Kind, Retention};

    fn conversation() -> Conversation {
        Conversation {
            id: ConversationId::from_uuid(Uuid::from_u128(7)),
            kind: Kind::Direct,
            retention: Retention::Relay,
            epoch: "e1".to_owned(),
            head_seq: 10,
            head_count: 10,
            head_mseq: 0,
            member_count: 2,
            created_at: Timestamp::from_millis(0),
            active_at: Timestamp::from_millis(0),
            title: None,
            maker: None,
            blocks: Vec::new(),
        }
    }

    fn asked(seq: u64, epoch: &str) -> Cursor {
        Cursor { conversation_id: conversation().id, seq, epoch: epoch.to_owned() }
    }

    fn told(seq: u64, unfinished: bool) -> Told {
        Told { seq, unfinished }
    }

    fn own(seq: u64) -> Stored {
        Stored { seq, floor: 2, outdated: false }
    }

    #[test]
    fn starts_at_the_devices_own_cursor_unless_told_otherwise() {
        let after = |seq, told: Option<Told>, asked: Option<Cursor>| {
            let start = start(&conversation(), own(seq), told.as_ref(), asked.as_ref());
            assert!(!start.reset);
            start.after
        };
        assert_eq!(after(4, None, None), 4);
        assert_eq!(after(4, None, Some(asked(2, "e1"))), 2);
        assert_eq!(after(4, Some(told(8, false)), Some(asked(2, "e1"))), 8);
        assert_eq!(
            after(9, Some(told(6, true)), None),
            6,
            "more of it is to come, whatever was stored"
        );
        assert_eq!(after(9, Some(told(6, false)), None), 9);
    }

    #[test]
    fn a_cursor_that_means_nothing_is_reset_and_never_dropped() {
        let reset = Start { after: 2, reset: true, floor: 2 };
        for cursor in [asked(11, "e1"), asked(3, "e0")] {
            assert_eq!(start(&conversation(), own(4), None, Some(&cursor)), reset);
        }
        assert_eq!(start(&conversation(), own(11), None, None), reset, "its own, after a restore");
        assert_eq!(start(&conversation(), own(4), Some(&told(11, false)), None), reset);
        let (told, asked) = (told(7, true), asked(3, "e0"));
        let after_reset = start(&conversation(), own(4), Some(&told), Some(&asked));
        assert_eq!(after_reset, Start { after: 7, reset: false, floor: 2 });
    }

    #[test]
    fn an_outdated_device_is_reset_once_and_wherever_it_stands() {
        let outdated = |seq| Stored { outdated: true, ..own(seq) };
        let reset = Start { after: 2, reset: true, floor: 2 };
        for seq in [2, 4, 10] {
            assert_eq!(start(&conversation(), outdated(seq), None, None), reset);
        }
        let unfinished = start(&conversation(), outdated(10), Some(&told(7, true)), None);
        assert_eq!(unfinished, Start { after: 7, reset: false, floor: 2 });
        let done = start(&conversation(), outdated(10), Some(&told(10, false)), None);
        assert_eq!(done, Start { after: 10, reset: false, floor: 2 });
        let knows = start(&conversation(), outdated(10), None, Some(&asked(5, "e1")));
        assert_eq!(knows, Start { after: 5, reset: false, floor: 2 }, "it has been reset before");
    }
}

//! What [`crate::log::store::EntryStore`] promises.

use std::time::Duration;

use kernel::{ConversationId, EntryId};
use serde_json::value::RawValue;

use super::log::draft;
use super::{Case, Stores, id, now};
use crate::conversations::Retention;
use crate::log::entry::{Entry, EntryType};
use crate::log::store::{Appended, Draft, Span};

pub(super) const CASES: &[Case] = &[
    ("an entry is found by its id", |stores| Box::pin(found(stores))),
    ("messages come without what is about them", |stores| Box::pin(messages(stores))),
    ("what is about some messages is found", |stores| Box::pin(changes(stores))),
    ("one message is forgotten with its edits", |stores| Box::pin(forgotten(stores))),
    ("answers to a message are rewritten", |stores| Box::pin(rewritten(stores))),
    ("a deletion is unfinished until it is not", |stores| Box::pin(unfinished(stores))),
    ("what nobody called for is found when it is due", |stores| Box::pin(overdue(stores))),
    ("content is kept, and let go again", |stores| Box::pin(kept(stores))),
];

async fn append(stores: &Stores, drafts: &[Draft]) -> Vec<Entry> {
    let outcome = stores.log.append(drafts).await.into_iter();
    let entries = outcome.map(|appended| match appended {
        Appended::Stored(entry) => entry,
        other => panic!("not stored: {other:?}"),
    });
    entries.collect()
}

fn about(conversation: ConversationId, kind: EntryType, target: EntryId) -> Draft {
    Draft { kind, target: Some(target), ..draft(conversation, id(), "about it") }
}

/// A message, a reaction to it, an answer to it, an edit of it, another message.
async fn talk(stores: &Stores) -> (ConversationId, Vec<Entry>) {
    let talk = id();
    let first = draft(talk, id(), "first");
    let drafts = [
        first.clone(),
        about(talk, EntryType::Reaction, first.id),
        about(talk, EntryType::Message, first.id),
        about(talk, EntryType::Edit, first.id),
        draft(talk, id(), "last"),
    ];
    (talk, append(stores, &drafts).await)
}

async fn contents(stores: &Stores, id: ConversationId) -> Vec<bool> {
    let entries = stores.log.entries(id, 0, 100).await.unwrap();
    entries.iter().map(|entry| entry.data.is_some()).collect()
}

async fn found(stores: Stores) {
    let (talk, entries) = talk(&stores).await;
    for entry in &entries {
        assert_eq!(stores.entries.find(talk, entry.id).await.unwrap().as_ref(), Some(entry));
        assert_eq!(stores.entries.find(id(), entry.id).await.unwrap(), None);
    }
    assert_eq!(stores.entries.find(talk, id()).await.unwrap(), None);
    stores.log.strip(talk, 0, 1).await.unwrap();
    let header = stores.entries.find(talk, entries[0].id).await.unwrap().unwrap();
    assert_eq!(header, Entry { data: None, ..entries[0].clone() });
}

async fn messages(stores: Stores) {
    let (talk, entries) = talk(&stores).await;
    let seqs = async |after, to, newest_first, limit| {
        let span = Span { after, to, newest_first };
        let found = stores.entries.messages(talk, span, limit).await.unwrap();
        for entry in &found {
            assert_eq!(*entry, entries[usize::try_from(entry.seq).unwrap() - 1]);
        }
        found.iter().map(|entry| entry.seq).collect::<Vec<_>>()
    };
    assert_eq!(seqs(0, u64::MAX, false, 10).await, [1, 3, 5]);
    assert_eq!(seqs(0, u64::MAX, true, 10).await, [5, 3, 1]);
    assert_eq!(seqs(0, u64::MAX, true, 2).await, [5, 3]);
    assert_eq!(seqs(1, 4, false, 10).await, [3]);
    for (after, to, limit) in [(5, 9, 10), (0, 5, 0), (3, 1, 10)] {
        assert!(seqs(after, to, true, limit).await.is_empty());
    }
}

async fn changes(stores: Stores) {
    let (talk, entries) = talk(&stores).await;
    let (first, last) = (entries[0].id, entries[4].id);
    let deletion = about(talk, EntryType::Delete, last);
    append(&stores, std::slice::from_ref(&deletion)).await;
    let seqs = async |targets: &[EntryId], limit| {
        let found = stores.entries.changes(talk, targets, limit).await.unwrap();
        found.iter().map(|entry| entry.seq).collect::<Vec<_>>()
    };
    assert_eq!(seqs(&[first, last, id()], 10).await, [6, 4, 2]);
    assert_eq!(seqs(&[first, last], 2).await, [6, 4]);
    assert_eq!(seqs(&[first], 10).await, [4, 2]);
    assert!(seqs(&[], 10).await.is_empty() && seqs(&[first], 0).await.is_empty());
    let mut many: Vec<EntryId> = (0..450).map(|_| id()).collect();
    many.extend([first, last]);
    assert_eq!(seqs(&many, 10).await, [6, 4, 2], "more than one statement asks for");
    assert!(stores.entries.is_deleted(talk, last).await.unwrap());
    assert!(!stores.entries.is_deleted(talk, first).await.unwrap());
    assert!(!stores.entries.is_deleted(id(), last).await.unwrap());
}

async fn forgotten(stores: Stores) {
    let (talk, entries) = talk(&stores).await;
    for _ in 0..2 {
        stores.entries.forget(talk, entries[0].id).await.unwrap();
        assert_eq!(contents(&stores, talk).await, [false, true, true, false, true]);
    }
    stores.entries.forget(talk, id()).await.unwrap();
    let header = stores.entries.find(talk, entries[0].id).await.unwrap().unwrap();
    assert_eq!(header.digest, entries[0].digest, "it answers a retry still");
}

async fn rewritten(stores: Stores) {
    let (talk, entries) = talk(&stores).await;
    let first = entries[0].id;
    let answers = async |after, limit| {
        let found = stores.entries.answers(talk, first, after, limit).await.unwrap();
        found.iter().map(|entry| entry.seq).collect::<Vec<_>>()
    };
    assert_eq!(answers(0, 10).await, [3]);
    assert!(answers(3, 10).await.is_empty() && answers(0, 0).await.is_empty());
    let other = RawValue::from_string(r#"{"text":"other"}"#.to_owned()).unwrap();
    stores.entries.rewrite(talk, 3, &other).await.unwrap();
    let answer = stores.entries.find(talk, entries[2].id).await.unwrap().unwrap();
    assert_eq!(answer.data.unwrap().get(), other.get());
    stores.log.strip(talk, 0, 3).await.unwrap();
    assert!(answers(0, 10).await.is_empty());
    stores.entries.rewrite(talk, 3, &other).await.unwrap();
    assert_eq!(contents(&stores, talk).await, [false, false, false, true, true]);
}

async fn unfinished(stores: Stores) {
    let (talk, entries) = talk(&stores).await;
    let deletion = about(talk, EntryType::Delete, entries[0].id);
    let deletion = append(&stores, &[deletion]).await.remove(0);
    let found = async || {
        let all = stores.entries.unfinished_deletions(10_000).await.unwrap();
        all.into_iter().find(|entry| entry.conversation == talk)
    };
    assert_eq!(found().await, Some(deletion.clone()));
    stores.entries.finish_deletion(talk, deletion.seq - 1).await.unwrap();
    assert_eq!(found().await, Some(deletion.clone()));
    stores.entries.finish_deletion(talk, deletion.seq).await.unwrap();
    assert_eq!(found().await, None);
    assert!(stores.entries.unfinished_deletions(0).await.unwrap().is_empty());
}

async fn overdue(stores: Stores) {
    let talk = id();
    let hours = |hours| now().minus(Duration::from_hours(hours));
    let at = |created_at| Draft { created_at, ..draft(talk, id(), "hello") };
    let old = 30 * 24;
    let drafts = [at(hours(old + 2)), at(hours(old + 1)), at(hours(old - 1)), at(now())];
    append(&stores, &drafts).await;
    let kept = Draft { retention: Retention::Archive, ..draft(id(), id(), "kept") };
    append(&stores, &[Draft { created_at: hours(old + 1), ..kept.clone() }]).await;
    let due = async |now| {
        let all = stores.entries.overdue(now, 10_000).await.unwrap();
        assert!(all.iter().all(|(id, _)| *id != kept.conversation), "an archive's is never due");
        all.into_iter().find(|(id, _)| *id == talk).map(|(_, seq)| seq)
    };
    assert_eq!(due(hours(3)).await, None);
    assert_eq!(due(now()).await, Some(2));
    stores.log.strip(talk, 0, 2).await.unwrap();
    assert_eq!(due(now()).await, None, "a header is nothing to be forgotten");
    assert_eq!(due(now().plus(Duration::from_hours(2))).await, Some(3));
    assert!(stores.entries.overdue(now(), 0).await.unwrap().is_empty());
}

async fn kept(stores: Stores) {
    let talk = id();
    let old = now().minus(Duration::from_hours(30 * 24 + 1));
    let at = |retention| Draft { created_at: old, retention, ..draft(talk, id(), "hello") };
    let drafts = [at(Retention::Relay), at(Retention::Relay), at(Retention::Archive)];
    append(&stores, &drafts).await;
    let due = async || {
        let all = stores.entries.overdue(now(), 10_000).await.unwrap();
        all.into_iter().find(|(id, _)| *id == talk).map(|(_, seq)| seq)
    };
    assert_eq!(due().await, Some(2));
    stores.entries.keep(talk, 1, 3).await.unwrap();
    assert_eq!(due().await, Some(1));
    stores.entries.keep(talk, 0, u64::MAX).await.unwrap();
    assert_eq!(due().await, None);
    stores.entries.unkeep(talk, 2).await.unwrap();
    assert_eq!(due().await, Some(3));
    stores.entries.unkeep(talk, 0).await.unwrap();
    stores.log.strip(talk, 2, 3).await.unwrap();
    assert_eq!(due().await, Some(2));
}

//! What [`crate::log::store::LogStore`] promises when things happen one after another.

use std::sync::Arc;
use std::time::Duration;

use kernel::{ConversationId, EntryId, UserId};
use serde_json::value::RawValue;
use testkit::wait::until;

use super::{Case, Person, Stores, id, made, now};
use crate::conversations::Retention;
use crate::conversations::store::Counted;
use crate::log::entry::{Entry, EntryType};
use crate::log::store::{Appended, Draft, Head, LogStore};

pub(super) const CASES: &[Case] = &[
    ("entries are numbered in order", |stores| Box::pin(numbered(stores))),
    ("a retry is answered with the first result", |stores| Box::pin(retried(stores))),
    ("an id that is taken is a conflict", |stores| Box::pin(conflict(stores))),
    ("whoever was not looked at since membership changed writes nothing", |stores| {
        Box::pin(stale(stores))
    }),
    ("one call for several conversations", |stores| Box::pin(several(stores))),
    ("the same id in two conversations is two entries", |stores| Box::pin(same_id(stores))),
    ("entries come in pages", |stores| Box::pin(paged(stores))),
    ("from whom an entry is withheld is kept with it", |stores| Box::pin(withheld(stores))),
    ("stripping forgets content and keeps headers", |stores| Box::pin(stripped(stores))),
    ("the ends of many logs", |stores| Box::pin(ends(stores))),
    ("heads only rise", |stores| Box::pin(raised(stores))),
    ("headers go after their time, their places stay taken", |stores| Box::pin(expired(stores))),
    ("what nobody calls for goes by itself", |stores| Box::pin(never_stripped(stores))),
];

pub(super) fn draft(conversation: ConversationId, sender: UserId, text: &str) -> Draft {
    let mut digest = [0; 32];
    digest[..text.len()].copy_from_slice(text.as_bytes());
    let data = RawValue::from_string(format!(r#"{{"text":"{text}"}}"#)).unwrap();
    let (id, created_at) = (id(), now());
    Draft {
        id,
        conversation,
        kind: EntryType::Message,
        sender,
        created_at,
        digest,
        target: None,
        checked: u64::MAX,
        retention: Retention::Relay,
        withheld_from: None,
        data,
    }
}

/// Appends drafts, and those that others were faster than again, as every caller does.
pub(super) async fn through(log: &Arc<dyn LogStore>, drafts: &[Draft]) -> Vec<Appended> {
    let mut outcome = log.append(drafts).await;
    loop {
        let raced: Vec<usize> =
            (0..drafts.len()).filter(|at| outcome[*at] == Appended::Raced).collect();
        if raced.is_empty() {
            return outcome;
        }
        let again: Vec<Draft> = raced.iter().map(|at| drafts[*at].clone()).collect();
        for (at, appended) in raced.into_iter().zip(log.append(&again).await) {
            outcome[at] = appended;
        }
    }
}

async fn withheld(stores: Stores) {
    let (one, two) = (Person::with_devices(1), Person::with_devices(1));
    let talk = made(&stores, &one, &two).await;
    let message = draft(talk, one.user, "withheld");
    let message = Draft { withheld_from: Some(two.user), ..message };
    let entries = append(&stores, &[message, draft(talk, one.user, "not withheld")]).await;
    assert_eq!([0, 1].map(|at: usize| entries[at].withheld_from), [Some(two.user), None]);
    assert_eq!(stores.log.entries(talk, 0, 10).await.unwrap(), entries);
    let found = stores.entries.find(talk, entries[0].id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&entries[0]));
    let mut counted = Counted { id: talk, head: Head::default(), wrote: Vec::new() };
    for entry in &entries {
        counted.add(entry);
    }
    stores.conversations.count(&[counted], now()).await.unwrap();
    for (person, read) in [(&one, 2), (&two, 1)] {
        let membership = stores.conversations.membership(person.user, talk).await.unwrap().unwrap();
        assert_eq!((membership.read_seq, membership.read_count), (read, read));
    }
}

/// Appends drafts that nothing is in the way of.
async fn append(stores: &Stores, drafts: &[Draft]) -> Vec<Entry> {
    let entries = through(&stores.log, drafts).await.into_iter().map(|appended| match appended {
        Appended::Stored(entry) => entry,
        other => panic!("not stored: {other:?}"),
    });
    entries.collect()
}

/// So many entries of one person in a conversation of their own.
async fn written(stores: &Stores, count: usize) -> (ConversationId, Vec<Draft>) {
    let (one, two) = (Person::with_devices(1), Person::with_devices(1));
    let conversation = made(stores, &one, &two).await;
    let drafts: Vec<_> =
        (0..count).map(|number| draft(conversation, one.user, &format!("text {number}"))).collect();
    append(stores, &drafts).await;
    (conversation, drafts)
}

async fn seqs(stores: &Stores, id: ConversationId, after: u64, limit: u32) -> Vec<u64> {
    let entries = stores.log.entries(id, after, limit).await.unwrap();
    entries.iter().map(|entry| entry.seq).collect()
}

/// The entry of that id, if it is there.
async fn find(stores: &Stores, id: ConversationId, entry: EntryId) -> Option<Entry> {
    let entries = stores.log.entries(id, 0, 10_000).await.unwrap();
    entries.into_iter().find(|found| found.id == entry)
}

async fn numbered(stores: Stores) {
    let (conversation, sender) = (id(), id());
    assert_eq!(stores.log.heads(&[conversation]).await.unwrap(), [Head::default()]);
    let drafts = ["one", "two", "three"].map(|text| draft(conversation, sender, text));
    let mut entries = append(&stores, &drafts[..2]).await;
    entries.extend(append(&stores, &drafts[2..]).await);
    for (draft, (entry, seq)) in drafts.iter().zip(entries.iter().zip(1..)) {
        assert_eq!(*entry, draft.after(Head { seq: seq - 1, count: seq - 1, mseq: 0 }));
    }
    assert_eq!(stores.log.entries(conversation, 0, 10).await.unwrap(), entries);
    assert_eq!(stores.elsewhere.entries(conversation, 0, 10).await.unwrap(), entries);
    let heads = stores.elsewhere.heads(&[id(), conversation, id()]).await.unwrap();
    assert_eq!(heads, [Head::default(), Head { seq: 3, count: 3, mseq: 0 }, Head::default()]);
    assert!(stores.log.append(&[]).await.is_empty());
}

async fn retried(stores: Stores) {
    let (conversation, sender) = (id(), id());
    let first = draft(conversation, sender, "one");
    let entry = append(&stores, std::slice::from_ref(&first)).await.remove(0);
    for log in [&stores.log, &stores.elsewhere] {
        let again = log.append(std::slice::from_ref(&first)).await;
        assert_eq!(again, [Appended::Existing(entry.clone())]);
    }
    let twice = draft(conversation, sender, "two");
    let mixed = [first.clone(), twice.clone(), twice.clone(), draft(conversation, sender, "three")];
    let appended = through(&stores.elsewhere, &mixed).await;
    let at = |appended: &Appended| match appended {
        Appended::Stored(entry) => (true, entry.seq),
        Appended::Existing(entry) => (false, entry.seq),
        other => panic!("{other:?}"),
    };
    let places: Vec<_> = appended.iter().map(at).collect();
    assert_eq!(places, [(false, 1), (true, 2), (false, 2), (true, 3)]);
    assert_eq!(seqs(&stores, conversation, 0, 10).await, [1, 2, 3]);
}

async fn conflict(stores: Stores) {
    let (conversation, sender) = (id(), id());
    let first = draft(conversation, sender, "one");
    append(&stores, std::slice::from_ref(&first)).await;
    let foreign = Draft { sender: id(), ..first.clone() };
    let other_body = Draft { digest: [9; 32], ..first.clone() };
    let new = draft(conversation, sender, "two");
    let appended = through(&stores.log, &[foreign, other_body, new.clone()]).await;
    let second = Appended::Stored(new.after(Head { seq: 1, count: 1, mseq: 0 }));
    assert_eq!(appended, [Appended::Conflict, Appended::Conflict, second]);
    assert_eq!(find(&stores, conversation, first.id).await.unwrap().sender, sender);
}

async fn stale(stores: Stores) {
    let (conversation, ann, bob) = (id(), id(), id());
    let member = Draft { kind: EntryType::Member, ..draft(conversation, ann, "bob joins") };
    let first = draft(conversation, ann, "one");
    append(&stores, &[first, member]).await;
    let head = Head { seq: 2, count: 1, mseq: 2 };
    assert_eq!(stores.elsewhere.heads(&[conversation]).await.unwrap(), [head]);
    let old = Draft { checked: 1, ..draft(conversation, ann, "two") };
    let later = draft(conversation, ann, "three");
    let others = draft(conversation, bob, "four");
    for log in [&stores.log, &stores.elsewhere] {
        let outcome = log.append(&[old.clone(), later.clone()]).await;
        assert_eq!(outcome, [Appended::Stale, Appended::Stale], "the order of one person is kept");
    }
    let looked_at = Draft { checked: 2, ..old };
    let outcome = through(&stores.log, &[others.clone(), looked_at.clone(), later]).await;
    assert_eq!(outcome[0], Appended::Stored(others.after(head)));
    assert!(matches!(outcome[2], Appended::Stored(_)));
    assert_eq!(seqs(&stores, conversation, 0, 10).await, [1, 2, 3, 4, 5]);
    // What came behind the change in the same call was not looked at either.
    let member = Draft { kind: EntryType::Member, ..draft(conversation, ann, "bob leaves") };
    let behind = Draft { checked: 2, ..draft(conversation, bob, "five") };
    let outcome = through(&stores.log, &[member, behind]).await;
    assert!(matches!(outcome[..], [Appended::Stored(_), Appended::Stale]), "{outcome:?}");
}

async fn several(stores: Stores) {
    let conversations: Vec<ConversationId> = (0..40).map(|_| id()).collect();
    let sender = id();
    let drafts: Vec<Draft> = (0..3)
        .flat_map(|round| conversations.iter().map(move |id| (round, *id)))
        .map(|(round, id)| draft(id, sender, &format!("round {round}")))
        .collect();
    let entries = append(&stores, &drafts).await;
    for (at, (entry, draft)) in entries.iter().zip(&drafts).enumerate() {
        assert_eq!((entry.id, entry.conversation), (draft.id, draft.conversation));
        assert_eq!(entry.seq, at as u64 / 40 + 1);
    }
    let heads = stores.log.heads(&conversations).await.unwrap();
    assert_eq!(heads, vec![Head { seq: 3, count: 3, mseq: 0 }; 40]);
}

async fn same_id(stores: Stores) {
    let first = draft(id(), id(), "one");
    let second = Draft { conversation: id(), sender: id(), ..first.clone() };
    append(&stores, &[first.clone(), second.clone()]).await;
    for draft in [first, second] {
        let found = find(&stores, draft.conversation, draft.id).await.unwrap();
        assert_eq!(found, draft.after(Head::default()));
    }
}

async fn paged(stores: Stores) {
    let (conversation, drafts) = written(&stores, 7).await;
    assert_eq!(seqs(&stores, conversation, 0, 3).await, [1, 2, 3]);
    assert_eq!(seqs(&stores, conversation, 3, 3).await, [4, 5, 6]);
    assert_eq!(seqs(&stores, conversation, 6, 3).await, [7]);
    for (after, limit) in [(7, 3), (u64::MAX, 3), (0, 0)] {
        assert!(seqs(&stores, conversation, after, limit).await.is_empty(), "{after} {limit}");
    }
    assert!(stores.log.entries(id(), 0, 10).await.unwrap().is_empty());
    let found = find(&stores, conversation, drafts[4].id).await.unwrap();
    assert_eq!((found.id, found.seq), (drafts[4].id, 5));
    assert_eq!(find(&stores, conversation, id::<kernel::kinds::Entry>()).await, None);
    let elsewhere: ConversationId = id();
    assert_eq!(find(&stores, elsewhere, drafts[4].id).await, None);
}

async fn stripped(stores: Stores) {
    let (conversation, drafts) = written(&stores, 6).await;
    let (other, _) = written(&stores, 6).await;
    let kept = async |id| {
        let entries = stores.log.entries(id, 0, 10).await.unwrap();
        assert_eq!(entries.len(), 6);
        entries.iter().map(|entry| entry.data.is_some()).collect::<Vec<_>>()
    };
    stores.log.strip(conversation, 1, 4).await.unwrap();
    assert_eq!(kept(conversation).await, [true, false, false, false, true, true]);
    stores.log.strip(conversation, 0, 4).await.unwrap();
    stores.log.strip(conversation, 0, 4).await.unwrap();
    assert_eq!(kept(conversation).await, [false, false, false, false, true, true]);
    assert_eq!(kept(other).await, [true; 6]);
    stores.log.remove_expired().await.unwrap();
    assert_eq!(kept(conversation).await, [false, false, false, false, true, true]);
    let header = find(&stores, conversation, drafts[1].id).await.unwrap();
    let first = drafts[1].after(Head { seq: 1, count: 1, mseq: 0 });
    assert_eq!(header, Entry { data: None, ..first });
    let again = stores.log.append(std::slice::from_ref(&drafts[1])).await;
    assert_eq!(again, [Appended::Existing(header)]);
    let other_body = Draft { digest: [9; 32], ..drafts[1].clone() };
    assert_eq!(stores.log.append(&[other_body]).await, [Appended::Conflict]);
}

async fn raised(stores: Stores) {
    let (conversation, _) = written(&stores, 1).await;
    let (other, _) = written(&stores, 1).await;
    let counted = async || {
        let found = stores.conversations.get(conversation).await.unwrap().unwrap();
        (found.head_seq, found.head_count, found.active_at)
    };
    assert_eq!((counted().await.0, counted().await.1), (0, 0), "appending raises nothing");
    let active = counted().await.2;
    let to = |seq, count| Head { seq, count, mseq: 0 };
    stores.log.raise_heads(&[(conversation, to(5, 4)), (other, to(1, 1))]).await.unwrap();
    assert_eq!(counted().await, (5, 4, active));
    assert_eq!(stores.conversations.get(other).await.unwrap().unwrap().head_seq, 1);
    for head in [to(5, 4), to(3, 3)] {
        stores.elsewhere.raise_heads(&[(conversation, head)]).await.unwrap();
        assert_eq!(counted().await, (5, 4, active));
    }
    stores.elsewhere.raise_heads(&[(conversation, to(6, 5))]).await.unwrap();
    assert_eq!(counted().await, (6, 5, active), "nobody wrote");
    stores.log.raise_heads(&[]).await.unwrap();
    let nowhere: ConversationId = id();
    stores.log.raise_heads(&[(nowhere, to(1, 1))]).await.unwrap();
    assert_eq!(stores.conversations.get(nowhere).await.unwrap(), None);
    // What the conversation counts is the head where the log no longer goes as far.
    assert_eq!(stores.log.heads(&[conversation, other]).await.unwrap(), [to(6, 5), to(1, 1)]);
}

async fn ends(stores: Stores) {
    let mut expected = Vec::new();
    // Nothing written, all of it counted, the last of it not counted yet, none of it.
    for (length, counted) in [(0, 0), (3, 3), (3, 2), (3, 0)] {
        let (conversation, _) = written(&stores, length).await;
        let counted = Head { seq: counted, count: counted, mseq: 0 };
        stores.log.raise_heads(&[(conversation, counted)]).await.unwrap();
        let end = length as u64;
        expected.push((conversation, Head { seq: end, count: end, mseq: 0 }));
    }
    let (ids, heads): (Vec<_>, Vec<_>) = expected.into_iter().unzip();
    assert_eq!(stores.elsewhere.heads(&ids).await.unwrap(), heads);
    assert!(stores.log.heads(&[]).await.unwrap().is_empty());
    let many: Vec<ConversationId> = (0..1_200).map(|at| ids[at % ids.len()]).collect();
    let ends = stores.log.heads(&many).await.unwrap();
    assert!(ends.iter().enumerate().all(|(at, head)| *head == heads[at % heads.len()]));
}

/// Waits until the entry is gone, which a database does in its own time.
async fn gone(stores: &Stores, conversation: ConversationId, entry: EntryId) {
    let look = async || {
        stores.forgetful.remove_expired().await.unwrap();
        find(stores, conversation, entry).await.is_none().then_some(())
    };
    until(Duration::from_secs(150), look).await.unwrap();
}

async fn expired(stores: Stores) {
    let (conversation, drafts) = written(&stores, 3).await;
    let head = Head { seq: 3, count: 3, mseq: 0 };
    stores.log.raise_heads(&[(conversation, head)]).await.unwrap();
    stores.forgetful.strip(conversation, 0, 2).await.unwrap();
    gone(&stores, conversation, drafts[0].id).await;
    gone(&stores, conversation, drafts[1].id).await;
    assert_eq!(seqs(&stores, conversation, 0, 10).await, [3]);
    stores.forgetful.strip(conversation, 2, 3).await.unwrap();
    gone(&stores, conversation, drafts[2].id).await;
    for log in [&stores.log, &stores.elsewhere] {
        assert_eq!(log.heads(&[conversation]).await.unwrap(), [head]);
    }
    let next = draft(conversation, drafts[0].sender, "four");
    let fourth = Appended::Stored(next.after(head));
    assert_eq!(through(&stores.elsewhere, &[next]).await, [fourth]);
}

async fn never_stripped(stores: Stores) {
    let (conversation, sender) = (id(), id());
    // Older than the cap, 30 days here, by a little less and a little more than three days.
    let days = |days: u64| Duration::from_hours(24 * days);
    let younger =
        Draft { created_at: now().minus(days(32)), ..draft(conversation, sender, "younger") };
    let older = Draft { created_at: now().minus(days(34)), ..draft(conversation, sender, "older") };
    append(&stores, &[younger.clone(), older.clone()]).await;
    gone(&stores, conversation, older.id).await;
    assert!(find(&stores, conversation, younger.id).await.is_some());
}

//! Each answer that a store can give, one at a time.

use kernel::{ConversationId, EntryId, SeededRandom, Timestamp};
use serde_json::value::RawValue;

use super::*;
use crate::conversations::Retention;
use crate::log::entry::EntryType;

/// Draft number `id` of person number `sender`.
pub(super) fn draft(id: u64, sender: u64) -> Draft {
    let named = |seed| SeededRandom::new(seed);
    Draft {
        id: EntryId::new_v7(Timestamp::default(), &named(id)),
        conversation: ConversationId::new_v7(Timestamp::default(), &named(0)),
        kind: EntryType::Message,
        sender: UserId::new_v7(Timestamp::default(), &named(sender)),
        created_at: Timestamp::default(),
        digest: [u8::try_from(id % 256).unwrap(); 32],
        target: None,
        checked: u64::MAX,
        retention: Retention::Relay,
        data: RawValue::from_string("{}".to_owned()).unwrap(),
    }
}

fn head(seq: u64) -> Head {
    Head { seq, count: seq, mseq: 0 }
}

fn insert(numbering: &mut Numbering) -> Vec<Entry> {
    match numbering.command() {
        Command::Insert(entries) => entries,
        other => panic!("not an insert: {other:?}"),
    }
}

fn seqs(appended: &[Appended]) -> Vec<Option<u64>> {
    let seq = |appended: &Appended| match appended {
        Appended::Stored(entry) | Appended::Existing(entry) => Some(entry.seq),
        Appended::Conflict | Appended::Unavailable => None,
    };
    appended.iter().map(seq).collect()
}

#[test]
fn goes_through_at_the_first_try() {
    let mut numbering = Numbering::new(vec![draft(1, 1), draft(2, 2)], None);
    assert_eq!(numbering.command(), Command::LoadHead);
    numbering.head(Head { seq: 7, count: 5, mseq: 3 });
    let entries = insert(&mut numbering);
    assert_eq!(entries, insert(&mut numbering), "a command stays the same until it is answered");
    let places = entries.iter().map(|entry| (entry.seq, entry.count, entry.mseq));
    assert_eq!(places.collect::<Vec<_>>(), [(8, 6, 3), (9, 7, 3)]);
    numbering.inserted(Inserted::All);
    assert_eq!(numbering.command(), Command::Finish);
    assert_eq!(numbering.tries(), 0);
    let stored = entries.into_iter().map(Appended::Stored).collect();
    assert_eq!(numbering.finish(), (stored, Some(Head { seq: 9, count: 7, mseq: 3 })));
}

#[test]
fn whoever_was_too_slow_looks_up_and_numbers_again() {
    let mut numbering = Numbering::new(vec![draft(1, 1), draft(2, 1)], Some(head(4)));
    assert_eq!(insert(&mut numbering).len(), 2);
    numbering.inserted(Inserted::Prefix(1));
    assert_eq!(numbering.command(), Command::LookUp(vec![draft(2, 1).id]));
    numbering.found(&[]);
    assert_eq!(numbering.command(), Command::LoadHead, "the old head is worth nothing");
    numbering.head(head(6));
    assert_eq!(insert(&mut numbering), [draft(2, 1).after(head(6))]);
    numbering.inserted(Inserted::All);
    let (appended, at) = numbering.finish();
    assert_eq!(seqs(&appended), [Some(5), Some(7)]);
    assert_eq!(at, Some(head(7)));
}

#[test]
fn a_retry_is_answered_with_the_first_result() {
    let first = draft(1, 1).after(head(2));
    let retry = |draft| {
        let mut numbering = Numbering::new(vec![draft], Some(head(9)));
        insert(&mut numbering);
        numbering.inserted(Inserted::Prefix(0));
        assert!(matches!(numbering.command(), Command::LookUp(_)));
        let forgotten = Entry { data: None, ..first.clone() };
        numbering.found(&[forgotten]);
        assert_eq!(numbering.command(), Command::Finish);
        let (mut appended, head) = numbering.finish();
        assert_eq!(head, None, "nothing was learned of the end");
        appended.remove(0)
    };
    assert_eq!(retry(draft(1, 1)), Appended::Existing(Entry { data: None, ..first.clone() }));
    assert_eq!(retry(draft(1, 2)), Appended::Conflict, "another sender");
    assert_eq!(retry(Draft { digest: [9; 32], ..draft(1, 1) }), Appended::Conflict, "another body");
}

#[test]
fn a_retry_among_new_drafts_leaves_no_hole() {
    let drafts = vec![draft(1, 1), draft(2, 1), draft(3, 1)];
    let mut numbering = Numbering::new(drafts, Some(head(4)));
    insert(&mut numbering);
    numbering.inserted(Inserted::Prefix(1)); // the id of the second is taken
    numbering.found(&[draft(2, 1).after(head(0))]);
    numbering.head(head(5));
    assert_eq!(insert(&mut numbering), [draft(3, 1).after(head(5))]);
    numbering.inserted(Inserted::All);
    assert_eq!(seqs(&numbering.finish().0), [Some(5), Some(1), Some(6)]);
}

#[test]
fn a_lost_reply_is_looked_up_whatever_was_stored() {
    for stored in 0..=3 {
        let drafts: Vec<Draft> = (1..=3).map(|id| draft(id, 1)).collect();
        let mut numbering = Numbering::new(drafts.clone(), Some(head(0)));
        let entries = insert(&mut numbering);
        numbering.inserted(Inserted::Prefix(0));
        let ids = drafts.iter().map(|draft| draft.id).collect();
        assert_eq!(numbering.command(), Command::LookUp(ids));
        numbering.found(&entries[..stored]);
        if stored < 3 {
            assert_eq!(numbering.command(), Command::LoadHead);
            numbering.head(head(stored as u64));
            assert_eq!(insert(&mut numbering), entries[stored..]);
            numbering.inserted(Inserted::All);
        }
        assert_eq!(numbering.command(), Command::Finish);
        assert_eq!(seqs(&numbering.finish().0), [Some(1), Some(2), Some(3)]);
    }
}

#[test]
fn one_id_twice_is_stored_once() {
    let other_body = Draft { digest: [9; 32], ..draft(1, 1) };
    let drafts = vec![draft(1, 1), draft(1, 1), draft(1, 2), other_body, draft(2, 2)];
    let mut numbering = Numbering::new(drafts, Some(head(0)));
    let entries = insert(&mut numbering);
    assert_eq!(entries.len(), 2);
    numbering.inserted(Inserted::All);
    assert_eq!(numbering.command(), Command::Finish);
    let [first, second] = <[Entry; 2]>::try_from(entries).unwrap();
    let expected = [
        Appended::Stored(first.clone()),
        Appended::Existing(first),
        Appended::Conflict,
        Appended::Conflict,
        Appended::Stored(second),
    ];
    assert_eq!(numbering.finish().0, expected);
}

#[test]
fn a_refused_draft_takes_only_its_senders_later_ones_with_it() {
    let drafts = [draft(1, 1), draft(2, 1), draft(3, 2), draft(4, 1), draft(2, 1)];
    let mut numbering = Numbering::new(drafts.to_vec(), Some(head(0)));
    assert_eq!(insert(&mut numbering).len(), 4);
    numbering.inserted(Inserted::Refused(1));
    assert_eq!(numbering.command(), Command::LookUp(vec![drafts[2].id]));
    numbering.found(&[]);
    numbering.head(head(1));
    assert_eq!(insert(&mut numbering), [drafts[2].after(head(1))]);
    numbering.inserted(Inserted::All);
    assert_eq!(numbering.command(), Command::Finish);
    assert_eq!(seqs(&numbering.finish().0), [Some(1), None, Some(2), None, None]);
}

#[test]
fn gives_up_after_so_many_tries() {
    let mut numbering = Numbering::new(vec![draft(1, 1), draft(1, 1)], Some(head(0)));
    for _ in 0..MAX_TRIES {
        if numbering.command() == Command::LoadHead {
            numbering.head(head(0));
        }
        insert(&mut numbering);
        numbering.inserted(Inserted::Prefix(0));
        assert!(matches!(numbering.command(), Command::LookUp(_)));
        numbering.found(&[]);
    }
    assert_eq!(numbering.command(), Command::Finish);
    assert_eq!(numbering.tries(), MAX_TRIES);
    assert_eq!(numbering.finish(), (vec![Appended::Unavailable, Appended::Unavailable], None));
}

#[test]
fn the_last_try_still_counts_what_it_finds() {
    let mut numbering = Numbering::new(vec![draft(1, 1), draft(2, 1)], Some(head(0)));
    for _ in 1..MAX_TRIES {
        insert(&mut numbering);
        numbering.inserted(Inserted::Prefix(0));
        numbering.found(&[]);
        numbering.head(head(0));
    }
    insert(&mut numbering);
    numbering.inserted(Inserted::Prefix(0));
    numbering.found(&[draft(1, 1).after(head(0))]);
    assert_eq!(numbering.command(), Command::Finish);
    assert_eq!(seqs(&numbering.finish().0), [Some(1), None]);
}

#[test]
fn giving_up_in_the_middle_of_an_insert_leaves_nothing_believed() {
    let mut numbering = Numbering::new(vec![draft(1, 1)], Some(head(0)));
    insert(&mut numbering);
    numbering.give_up();
    assert_eq!(numbering.command(), Command::Finish);
    assert_eq!(numbering.finish(), (vec![Appended::Unavailable], None));
}

#[test]
fn nothing_to_append_is_done_at_once() {
    let mut numbering = Numbering::new(vec![], None);
    assert_eq!(numbering.command(), Command::Finish);
}

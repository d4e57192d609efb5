//! Each answer that a store can give, one at a time.

use kernel::{ConversationId, SeededRandom, Timestamp};
use serde_json::value::RawValue;

use super::*;
use crate::conversations::Retention;

/// Draft number `id` of person number `sender`.
pub(in crate::log) fn draft(id: u64, sender: u64) -> Draft {
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
        withheld_from: None,
        data: RawValue::from_string("{}".to_owned()).unwrap(),
    }
}

/// Drafts as pairs of number and sender.
fn asks(drafts: &[(u64, u64)]) -> Vec<Ask> {
    drafts.iter().map(|(id, sender)| Ask::from(&draft(*id, *sender))).collect()
}

fn head(seq: u64) -> Head {
    Head { seq, count: seq, mseq: 0 }
}

fn seqs(round: &Round) -> Vec<(usize, u64)> {
    round.numbered().iter().map(|(at, place)| (*at, place.seq)).collect()
}

#[test]
fn goes_through_at_once() {
    let mut edit = draft(2, 2);
    edit.kind = EntryType::Edit;
    let asks = vec![Ask::from(&draft(1, 1)), Ask::from(&edit), Ask::from(&draft(3, 1))];
    let mut round = Round::new(asks, Head { seq: 7, count: 5, mseq: 3 });
    let places: Vec<Head> = round.numbered().iter().map(|(_, place)| *place).collect();
    let place = |seq, count| Head { seq, count, mseq: 3 };
    assert_eq!(places, [place(8, 6), place(9, 6), place(10, 7)], "an edit is no message more");
    round.inserted(Inserted::All);
    assert!(round.unsure().is_empty());
    let stored = places.into_iter().map(Fate::Stored).collect();
    assert_eq!(round.finish(), (stored, Some(place(10, 7))));
}

#[test]
fn whoever_was_too_slow_looks_up_and_tries_again() {
    let mut round = Round::new(asks(&[(1, 1), (2, 1), (3, 2)]), head(4));
    round.inserted(Inserted::Prefix(1));
    assert_eq!(round.unsure(), [1, 2]);
    round.looked_up();
    let (fates, at) = round.finish();
    assert_eq!(fates, [Fate::Stored(head(5)), Fate::Raced, Fate::Raced]);
    assert_eq!(at, None, "the old head is worth nothing");
}

#[test]
fn what_is_found_is_a_retry_or_somebody_elses() {
    let mut round = Round::new(asks(&[(1, 1), (2, 1), (3, 1)]), head(9));
    round.inserted(Inserted::Prefix(0));
    round.found(0, true);
    round.found(1, false);
    round.looked_up();
    assert_eq!(round.finish(), (vec![Fate::Existing, Fate::Conflict, Fate::Raced], None));
}

#[test]
fn a_refused_draft_takes_only_its_senders_later_ones_with_it() {
    let mut round = Round::new(asks(&[(1, 1), (2, 1), (3, 2), (4, 1)]), head(0));
    round.inserted(Inserted::Refused(1));
    assert_eq!(round.unsure(), [2]);
    round.looked_up();
    let fates = [Fate::Stored(head(1)), Fate::Refused, Fate::Raced, Fate::Refused];
    assert_eq!(round.finish(), (fates.to_vec(), None));
}

#[test]
fn giving_up_leaves_nothing_believed() {
    let mut round = Round::new(asks(&[(1, 1)]), head(0));
    round.inserted(Inserted::Prefix(0));
    round.give_up();
    assert_eq!(round.finish(), (vec![Fate::Unknown], None));
}

#[test]
fn a_sender_who_was_not_looked_at_since_membership_changed_gets_no_place() {
    let mut asks = asks(&[(1, 1), (2, 2), (3, 1)]);
    asks[0].checked = 3;
    let round = Round::new(asks, Head { seq: 9, count: 9, mseq: 4 });
    assert_eq!(seqs(&round), [(1, 10)], "and what the same one wrote after it neither");
    let (fates, head) = round.finish();
    assert_eq!((fates[0], fates[2]), (Fate::Stale, Fate::Stale));
    assert_eq!(head.map(|head| head.seq), Some(9));
}

#[test]
fn behind_a_change_of_membership_everybody_is_looked_at_again() {
    let mut asks = asks(&[(1, 1), (2, 2), (3, 1)]);
    asks[1].kind = EntryType::Member;
    let mut round = Round::new(asks, head(4));
    assert_eq!(seqs(&round), [(0, 5), (1, 6)]);
    round.inserted(Inserted::All);
    assert!(round.unsure().is_empty());
    let (fates, end) = round.finish();
    assert_eq!(fates[2], Fate::Raced);
    assert_eq!(end, Some(Head { seq: 6, count: 5, mseq: 6 }));
}

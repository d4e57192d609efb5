//! What the ports promise to those who read a lot at once.

use std::collections::HashMap;

use super::log::{draft, through};
use super::{Case, Person, Stores, id, made};
use crate::conversations::Retention;
use crate::delivery::store::{Ack, Held, Progress};
use crate::log::store::{Appended, Head, Tail, Wanted};

pub(super) const CASES: &[Case] = &[
    ("stretches of several logs", |stores| Box::pin(tails(stores))),
    ("what is missing below the head is gone", |stores| Box::pin(gone(stores))),
    ("how far several conversations are, and every cursor", |stores| Box::pin(standings(stores))),
    ("how far others have read", |stores| Box::pin(reads(stores))),
];

async fn tails(stores: Stores) {
    let (one, two) = (Person::with_devices(1), Person::with_devices(1));
    let (first, second) = (made(&stores, &one, &two).await, made(&stores, &one, &two).await);
    let drafts: Vec<_> = (0..120).map(|n| draft(first, one.user, &format!("{n}"))).collect();
    for appended in through(&stores.log, &drafts[..100]).await {
        assert!(matches!(appended, Appended::Stored(_)));
    }
    through(&stores.log, &drafts[100..]).await;
    stores.log.raise_heads(&[(first, Head { seq: 118, count: 118, mseq: 0 })]).await.unwrap();
    let all =
        Wanted { conversation: first, after: 0, to: u64::MAX, entries: 200, bytes: usize::MAX };
    let wanted = [
        all,
        Wanted { after: 10, to: 12, ..all },
        Wanted { entries: 3, ..all },
        Wanted { bytes: 1, ..all },
        Wanted { conversation: second, ..all },
        Wanted { conversation: id(), ..all },
        Wanted { after: 500, ..all },
        Wanted { after: u64::MAX, ..all },
        Wanted { entries: 0, ..all },
    ];
    let read = stores.log.tails(&wanted).await.unwrap();
    let seqs = |tail: &Tail| tail.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>();
    assert_eq!(seqs(&read[0]), (1..=120).collect::<Vec<u64>>(), "ahead of the head as well");
    assert!(read[0].head >= 118 && !read[0].full);
    assert_eq!((seqs(&read[1]), read[1].full), (vec![11, 12], false));
    assert_eq!((seqs(&read[2]), read[2].full), (vec![1, 2, 3], true));
    assert_eq!((seqs(&read[3]), read[3].full), (vec![1], true));
    assert_eq!(read[4], Tail::default());
    assert_eq!(read[5], Tail::default());
    assert!(read[6..].iter().all(|tail| tail.entries.is_empty()));
    assert!(stores.log.tails(&[]).await.unwrap().is_empty());
}

async fn gone(stores: Stores) {
    let (one, two) = (Person::with_devices(1), Person::with_devices(1));
    let conversation = made(&stores, &one, &two).await;
    through(&stores.log, &[draft(conversation, one.user, "kept")]).await;
    let counted = Head { seq: 9, count: 9, mseq: 0 };
    stores.log.raise_heads(&[(conversation, counted)]).await.unwrap();
    let wanted = Wanted { conversation, after: 0, to: u64::MAX, entries: 200, bytes: usize::MAX };
    let tails = stores.log.tails(&[wanted]).await.unwrap();
    assert_eq!((tails[0].head, tails[0].entries.len(), tails[0].full), (9, 1, false));
}

async fn standings(stores: Stores) {
    let (one, two) = (Person::with_devices(2), Person::with_devices(0));
    let (first, second) = (made(&stores, &one, &two).await, made(&stores, &one, &two).await);
    stores.delivery.acknowledge(first, &[Ack { owner: one.owner(1), seq: 4 }]).await.unwrap();
    let found = stores.delivery.standings(&[first, second, id()]).await.unwrap();
    assert_eq!(found.len(), 2);
    let mut cursors = found[&first].cursors.clone();
    cursors.sort_unstable_by_key(|held| (held.seq, held.device));
    let held = |user, device, seq| Held { user, device, seq };
    assert_eq!(
        cursors,
        [
            held(two.user, None, 0),
            held(one.user, Some(one.devices[0]), 0),
            held(one.user, Some(one.devices[1]), 4),
        ]
    );
    let retention = Retention::Relay;
    assert_eq!(found[&first].progress, Progress { floor: 0, stripped_to: 0, retention });
    let both = stores.delivery.progress_of(&[first, id(), second]).await.unwrap();
    let stands = Progress { floor: 0, stripped_to: 0, retention };
    assert_eq!(both, HashMap::from([(first, stands), (second, stands)]));
    assert!(stores.delivery.progress_of(&[]).await.unwrap().is_empty());
    assert_eq!((found[&first].devices_of(one.user), found[&first].devices_of(two.user)), (2, 0));
    assert_eq!(
        (found[&first].delivered_to(one.user), found[&second].delivered_to(one.user)),
        (4, 0)
    );
}

async fn reads(stores: Stores) {
    let (one, two) = (Person::with_devices(1), Person::with_devices(1));
    let (first, second) = (made(&stores, &one, &two).await, made(&stores, &one, &two).await);
    stores.conversations.raise_read(two.user, first, 7, 5).await.unwrap();
    let places = [(first, one.user), (first, two.user), (second, two.user), (id(), two.user)];
    let reads = stores.conversations.reads(&places).await.unwrap();
    let expected = [((first, one.user), 0), ((first, two.user), 7), ((second, two.user), 0)];
    assert_eq!(reads, HashMap::from(expected));
    assert!(stores.conversations.reads(&[]).await.unwrap().is_empty());
}

//! What the ports promise of counting: heads, activity, and what people have read by writing it.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use kernel::{ConversationId, UserId};

use super::{Case, Person, Stores, id, made, now};
use crate::conversations::store::Counted;
use crate::epochs::store::Survey;
use crate::log::store::Head;

pub(super) const CASES: &[Case] = &[
    ("heads and activity rise, and nothing else", |stores| Box::pin(rising(stores))),
    ("what somebody writes they have read", |stores| Box::pin(writing(stores))),
    ("who has read on has not written on", |stores| Box::pin(reading(stores))),
    ("what was written above the end comes down to it", |stores| Box::pin(restored(stores))),
];

const fn to(seq: u64, count: u64) -> Head {
    Head { seq, count, mseq: 0 }
}

const fn counted(id: ConversationId, head: Head, wrote: Vec<(UserId, u64, u64)>) -> Counted {
    Counted { id, head, wrote }
}

async fn read(stores: &Stores, person: &Person, id: ConversationId) -> (u64, u64) {
    let view = stores.conversations.membership(person.user, id).await.unwrap().unwrap();
    (view.read_seq, view.read_count)
}

async fn rising(stores: Stores) {
    let (one, two) = (Person::with_devices(1), Person::with_devices(1));
    let (first, second) = (made(&stores, &one, &two).await, made(&stores, &one, &two).await);
    let store = &stores.conversations;
    let state = async || {
        let found = store.get(first).await.unwrap().unwrap();
        (found.head_seq, found.head_count, found.active_at)
    };
    let (early, late) = (now().plus(Duration::from_secs(1)), now().plus(Duration::from_secs(2)));
    let both = [counted(first, to(5, 4), vec![]), counted(second, to(1, 1), vec![])];
    store.count(&both, early).await.unwrap();
    assert_eq!(state().await, (5, 4, early));
    assert_eq!(store.get(second).await.unwrap().unwrap().head_seq, 1);
    for active in [late, early] {
        store.count(&[counted(first, to(3, 3), vec![])], active).await.unwrap();
        assert_eq!(state().await, (5, 4, late));
    }
    store.count(&[], late).await.unwrap();
    let nowhere: ConversationId = id();
    store.count(&[counted(nowhere, to(1, 1), vec![(one.user, 1, 1)])], late).await.unwrap();
    assert_eq!(store.get(nowhere).await.unwrap(), None);
}

async fn writing(stores: Stores) {
    let (one, two) = (Person::with_devices(1), Person::with_devices(1));
    let (first, second) = (made(&stores, &one, &two).await, made(&stores, &one, &two).await);
    let (store, stranger) = (&stores.conversations, Person::with_devices(0));
    let wrote = vec![(one.user, 5, 4), (two.user, 3, 3), (stranger.user, 4, 4)];
    store.count(&[counted(first, to(5, 4), wrote)], now()).await.unwrap();
    store.count(&[counted(first, to(5, 4), vec![(one.user, 2, 2)])], now()).await.unwrap();
    assert_eq!(
        (read(&stores, &one, first).await, read(&stores, &two, first).await),
        ((5, 4), (3, 3))
    );
    assert_eq!(read(&stores, &one, second).await, (0, 0));
    assert_eq!(store.membership(stranger.user, first).await.unwrap(), None);
    let places = [(first, one.user), (first, two.user), (first, stranger.user), (second, one.user)];
    let expected = [((first, one.user), 5), ((first, two.user), 3), ((second, one.user), 0)];
    assert_eq!(store.reads(&places).await.unwrap(), HashMap::from(expected));

    let views = store.views_of(one.user, 10).await.unwrap();
    let ids: HashSet<_> = views.iter().map(|(conversation, _)| conversation.id).collect();
    assert_eq!((views.len(), ids), (2, HashSet::from([first, second])));
    for (conversation, view) in views {
        assert_eq!(Some(&conversation), store.get(conversation.id).await.unwrap().as_ref());
        assert_eq!(Some(view), store.membership(one.user, conversation.id).await.unwrap());
    }
    assert_eq!(store.views_of(one.user, 1).await.unwrap().len(), 1);
    assert!(store.views_of(one.user, 0).await.unwrap().is_empty());
}

async fn reading(stores: Stores) {
    let (one, two) = (Person::with_devices(1), Person::with_devices(1));
    let conversation = made(&stores, &one, &two).await;
    let store = &stores.conversations;
    store.count(&[counted(conversation, to(5, 4), vec![(one.user, 5, 4)])], now()).await.unwrap();
    for (seq, count, rises, then) in
        [(4, 3, false, (5, 4)), (5, 4, false, (5, 4)), (7, 6, true, (7, 6)), (6, 5, false, (7, 6))]
    {
        assert_eq!(store.raise_read(one.user, conversation, seq, count).await.unwrap(), rises);
        assert_eq!(read(&stores, &one, conversation).await, then);
    }
    store.count(&[counted(conversation, to(8, 7), vec![(one.user, 6, 5)])], now()).await.unwrap();
    assert_eq!(read(&stores, &one, conversation).await, (7, 6));
    store.count(&[counted(conversation, to(9, 8), vec![(one.user, 9, 8)])], now()).await.unwrap();
    assert_eq!(read(&stores, &one, conversation).await, (9, 8));
}

async fn restored(stores: Stores) {
    let (one, two) = (Person::with_devices(0), Person::with_devices(0));
    let conversation = made(&stores, &one, &two).await;
    let wrote = vec![(one.user, 9, 7), (two.user, 4, 4)];
    stores.conversations.count(&[counted(conversation, to(9, 7), wrote)], now()).await.unwrap();
    let end = [(conversation, to(6, 5))];
    let found = Survey { conversations: 1, cursors: 0, above: 0, read_above: 1 };
    assert_eq!(stores.epochs.survey(&end).await.unwrap(), found);
    assert_eq!(stores.epochs.renew(&end, "$2").await.unwrap(), found);
    assert_eq!(read(&stores, &one, conversation).await, (6, 5));
    assert_eq!(read(&stores, &two, conversation).await, (4, 4));
    assert_eq!(stores.epochs.survey(&end).await.unwrap(), Survey { read_above: 0, ..found });
    let epoch = stores.conversations.get(conversation).await.unwrap().unwrap().epoch;
    assert_eq!(epoch, "$2", "taken as it is");
}

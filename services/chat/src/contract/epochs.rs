//! What [`crate::epochs::store::EpochStore`] promises.

use kernel::ConversationId;

use super::{Case, Person, Stores, id, made, now, relay};
use crate::conversations::changes::store::{Fate, Turn};
use crate::delivery::store::{Ack, Held, Owner, Stored};
use crate::epochs::store::Survey;
use crate::log::store::Head;

pub(super) const CASES: &[Case] = &[
    ("every conversation is found once, page by page", |stores| Box::pin(pages(stores))),
    ("what lies above the end comes down to it", |stores| Box::pin(above(stores))),
    ("whoever looks changes nothing", |stores| Box::pin(looking(stores))),
    ("the same again changes nothing", |stores| Box::pin(again(stores))),
    ("an outdated cursor holds the floor until it is acknowledged", |stores| {
        Box::pin(holding(stores))
    }),
    ("who comes later is outdated too, and placeholders are not", |stores| Box::pin(later(stores))),
];

const END: Head = Head { seq: 6, count: 5, mseq: 0 };

async fn ack(stores: &Stores, id: ConversationId, owner: Owner, seq: u64) -> u64 {
    let progress = stores.delivery.acknowledge(id, &[Ack { owner, seq }]).await.unwrap();
    progress.unwrap().floor
}

async fn stored(stores: &Stores, id: ConversationId, owner: Owner) -> Stored {
    stores.delivery.stored(owner, &[id]).await.unwrap()[&id]
}

async fn epoch(stores: &Stores, id: ConversationId) -> String {
    stores.conversations.get(id).await.unwrap().unwrap().epoch
}

const fn outdated(seq: u64, floor: u64) -> Stored {
    Stored { seq, floor, outdated: true }
}

async fn pages(stores: Stores) {
    let one = Person::with_devices(1);
    let mut expected = Vec::new();
    for _ in 0..7 {
        expected.push(made(&stores, &one, &Person::with_devices(1)).await);
    }
    let gone = expected.pop().unwrap();
    let turn = Turn {
        conversation: gone,
        fate: Fate::Gone,
        by: one.user,
        entry: id(),
        digest: [1; 32],
        at: now(),
    };
    stores.changes.begin_turn(&turn).await.unwrap();
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = stores.epochs.page(after, 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some(*last);
        found.extend(page);
    }
    assert!(found.is_sorted_by(|one, other| one < other), "in order, each once");
    assert!(expected.iter().all(|id| found.contains(id)) && !found.contains(&gone));
    assert!(stores.epochs.page(None, 0).await.unwrap().is_empty());
}

async fn above(stores: Stores) {
    let (one, two) = (Person::with_devices(2), Person::with_devices(1));
    let id = made(&stores, &one, &two).await;
    for (owner, seq) in [(one.owner(0), 9), (one.owner(1), 8), (two.owner(0), 7)] {
        ack(&stores, id, owner, seq).await;
    }
    stores.delivery.stripped(id, 7).await.unwrap();
    stores.conversations.raise_read(one.user, id, 9, 4).await.unwrap();
    stores.conversations.raise_read(two.user, id, 6, 5).await.unwrap();
    let found = stores.epochs.renew(&[(id, END)], "2").await.unwrap();
    assert_eq!(found, Survey { conversations: 1, cursors: 3, above: 4, read_above: 1 });
    assert_eq!(epoch(&stores, id).await, "2");
    assert_eq!(stores.delivery.progress(id).await.unwrap(), Some(relay(6, 6)));
    for owner in [one.owner(0), one.owner(1), two.owner(0)] {
        assert_eq!(stored(&stores, id, owner).await, outdated(6, 6));
    }
    let read = stores.conversations.membership(one.user, id).await.unwrap().unwrap();
    assert_eq!((read.read_seq, read.read_count), (6, 4));
    let read = stores.conversations.membership(two.user, id).await.unwrap().unwrap();
    assert_eq!((read.read_seq, read.read_count), (6, 5));
    assert!(stores.delivery.unfinished(None, 1_000).await.unwrap().iter().all(|row| row.0 != id));
}

async fn looking(stores: Stores) {
    let (one, two) = (Person::with_devices(1), Person::with_devices(0));
    let id = made(&stores, &one, &two).await;
    ack(&stores, id, one.owner(0), 9).await;
    stores.conversations.raise_read(one.user, id, 5, 9).await.unwrap();
    let found = stores.epochs.survey(&[(id, END)]).await.unwrap();
    assert_eq!(found, Survey { conversations: 1, cursors: 1, above: 1, read_above: 1 });
    assert_eq!(epoch(&stores, id).await, "1");
    let own = stored(&stores, id, one.owner(0)).await;
    assert_eq!(own, Stored { seq: 9, floor: 0, outdated: false });
    let read = stores.conversations.membership(one.user, id).await.unwrap().unwrap();
    assert_eq!((read.read_seq, read.read_count), (5, 9));
    assert_eq!(stores.epochs.survey(&[]).await.unwrap(), Survey::default());
}

async fn again(stores: Stores) {
    let (one, two) = (Person::with_devices(1), Person::with_devices(1));
    let id = made(&stores, &one, &two).await;
    ack(&stores, id, one.owner(0), 4).await;
    ack(&stores, id, two.owner(0), 3).await;
    for epoch in ["2", "2", "3"] {
        let found = stores.epochs.renew(&[(id, END)], epoch).await.unwrap();
        assert_eq!(found, Survey { conversations: 1, cursors: 2, above: 0, read_above: 0 });
        assert_eq!(stored(&stores, id, one.owner(0)).await, outdated(4, 3));
        assert_eq!(stored(&stores, id, two.owner(0)).await, outdated(3, 3));
    }
    assert_eq!(epoch(&stores, id).await, "3");
    // An older copy still: the end lies lower than before.
    let end = Head { seq: 2, count: 2, mseq: 0 };
    let found = stores.epochs.renew(&[(id, end)], "4").await.unwrap();
    assert_eq!(found.above, 3, "both cursors and the floor");
    assert_eq!(stored(&stores, id, one.owner(0)).await, outdated(2, 2));
}

async fn holding(stores: Stores) {
    let (one, two) = (Person::with_devices(1), Person::with_devices(1));
    let id = made(&stores, &one, &two).await;
    ack(&stores, id, one.owner(0), 4).await;
    ack(&stores, id, two.owner(0), 3).await;
    stores.epochs.renew(&[(id, END)], "2").await.unwrap();
    assert_eq!(ack(&stores, id, two.owner(0), 6).await, 3, "the other one has not come");
    assert_eq!(
        stored(&stores, id, two.owner(0)).await,
        Stored { seq: 6, floor: 3, outdated: false }
    );
    // What people see of one another stays.
    let standing = stores.delivery.standings(&[id]).await.unwrap().remove(&id).unwrap();
    assert_eq!((standing.delivered_to(one.user), standing.delivered_to(two.user)), (4, 6));
    assert_eq!(ack(&stores, id, one.owner(0), 0).await, 3);
    let own = stored(&stores, id, one.owner(0)).await;
    assert!(!own.outdated, "an empty log can be acknowledged too");
    assert_eq!(ack(&stores, id, one.owner(0), 6).await, 6);
}

async fn later(stores: Stores) {
    let (mut one, two) = (Person::with_devices(1), Person::with_devices(0));
    let id = made(&stores, &one, &two).await;
    ack(&stores, id, one.owner(0), 4).await;
    stores.epochs.renew(&[(id, END)], "2").await.unwrap();
    one.devices.push(super::id());
    stores.delivery.register(one.owner(1), &[id], now()).await.unwrap();
    assert_eq!(stored(&stores, id, one.owner(1)).await, outdated(0, 0));
    // The first device of a person takes the placeholder over.
    let first = Owner { user: two.user, device: super::id() };
    stores.delivery.register(first, &[id], now()).await.unwrap();
    assert_eq!(stored(&stores, id, first).await, outdated(0, 0));
    assert_eq!(ack(&stores, id, first, 5).await, 0);
    // The last one of a person leaves a placeholder where it was.
    stores.delivery.remove(one.owner(1), &[id]).await.unwrap();
    stores.delivery.remove(one.owner(0), &[id]).await.unwrap();
    let mut standing = stores.delivery.standings(&[id]).await.unwrap().remove(&id).unwrap();
    standing.cursors.sort_by_key(|held| held.seq);
    let expected = [
        Held { user: one.user, device: None, seq: 4 },
        Held { user: two.user, device: Some(first.device), seq: 5 },
    ];
    assert_eq!(standing.cursors, expected);
    assert_eq!(standing.progress, relay(4, 0));
}

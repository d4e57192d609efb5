//! What [`crate::delivery::store::DeliveryStore`] promises.

use futures::future::join_all;
use kernel::ConversationId;

use super::{Case, Person, Stores, id, made, now, relay};
use crate::delivery::store::{Ack, Owner};

pub(super) const CASES: &[Case] = &[
    ("the floor is the lowest cursor and only rises", |stores| Box::pin(floor(stores))),
    ("a device without a cursor gets none", |stores| Box::pin(unknown_device(stores))),
    ("a placeholder holds the floor until it is taken over", |stores| {
        Box::pin(placeholder(stores))
    }),
    ("removing devices leaves a placeholder", |stores| Box::pin(removed(stores))),
    ("a new device starts at the floor", |stores| Box::pin(registered(stores))),
    ("unfinished work appears and disappears", |stores| Box::pin(unfinished(stores))),
    ("unfinished work is found in pages, each conversation once", |stores| Box::pin(pages(stores))),
    ("fifty acknowledge at once", |stores| Box::pin(at_once(stores))),
    ("a join among acknowledgements is not overtaken", |stores| Box::pin(join_race(stores))),
    ("cursors of many conversations", |stores| Box::pin(cursors(stores))),
];

async fn ack(stores: &Stores, id: ConversationId, acks: &[(Owner, u64)]) -> u64 {
    let acks: Vec<Ack> = acks.iter().map(|(owner, seq)| Ack { owner: *owner, seq: *seq }).collect();
    stores.delivery.acknowledge(id, &acks).await.unwrap().unwrap().floor
}

async fn cursor(stores: &Stores, id: ConversationId, owner: Owner) -> Option<u64> {
    stores.delivery.cursors(owner, &[id]).await.unwrap().get(&id).copied()
}

async fn floor(stores: Stores) {
    let (one, two) = (Person::with_devices(2), Person::with_devices(1));
    let id = made(&stores, &one, &two).await;
    let (a, b, c) = (one.owner(0), one.owner(1), two.owner(0));
    assert_eq!(ack(&stores, id, &[]).await, 0);
    assert_eq!(ack(&stores, id, &[(a, 9), (b, 7)]).await, 0);
    assert_eq!(ack(&stores, id, &[(c, 4)]).await, 4);
    assert_eq!(ack(&stores, id, &[(c, 2)]).await, 4, "an old one changes nothing");
    assert_eq!(cursor(&stores, id, c).await, Some(4));
    assert_eq!(
        ack(&stores, id, &[(c, 8), (c, 6)]).await,
        7,
        "of two of a device the higher counts"
    );
    assert_eq!(cursor(&stores, id, c).await, Some(8));
    let progress = stores.delivery.progress(id).await.unwrap();
    assert_eq!(progress, Some(relay(7, 0)));
}

async fn unknown_device(stores: Stores) {
    let (one, two) = (Person::with_devices(1), Person::with_devices(1));
    let conversation = made(&stores, &one, &two).await;
    let stranger = Person::with_devices(1).owner(0);
    let mixed = Owner { user: one.user, device: two.devices[0] };
    let acks = [(stranger, 9), (mixed, 9), (one.owner(0), 9)];
    assert_eq!(ack(&stores, conversation, &acks).await, 0);
    assert_eq!(cursor(&stores, conversation, stranger).await, None);
    assert_eq!(cursor(&stores, conversation, mixed).await, None);
    assert_eq!(cursor(&stores, conversation, two.owner(0)).await, Some(0));

    let nowhere = id();
    let to_nowhere = [Ack { owner: stranger, seq: 1 }];
    assert_eq!(stores.delivery.acknowledge(nowhere, &to_nowhere).await.unwrap(), None);
    assert_eq!(stores.delivery.progress(nowhere).await.unwrap(), None);
    stores.delivery.register(stranger, &[nowhere], now()).await.unwrap();
    assert_eq!(stores.delivery.progress(nowhere).await.unwrap(), None);
}

async fn placeholder(stores: Stores) {
    let (one, mut two) = (Person::with_devices(1), Person::with_devices(0));
    let id = made(&stores, &one, &two).await;
    assert_eq!(ack(&stores, id, &[(one.owner(0), 9)]).await, 0, "two has stored nothing");
    two.devices = vec![super::id(), super::id()];
    stores.delivery.register(two.owner(0), &[id], now()).await.unwrap();
    assert_eq!(cursor(&stores, id, two.owner(0)).await, Some(0));
    assert_eq!(ack(&stores, id, &[(two.owner(0), 5)]).await, 5, "the placeholder is gone");
    stores.delivery.register(two.owner(1), &[id], now()).await.unwrap();
    assert_eq!(cursor(&stores, id, two.owner(1)).await, Some(5));
}

async fn removed(stores: Stores) {
    let (one, two) = (Person::with_devices(1), Person::with_devices(2));
    let id = made(&stores, &one, &two).await;
    let (a, kept, lost) = (one.owner(0), two.owner(0), two.owner(1));
    assert_eq!(ack(&stores, id, &[(a, 9), (kept, 6), (lost, 2)]).await, 2);
    stores.delivery.stripped(id, 2).await.unwrap();

    let behind = stores.delivery.remove(lost, &[id, super::id()]).await.unwrap();
    assert_eq!(behind, [(id, relay(6, 2))]);
    assert_eq!(cursor(&stores, id, lost).await, None);
    let progress = stores.delivery.progress(id).await.unwrap();
    assert_eq!(progress, Some(relay(6, 2)), "the floor rose");
    assert!(is_unfinished(&stores, id).await);

    stores.delivery.stripped(id, 6).await.unwrap();
    assert_eq!(stores.delivery.remove(kept, &[id]).await.unwrap(), [], "nothing is left over");
    assert_eq!(ack(&stores, id, &[(a, 20)]).await, 6, "a placeholder holds the place of the last");
    stores.delivery.remove(kept, &[id]).await.unwrap();
    assert_eq!(ack(&stores, id, &[(kept, 20)]).await, 6, "a removed device has no say");

    let back = Owner { user: two.user, device: super::id() };
    stores.delivery.register(back, &[id], now()).await.unwrap();
    assert_eq!(cursor(&stores, id, back).await, Some(6));
    assert_eq!(ack(&stores, id, &[(back, 8)]).await, 8);
}

async fn registered(stores: Stores) {
    let (one, two) = (Person::with_devices(1), Person::with_devices(1));
    let id = made(&stores, &one, &two).await;
    assert_eq!(ack(&stores, id, &[(one.owner(0), 9), (two.owner(0), 5)]).await, 5);
    let owner = Owner { user: one.user, device: super::id() };
    assert!(!stores.delivery.is_registered(owner).await.unwrap());
    stores.delivery.register(owner, &[id], now()).await.unwrap();
    assert!(stores.delivery.is_registered(owner).await.unwrap());
    let foreign = Owner { user: two.user, ..owner };
    assert!(!stores.delivery.is_registered(foreign).await.unwrap());
    assert_eq!(cursor(&stores, id, owner).await, Some(5));
    assert_eq!(ack(&stores, id, &[(two.owner(0), 9)]).await, 5, "the new one counts");
    assert_eq!(ack(&stores, id, &[(owner, 7)]).await, 7);
    stores.delivery.register(owner, &[id], now()).await.unwrap();
    assert_eq!(cursor(&stores, id, owner).await, Some(7), "once more changes nothing");
    stores.delivery.remove(owner, &[]).await.unwrap();
    assert!(!stores.delivery.is_registered(owner).await.unwrap());
}

async fn is_unfinished(stores: &Stores, id: ConversationId) -> bool {
    let all = stores.delivery.unfinished(None, 10_000).await.unwrap();
    let found = all.iter().find(|(unfinished, _)| *unfinished == id);
    let behind = found.map(|(_, progress)| progress.is_behind());
    assert_ne!(behind, Some(false), "marked without a reason");
    behind.is_some()
}

async fn unfinished(stores: Stores) {
    let (one, two) = (Person::with_devices(1), Person::with_devices(1));
    let id = made(&stores, &one, &two).await;
    assert!(!is_unfinished(&stores, id).await);
    ack(&stores, id, &[(one.owner(0), 5), (two.owner(0), 5)]).await;
    assert!(is_unfinished(&stores, id).await);
    stores.delivery.stripped(id, 3).await.unwrap();
    assert!(is_unfinished(&stores, id).await);
    stores.delivery.stripped(id, 5).await.unwrap();
    assert!(!is_unfinished(&stores, id).await);
    stores.delivery.stripped(id, 4).await.unwrap();
    stores.delivery.stripped(id, 99).await.unwrap();
    let progress = stores.delivery.progress(id).await.unwrap();
    assert_eq!(progress, Some(relay(5, 5)));
    ack(&stores, id, &[(one.owner(0), 6)]).await;
    assert!(!is_unfinished(&stores, id).await, "the floor did not rise");
    ack(&stores, id, &[(two.owner(0), 6)]).await;
    assert!(is_unfinished(&stores, id).await);
    assert!(stores.delivery.unfinished(None, 0).await.unwrap().is_empty());
    assert_eq!(stores.delivery.unfinished(None, 1).await.unwrap().len(), 1);
}

async fn pages(stores: Stores) {
    let (one, two) = (Person::with_devices(1), Person::with_devices(1));
    let mut marked = Vec::new();
    for _ in 0..5 {
        let id = made(&stores, &one, &two).await;
        ack(&stores, id, &[(one.owner(0), 1), (two.owner(0), 1)]).await;
        marked.push(id);
    }
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = stores.delivery.unfinished(after, 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        found.extend(page.into_iter().map(|(id, _)| id));
    }
    assert!(found.is_sorted(), "in the order of ids, so nothing twice");
    marked.retain(|id| !found.contains(id));
    assert_eq!(marked, []);
}

async fn at_once(stores: Stores) {
    let (one, two) = (Person::with_devices(2), Person::with_devices(1));
    let id = made(&stores, &one, &two).await;
    let owners = [one.owner(0), one.owner(1), two.owner(0)];
    let acks = (1..=50_u64).map(|seq| {
        let stores = stores.clone();
        // Each device says everything up to its highest, in no order: 50, 49 and 48.
        let acks = [0, 1, 2].map(|device| (owners[device], seq.saturating_sub(device as u64)));
        tokio::spawn(async move { ack(&stores, id, &acks).await })
    });
    for floor in join_all(acks).await {
        assert!(floor.unwrap() <= 48);
    }
    let progress = stores.delivery.progress(id).await.unwrap();
    assert_eq!(progress, Some(relay(48, 0)));
    assert_eq!(cursor(&stores, id, owners[0]).await, Some(50));
}

async fn join_race(stores: Stores) {
    for _ in 0..20 {
        let (one, two) = (Person::with_devices(1), Person::with_devices(1));
        let id = made(&stores, &one, &two).await;
        let newcomer = Owner { user: two.user, device: super::id() };
        let acks = (1..=10_u64).map(|seq| {
            let (stores, acks) = (stores.clone(), [(one.owner(0), seq), (two.owner(0), seq)]);
            tokio::spawn(async move { ack(&stores, id, &acks).await })
        });
        let acks: Vec<_> = acks.collect();
        stores.delivery.register(newcomer, &[id], now()).await.unwrap();
        let start = cursor(&stores, id, newcomer).await.unwrap();
        join_all(acks).await;
        let floor = ack(&stores, id, &[(one.owner(0), 11), (two.owner(0), 11)]).await;
        assert_eq!(floor, start, "what the newcomer has not stored is still held");
        assert_eq!(ack(&stores, id, &[(newcomer, 11)]).await, 11);
    }
}

async fn cursors(stores: Stores) {
    let one = Person::with_devices(1);
    let mut expected = std::collections::HashMap::new();
    for seq in 1..=3 {
        let id = made(&stores, &one, &Person::with_devices(1)).await;
        ack(&stores, id, &[(one.owner(0), seq)]).await;
        expected.insert(id, seq);
    }
    let foreign = made(&stores, &Person::with_devices(1), &Person::with_devices(1)).await;
    let mut ids: Vec<ConversationId> = expected.keys().copied().collect();
    ids.push(foreign);
    assert_eq!(stores.delivery.cursors(one.owner(0), &ids).await.unwrap(), expected);
    assert!(stores.delivery.cursors(one.owner(0), &[]).await.unwrap().is_empty());

    // A device that comes later gets its cursors in all of them at once.
    let second = Owner { user: one.user, device: id() };
    stores.delivery.register(second, &ids, now()).await.unwrap();
    let own = stores.delivery.cursors(second, &ids).await.unwrap();
    assert_eq!(own.get(&foreign), Some(&0), "the caller says where the person belongs");
    assert_eq!(own.len(), 4);
    stores.delivery.remove(second, &ids).await.unwrap();
    assert!(stores.delivery.cursors(second, &ids).await.unwrap().is_empty());
}

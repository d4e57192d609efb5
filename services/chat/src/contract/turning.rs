//! What [`crate::delivery::store::DeliveryStore`] promises of changes of retention.

use kernel::ConversationId;

use super::{Case, Person, Stores, id, made, now, relay};
use crate::conversations::Retention;
use crate::delivery::store::{Ack, Progress, Told, Turning};

pub(super) const CASES: &[Case] = &[
    ("an archive forgets nothing, a relay what comes after", |stores| {
        Box::pin(there_and_back(stores))
    }),
    ("one change of retention at a time", |stores| Box::pin(one_at_a_time(stores))),
    ("a conversation can begin as an archive", |stores| Box::pin(born_archive(stores))),
];

fn turning(to: Retention) -> Turning {
    Turning { to, entry: id(), by: id(), begun: now(), told: None }
}

fn told(seq: u64) -> Told {
    Told { seq, at: kernel::Timestamp::from_millis(1_700_000_000_000) }
}

async fn progress(stores: &Stores, id: ConversationId) -> Progress {
    stores.delivery.progress(id).await.unwrap().unwrap()
}

async fn is_marked(stores: &Stores, id: ConversationId) -> bool {
    let unfinished = stores.delivery.unfinished(None, 10_000).await.unwrap();
    unfinished.iter().any(|(unfinished, _)| *unfinished == id)
}

async fn under_way(stores: &Stores, id: ConversationId) -> Option<Turning> {
    let all = stores.delivery.turnings(10_000).await.unwrap();
    all.into_iter().find(|(turning, _)| *turning == id).map(|(_, turning)| turning)
}

async fn there_and_back(stores: Stores) {
    let (one, two) = (Person::with_devices(1), Person::with_devices(1));
    let talk = made(&stores, &one, &two).await;
    let ack = async |seq| {
        let acks = [one.owner(0), two.owner(0)].map(|owner| Ack { owner, seq });
        stores.delivery.acknowledge(talk, &acks).await.unwrap().unwrap()
    };
    assert_eq!(ack(3).await, relay(3, 0));
    assert!(is_marked(&stores, talk).await);

    let archive = turning(Retention::Archive);
    assert_eq!(stores.delivery.turn(talk, &archive).await.unwrap(), Some(archive));
    let kept = Progress { floor: 3, stripped_to: 0, retention: Retention::Archive };
    assert_eq!(progress(&stores, talk).await, kept, "it holds from the first write on");
    assert!(!kept.is_behind() && !is_marked(&stores, talk).await);
    stores.delivery.turned(talk, &archive, told(4)).await.unwrap();
    assert_eq!(under_way(&stores, talk).await, Some(Turning { told: Some(told(4)), ..archive }));
    assert_eq!(ack(5).await, Progress { floor: 5, ..kept });
    assert!(!is_marked(&stores, talk).await);
    stores.delivery.settled(talk, archive.entry).await.unwrap();
    assert_eq!(under_way(&stores, talk).await, None);

    let back = turning(Retention::Relay);
    assert_eq!(stores.delivery.turn(talk, &back).await.unwrap(), Some(back));
    assert_eq!(ack(6).await, Progress { floor: 6, ..kept }, "not before its entry is in the log");
    stores.delivery.turned(talk, &back, told(8)).await.unwrap();
    assert_eq!(progress(&stores, talk).await, relay(6, 8), "what was archived before stays");
    assert!(!is_marked(&stores, talk).await);
    assert_eq!(ack(8).await, relay(8, 8));
    assert!(!is_marked(&stores, talk).await);
    assert_eq!(ack(9).await, relay(9, 8));
    assert!(is_marked(&stores, talk).await);
}

async fn one_at_a_time(stores: Stores) {
    let (one, two) = (Person::with_devices(1), Person::with_devices(1));
    let talk = made(&stores, &one, &two).await;
    let (first, second) = (turning(Retention::Archive), turning(Retention::Relay));
    assert_eq!(stores.delivery.turn(talk, &first).await.unwrap(), Some(first));
    assert_eq!(stores.delivery.turn(talk, &second).await.unwrap(), Some(first));
    assert_eq!(stores.delivery.turn(talk, &first).await.unwrap(), Some(first));
    stores.delivery.turned(talk, &second, told(9)).await.unwrap();
    stores.delivery.settled(talk, second.entry).await.unwrap();
    assert_eq!(under_way(&stores, talk).await, Some(first), "the other is not under way");
    stores.delivery.turned(talk, &first, told(1)).await.unwrap();
    let known = Some(Turning { told: Some(told(1)), ..first });
    assert_eq!(stores.delivery.turn(talk, &first).await.unwrap(), known, "a retry begins nothing");
    assert_eq!(stores.delivery.turn(talk, &second).await.unwrap(), Some(second));
    stores.delivery.turned(talk, &first, told(7)).await.unwrap();
    stores.delivery.settled(talk, first.entry).await.unwrap();
    assert_eq!(under_way(&stores, talk).await, Some(second), "the first is over");
    stores.delivery.turned(talk, &second, told(2)).await.unwrap();
    stores.delivery.settled(talk, second.entry).await.unwrap();
    assert_eq!(under_way(&stores, talk).await, None);
    assert_eq!(progress(&stores, talk).await, relay(0, 2));

    let nowhere = id();
    assert_eq!(stores.delivery.turn(nowhere, &first).await.unwrap(), None);
    stores.delivery.turned(nowhere, &first, told(1)).await.unwrap();
    stores.delivery.settled(nowhere, first.entry).await.unwrap();
    assert!(stores.delivery.turnings(0).await.unwrap().is_empty());
}

async fn born_archive(stores: Stores) {
    let (one, two) = (Person::with_devices(1), Person::with_devices(1));
    let mut new = super::direct(id(), &one, &two);
    new.retention = Retention::Archive;
    assert!(stores.conversations.create(&new).await.unwrap());
    let acks = [one.owner(0), two.owner(0)].map(|owner| Ack { owner, seq: 5 });
    let progress = stores.delivery.acknowledge(new.id, &acks).await.unwrap().unwrap();
    assert_eq!(progress, Progress { floor: 5, stripped_to: 0, retention: Retention::Archive });
    assert!(!is_marked(&stores, new.id).await);
}

//! A conversation whose maker was killed half-way is completed by whoever comes next.

use super::super::{Person, direct, id, relay};
use super::{database, done, stores};
use crate::delivery::store::Ack;
use crate::mongo::{OpenError, open};

#[tokio::test]
async fn the_next_one_completes_what_a_killed_one_began() {
    let db = database().await;
    let stores = stores(&db);
    let (one, two) = (Person::with_devices(1), Person::with_devices(1));
    let new = direct(id(), &one, &two);
    // It knew of other devices: one that is no more, and none of the second person's.
    let earlier = [
        Person { user: one.user, devices: vec![id()] },
        Person { user: two.user, devices: vec![] },
    ];
    let earlier = earlier.map(|person| person.party());
    crate::delivery::mongo::begin(&db, new.id, new.retention, &earlier).await.unwrap();
    assert_eq!(stores.conversations.get(new.id).await.unwrap(), None);

    assert!(stores.conversations.create(&new).await.unwrap());
    for owner in [one.owner(0), two.owner(0)] {
        let cursors = stores.delivery.cursors(owner, &[new.id]).await.unwrap();
        assert_eq!(cursors.get(&new.id), Some(&0), "{owner:?}");
    }
    let gone = crate::delivery::store::Owner { user: one.user, device: earlier[0].devices[0] };
    stores.delivery.remove(gone, &[new.id]).await.unwrap();
    let acks = [one.owner(0), two.owner(0)].map(|owner| Ack { owner, seq: 4 });
    let progress = stores.delivery.acknowledge(new.id, &acks).await.unwrap();
    assert_eq!(progress, Some(relay(4, 0)), "no placeholder is left");

    // A slow one that comes after the conversation is whole and used holds nothing back below the floor.
    crate::delivery::mongo::begin(&db, new.id, new.retention, &earlier).await.unwrap();
    let cursors = stores.delivery.cursors(gone, &[new.id]).await.unwrap();
    assert_eq!(cursors.get(&new.id), Some(&4));
    let acks = [one.owner(0), two.owner(0), gone].map(|owner| Ack { owner, seq: 6 });
    let progress = stores.delivery.acknowledge(new.id, &acks).await.unwrap();
    assert_eq!(progress.map(|progress| progress.floor), Some(6), "no placeholder came back");
    done(db).await;
}

#[tokio::test]
async fn a_url_that_cannot_be_used_says_what_is_wrong() {
    let no_database = open("mongodb://127.0.0.1:1", "test").await;
    assert!(matches!(no_database, Err(OpenError::NoDatabase)), "{no_database:?}");
    let no_url = open("mongodb://", "test").await;
    assert!(matches!(no_url, Err(OpenError::Url(_))), "{no_url:?}");
}

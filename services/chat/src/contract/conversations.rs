//! What [`crate::conversations::store::ConversationStore`] promises.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use futures::future::join_all;

use super::{Case, Person, Stores, direct, id, made, now, relay};
use crate::conversations::switches::Setting;
use crate::conversations::{Block, Kind, Membership, Retention, Role, Switch, Switches};
use crate::delivery::store::Ack;

pub(super) const CASES: &[Case] = &[
    ("a direct conversation is made once", |stores| Box::pin(made_once(stores))),
    ("of many who make it at once exactly one does", |stores| Box::pin(made_by_many(stores))),
    ("who is in it", |stores| Box::pin(people(stores))),
    ("a list of memberships has a limit", |stores| Box::pin(limited(stores))),
    ("what each of several people is in", |stores| Box::pin(of_each(stores))),
    ("what was read only rises", |stores| Box::pin(read_rises(stores))),
    ("the later setting of a switch holds", |stores| Box::pin(switched(stores))),
    ("the later word on a block holds", |stores| Box::pin(blocked(stores))),
    ("many are fetched at once", |stores| Box::pin(many(stores))),
    ("the store answers", |stores| Box::pin(answers(stores))),
];

async fn made_once(stores: Stores) {
    let (one, two) = (Person::with_devices(2), Person::with_devices(1));
    let new = direct(id(), &one, &two);
    assert_eq!(stores.conversations.get(new.id).await.unwrap(), None);
    assert!(stores.conversations.create(&new).await.unwrap());
    let found = stores.conversations.get(new.id).await.unwrap().unwrap();
    assert_eq!((found.id, found.kind, found.retention), (new.id, Kind::Direct, Retention::Relay));
    assert_eq!((found.head_seq, found.head_count, found.member_count), (0, 0, 2));
    assert_eq!((found.created_at, found.active_at), (new.now, new.now));
    assert_eq!(found.epoch, "1");

    let mut again = direct(new.id, &two, &one);
    again.epoch = "2".to_owned();
    assert!(!stores.conversations.create(&again).await.unwrap());
    assert_eq!(stores.conversations.get(new.id).await.unwrap().unwrap(), found);

    let progress = stores.delivery.progress(new.id).await.unwrap();
    assert_eq!(progress, Some(relay(0, 0)));
    for owner in [one.owner(0), one.owner(1), two.owner(0)] {
        let cursors = stores.delivery.cursors(owner, &[new.id]).await.unwrap();
        assert_eq!(cursors.get(&new.id), Some(&0), "{owner:?}");
    }
}

async fn blocked(stores: Stores) {
    let (one, two) = (Person::with_devices(1), Person::with_devices(1));
    let talk = made(&stores, &one, &two).await;
    let kept = async || stores.conversations.get(talk).await.unwrap().unwrap().blocks;
    assert_eq!(kept().await, []);
    let at = |seconds| now().plus(Duration::from_secs(seconds));
    let first = Block { by: one.user, at: at(1), until: None, delivered: 3, read: 2 };
    assert!(stores.conversations.set_block(talk, &first).await.unwrap());
    assert!(!stores.conversations.set_block(talk, &first).await.unwrap(), "told twice");
    let other = Block { by: two.user, ..first };
    assert!(stores.conversations.set_block(talk, &other).await.unwrap());
    let over = Block { at: at(5), until: Some(9), ..first };
    assert!(stores.conversations.set_block(talk, &over).await.unwrap());
    let late = Block { at: at(3), ..first };
    assert!(!stores.conversations.set_block(talk, &late).await.unwrap());
    let mut blocks = kept().await;
    blocks.sort_by_key(|block| block.by != one.user);
    assert_eq!(blocks, [over, other]);
    let ids = [talk];
    assert_eq!(stores.conversations.get_many(&ids).await.unwrap()[0].blocks.len(), 2);
    let views = stores.conversations.views_of(one.user, 10).await.unwrap();
    assert_eq!(views[0].0.blocks.len(), 2);
    assert!(!stores.conversations.set_block(id(), &first).await.unwrap(), "there is none");
}

async fn made_by_many(stores: Stores) {
    let (one, mut two) = (Person::with_devices(1), Person::with_devices(1));
    let conversation = id();
    let full = direct(conversation, &one, &two);
    let devices = std::mem::take(&mut two.devices);
    let partial = direct(conversation, &two, &one);
    two.devices = devices;
    let makers = (0..20).map(|number| {
        let new = if number % 2 == 0 { full.clone() } else { partial.clone() };
        let conversations = stores.conversations.clone();
        tokio::spawn(async move { conversations.create(&new).await.unwrap() })
    });
    let made = join_all(makers).await.into_iter().filter(|made| *made.as_ref().unwrap()).count();
    assert_eq!(made, 1);
    assert_eq!(stores.conversations.members(conversation, None, 10).await.unwrap().len(), 2);
    // However they mixed, no placeholder stands beside a device and holds the floor.
    stores.delivery.register(two.owner(0), &[conversation], full.now).await.unwrap();
    let acks = [one.owner(0), two.owner(0)].map(|owner| Ack { owner, seq: 5 });
    let progress = stores.delivery.acknowledge(conversation, &acks).await.unwrap();
    assert_eq!(progress, Some(relay(5, 0)));
}

async fn people(stores: Stores) {
    let (one, two, stranger) =
        (Person::with_devices(1), Person::with_devices(0), Person::with_devices(1));
    let conversation = made(&stores, &one, &two).await;
    let other = made(&stores, &one, &stranger).await;
    let store = &stores.conversations;
    let members = store.members(conversation, None, 10).await.unwrap();
    let users: HashSet<_> = members.iter().map(|member| member.user).collect();
    assert_eq!(users, HashSet::from([one.user, two.user]));
    assert!(members.iter().all(|member| member.role == Role::Member));
    let created = store.get(conversation).await.unwrap().unwrap().created_at;
    assert!(members.iter().all(|member| member.joined_at == created));
    assert!(store.members(id(), None, 10).await.unwrap().is_empty());
    let together = store.members_of(&[other, id(), conversation]).await.unwrap();
    let others = store.members(other, None, 10).await.unwrap();
    assert_eq!(together, HashMap::from([(conversation, members.clone()), (other, others)]));
    assert!(store.members_of(&[]).await.unwrap().is_empty());

    let member = store.member(conversation, two.user).await.unwrap();
    assert!(
        member.is_some()
            && members.iter().find(|member| member.user == two.user) == member.as_ref()
    );
    assert_eq!(store.member(conversation, stranger.user).await.unwrap(), None);
    assert_eq!(store.member(id(), one.user).await.unwrap(), None);
    let everywhere = store.member_in(one.user, &[other, id(), conversation]).await.unwrap();
    assert_eq!(
        everywhere.keys().copied().collect::<BTreeSet<_>>(),
        BTreeSet::from([conversation, other])
    );
    assert_eq!(
        everywhere.get(&conversation),
        store.member(conversation, one.user).await.unwrap().as_ref()
    );
    let of_two = store.member_in(two.user, &[other, conversation]).await.unwrap();
    assert_eq!(of_two.keys().collect::<Vec<_>>(), [&conversation]);
    assert!(store.member_in(one.user, &[]).await.unwrap().is_empty());

    let unread = |conversation| Membership {
        conversation,
        read_seq: 0,
        read_count: 0,
        switches: Switches::default(),
    };
    let own = store.views_of(one.user, 10).await.unwrap();
    let own: Vec<Membership> = own.into_iter().map(|(_, view)| view).collect();
    assert!(own.len() == 2 && own.contains(&unread(conversation)) && own.contains(&unread(other)));
    let of_stranger = store.membership(stranger.user, conversation).await.unwrap();
    assert_eq!(of_stranger, None);
    let of_two = store.membership(two.user, conversation).await.unwrap();
    assert_eq!(of_two, Some(unread(conversation)));
}

async fn limited(stores: Stores) {
    let one = Person::with_devices(1);
    for _ in 0..3 {
        made(&stores, &one, &Person::with_devices(1)).await;
    }
    for (limit, expected) in [(0, 0), (2, 2), (3, 3), (10, 3)] {
        let found = stores.conversations.conversations_of(one.user, limit).await.unwrap();
        assert_eq!(found.len(), expected);
    }
}

async fn of_each(stores: Stores) {
    let [one, two, alone] = [1, 1, 1].map(Person::with_devices);
    let both = made(&stores, &one, &two).await;
    let other = made(&stores, &one, &Person::with_devices(1)).await;
    let users = [one.user, alone.user, two.user];
    let mut found = stores.conversations.conversations_of_each(&users).await.unwrap();
    for ids in found.values_mut() {
        ids.sort_unstable();
    }
    let mut ones = vec![both, other];
    ones.sort_unstable();
    assert_eq!(found, HashMap::from([(one.user, ones), (two.user, vec![both])]));
    assert!(stores.conversations.conversations_of_each(&[]).await.unwrap().is_empty());
}

async fn read_rises(stores: Stores) {
    let (one, two) = (Person::with_devices(1), Person::with_devices(1));
    let conversation = made(&stores, &one, &two).await;
    let store = &stores.conversations;
    let read = async |seq, count| {
        let rose = store.raise_read(one.user, conversation, seq, count).await.unwrap();
        let now = store.membership(one.user, conversation).await.unwrap().unwrap();
        (rose, now.read_seq, now.read_count)
    };
    assert_eq!(read(5, 4).await, (true, 5, 4));
    assert_eq!(read(5, 4).await, (false, 5, 4));
    assert_eq!(read(3, 2).await, (false, 5, 4));
    assert_eq!(read(6, 1).await, (true, 6, 4));
    assert_eq!(read(1, 9).await, (false, 6, 9));
    let other = store.membership(two.user, conversation).await.unwrap().unwrap();
    assert_eq!((other.read_seq, other.read_count), (0, 0));
    let stranger = Person::with_devices(0);
    assert!(!store.raise_read(stranger.user, conversation, 5, 5).await.unwrap());
    assert_eq!(store.membership(stranger.user, conversation).await.unwrap(), None);
}

async fn switched(stores: Stores) {
    let (one, two) = (Person::with_devices(1), Person::with_devices(1));
    let conversation = made(&stores, &one, &two).await;
    let store = &stores.conversations;
    let on = |switches: Switches, messages| {
        Switch::ALL
            .into_iter()
            .filter(|switch| switches.is_on(*switch, messages))
            .collect::<Vec<_>>()
    };
    let set = async |seq, messages, switches: &[(Switch, bool)]| {
        let setting = Setting { switches: switches.to_vec(), seq, messages };
        assert!(store.set_switches(one.user, conversation, &setting).await.unwrap());
        store.membership(one.user, conversation).await.unwrap().unwrap().switches
    };
    store.raise_read(one.user, conversation, 5, 4).await.unwrap();
    let all = Switch::ALL.map(|switch| (switch, true));
    assert_eq!(on(set(3, 7, &all).await, 7), Switch::ALL);
    let later = set(9, 8, &[(Switch::Muted, false), (Switch::Archived, false)]).await;
    let rest = [Switch::Pinned, Switch::Hidden, Switch::MarkedUnread];
    assert_eq!(on(later, 7), rest);
    assert_eq!(on(later, 8), [Switch::Pinned, Switch::MarkedUnread], "a message came");
    assert_eq!(set(4, 6, &[(Switch::Muted, true), (Switch::Hidden, true)]).await, {
        let earlier_for_muted = [3, 3, 4, 3, 3].map(|seq| seq << 1 | 1);
        let mut marks = earlier_for_muted;
        (marks[0], marks[3]) = (9 << 1, 9 << 1);
        Switches::new(marks, 7)
    });
    let found = store.views_of(one.user, 10).await.unwrap();
    let found: Vec<Membership> = found.into_iter().map(|(_, view)| view).collect();
    let read = Membership { conversation, read_seq: 5, read_count: 4, switches: found[0].switches };
    assert_eq!((found.len(), found[0], on(found[0].switches, 7)), (1, read, rest.to_vec()));
    let other = store.membership(two.user, conversation).await.unwrap().unwrap();
    assert_eq!(other.switches, Switches::default(), "nobody else's");
    let setting = Setting { switches: all.to_vec(), seq: 1, messages: 0 };
    let stranger = Person::with_devices(0);
    assert!(!store.set_switches(stranger.user, conversation, &setting).await.unwrap());
    assert_eq!(store.membership(stranger.user, conversation).await.unwrap(), None);
}

async fn many(stores: Stores) {
    let one = Person::with_devices(1);
    let first = made(&stores, &one, &Person::with_devices(1)).await;
    let second = made(&stores, &one, &Person::with_devices(1)).await;
    let found = stores.conversations.get_many(&[first, id(), second]).await.unwrap();
    let ids: HashSet<_> = found.iter().map(|conversation| conversation.id).collect();
    assert_eq!((found.len(), ids), (2, HashSet::from([first, second])));
    assert!(stores.conversations.get_many(&[]).await.unwrap().is_empty());
}

async fn answers(stores: Stores) {
    stores.conversations.ping().await.unwrap();
}

//! What [`crate::conversations::changes::store::ChangeStore`] promises.

use std::time::Duration;

use futures::future::join_all;
use kernel::ConversationId;

use super::{Case, Person, Stores, group, id, now, relay};
use crate::conversations::Role;
use crate::conversations::changes::store::{Begun, Change, Fate, Op, Turn};
use crate::conversations::store::Counted;
use crate::delivery::store::Ack;
use crate::log::store::Head;

pub(super) const CASES: &[Case] = &[
    ("who joins is in with cursors before it is finished", |stores| Box::pin(joins(stores))),
    ("who leaves is out at once and holds content until the end", |stores| {
        Box::pin(leaves(stores))
    }),
    ("a role counts at once", |stores| Box::pin(role(stores))),
    ("what is undone is as it was", |stores| Box::pin(undone(stores))),
    ("of many changes of a person one is under way", |stores| Box::pin(one_at_a_time(stores))),
    ("what is finished is left alone", |stores| Box::pin(finished(stores))),
    ("unfinished changes are found by their age", |stores| Box::pin(unfinished(stores))),
    ("the youngest title stays", |stores| Box::pin(titles(stores))),
    ("a conversation that is gone is never made again", |stores| Box::pin(gone(stores))),
    ("members come in pages", |stores| Box::pin(pages(stores))),
];

/// A group, and a person with a device in it besides its owner.
async fn choir(stores: &Stores) -> (ConversationId, Person, Person) {
    let (owner, singer) = (Person::with_devices(1), Person::with_devices(1));
    let new = group(id(), &[&owner, &singer]);
    assert!(stores.conversations.create(&new).await.unwrap());
    (new.id, owner, singer)
}

fn change(conversation: ConversationId, op: Op, user: &Person, by: &Person) -> Change {
    Change {
        conversation,
        user: user.user,
        op,
        role: Role::Member,
        was: Role::Member,
        by: by.user,
        entry: id(),
        digest: [3; 32],
        at: now(),
    }
}

async fn begun(stores: &Stores, change: &Change, person: &Person) -> Change {
    match stores.changes.begin(change, &person.devices).await.unwrap() {
        Begun::Yes(change) => change,
        other => panic!("{other:?}"),
    }
}

async fn count(stores: &Stores, id: ConversationId) -> u32 {
    stores.conversations.get(id).await.unwrap().unwrap().member_count
}

async fn joins(stores: Stores) {
    let (conversation, owner, singer) = choir(&stores).await;
    let acks = [owner.owner(0), singer.owner(0)].map(|owner| Ack { owner, seq: 4 });
    stores.delivery.acknowledge(conversation, &acks).await.unwrap();
    for devices in [0, 2] {
        let new = Person::with_devices(devices);
        let before = count(&stores, conversation).await;
        let change = change(conversation, Op::Joined, &new, &owner);
        assert_eq!(begun(&stores, &change, &new).await, change);
        let member = stores.conversations.member(conversation, new.user).await.unwrap().unwrap();
        assert_eq!((member.role, member.joined_at), (Role::Member, change.at));
        let view = stores.conversations.membership(new.user, conversation).await.unwrap();
        assert_eq!(view.map(|view| (view.read_seq, view.read_count)), Some((0, 0)));
        for device in 0..devices {
            let cursors =
                stores.delivery.cursors(new.owner(device), &[conversation]).await.unwrap();
            assert_eq!(cursors.get(&conversation), Some(&4), "at the floor");
        }
        assert_eq!(begun(&stores, &change, &new).await, change, "a repeat carries on");
        assert_eq!(
            stores.changes.pending(conversation, new.user).await.unwrap(),
            Some(change.clone())
        );
        assert_eq!(stores.changes.finish(&change, 5).await.unwrap(), None);
        assert_eq!(stores.changes.pending(conversation, new.user).await.unwrap(), None);
        assert_eq!(count(&stores, conversation).await, before + 1);
        let again = stores.changes.begin(&change, &new.devices).await.unwrap();
        assert_eq!(again, Begun::Nothing);
    }
    // A placeholder holds the floor for the one without a device.
    let acks = acks.map(|ack| Ack { seq: 9, ..ack });
    let progress = stores.delivery.acknowledge(conversation, &acks).await.unwrap();
    assert_eq!(progress.map(|progress| progress.floor), Some(4));
}

async fn leaves(stores: Stores) {
    let (conversation, owner, singer) = choir(&stores).await;
    let tenor = Person::with_devices(2);
    let join = begun(&stores, &change(conversation, Op::Joined, &tenor, &owner), &tenor).await;
    stores.changes.finish(&join, 1).await.unwrap();
    let acks = [owner.owner(0), singer.owner(0)].map(|owner| Ack { owner, seq: 7 });
    let progress = stores.delivery.acknowledge(conversation, &acks).await.unwrap();
    assert_eq!(progress, Some(relay(0, 0)));

    let wrote = Counted {
        id: conversation,
        head: Head { seq: 7, count: 6, mseq: 1 },
        wrote: vec![(tenor.user, 7, 6)],
    };
    stores.conversations.count(&[wrote], now()).await.unwrap();
    let leave = begun(&stores, &change(conversation, Op::Removed, &tenor, &owner), &tenor).await;
    assert_eq!(leave.role, Role::Member);
    let store = &stores.conversations;
    assert_eq!(store.member(conversation, tenor.user).await.unwrap(), None);
    assert_eq!(store.membership(tenor.user, conversation).await.unwrap(), None);
    assert!(store.conversations_of(tenor.user, 10).await.unwrap().is_empty());
    assert_eq!(store.members(conversation, None, 10).await.unwrap().len(), 2);
    let progress = stores.delivery.progress(conversation).await.unwrap().unwrap();
    assert_eq!(progress.floor, 0, "its cursors go after the entry");

    let progress = stores.changes.finish(&leave, 8).await.unwrap();
    assert_eq!(progress, Some(relay(7, 0)));
    assert!(
        stores
            .delivery
            .unfinished(None, 1_000)
            .await
            .unwrap()
            .iter()
            .any(|(id, _)| *id == conversation)
    );
    let cursors = stores.delivery.cursors(tenor.owner(1), &[conversation]).await.unwrap();
    assert!(cursors.is_empty());
    assert_eq!(count(&stores, conversation).await, 2);
    assert_eq!(stores.changes.everyone(conversation, 10).await.unwrap().len(), 2);
    let again = stores.changes.begin(&leave, &[]).await.unwrap();
    assert_eq!(again, Begun::Nothing, "nobody is there to leave");
    begun(&stores, &change(conversation, Op::Joined, &tenor, &owner), &tenor).await;
    let view = store.membership(tenor.user, conversation).await.unwrap();
    let read = view.map(|view| (view.read_seq, view.read_count));
    assert_eq!(read, Some((0, 0)), "who went can come back, and nothing is left of them");
}

async fn role(stores: Stores) {
    let (conversation, owner, singer) = choir(&stores).await;
    let promote = Change { role: Role::Admin, ..change(conversation, Op::Role, &singer, &owner) };
    let started = begun(&stores, &promote, &singer).await;
    assert_eq!((started.role, started.was), (Role::Admin, Role::Member));
    let role = async || {
        stores.conversations.member(conversation, singer.user).await.unwrap().unwrap().role
    };
    assert_eq!(role().await, Role::Admin);
    assert_eq!(begun(&stores, &promote, &singer).await, started);
    stores.changes.finish(&started, 3).await.unwrap();
    assert_eq!((role().await, count(&stores, conversation).await), (Role::Admin, 2));
    let again = Change { entry: id(), ..promote };
    assert_eq!(stores.changes.begin(&again, &[]).await.unwrap(), Begun::Nothing);
    let stranger = Person::with_devices(0);
    let nobody = change(conversation, Op::Role, &stranger, &owner);
    assert_eq!(stores.changes.begin(&nobody, &[]).await.unwrap(), Begun::Nothing);
}

async fn undone(stores: Stores) {
    let (conversation, owner, singer) = choir(&stores).await;
    stores.conversations.raise_read(singer.user, conversation, 6, 5).await.unwrap();
    let before = stores.conversations.members(conversation, None, 10).await.unwrap();
    let tenor = Person::with_devices(1);
    let changes = [
        (change(conversation, Op::Joined, &tenor, &owner), &tenor),
        (change(conversation, Op::Removed, &singer, &owner), &singer),
        (Change { role: Role::Owner, ..change(conversation, Op::Role, &singer, &owner) }, &singer),
    ];
    for (change, person) in changes {
        let started = begun(&stores, &change, person).await;
        stores.changes.undo(&started).await.unwrap();
        stores.changes.undo(&started).await.unwrap();
        let after = stores.conversations.members(conversation, None, 10).await.unwrap();
        assert_eq!(after, before, "{:?}", change.op);
        assert_eq!(stores.changes.pending(conversation, person.user).await.unwrap(), None);
        assert_eq!(stores.changes.finish(&started, 9).await.unwrap(), None);
    }
    assert_eq!(count(&stores, conversation).await, 2);
    let view = stores.conversations.membership(singer.user, conversation).await.unwrap().unwrap();
    assert_eq!((view.read_seq, view.read_count), (6, 5));
    let cursors = stores.delivery.cursors(tenor.owner(0), &[conversation]).await.unwrap();
    assert!(cursors.is_empty(), "nobody who never came holds content");
}

async fn one_at_a_time(stores: Stores) {
    let (conversation, owner, singer) = choir(&stores).await;
    let tenor = Person::with_devices(1);
    for op in [Op::Joined, Op::Removed] {
        let person = if op == Op::Joined { &tenor } else { &singer };
        let tries = (0..10).map(|_| {
            let (stores, devices) = (stores.clone(), person.devices.clone());
            let change = change(conversation, op, person, &owner);
            tokio::spawn(async move { stores.changes.begin(&change, &devices).await.unwrap() })
        });
        let begun = join_all(tries).await;
        let busy = begun.iter().filter(|begun| *begun.as_ref().unwrap() == Begun::Busy).count();
        assert_eq!(busy, 9, "{begun:?}");
    }
}

async fn finished(stores: Stores) {
    let (conversation, owner, singer) = choir(&stores).await;
    let leave = begun(&stores, &change(conversation, Op::Left, &singer, &singer), &singer).await;
    stores.changes.finish(&leave, 2).await.unwrap();
    let back = begun(&stores, &change(conversation, Op::Joined, &singer, &owner), &singer).await;
    // Whoever was slow with the first one does no harm to the second.
    assert_eq!(stores.changes.finish(&leave, 2).await.unwrap(), None);
    stores.changes.undo(&leave).await.unwrap();
    assert_eq!(
        stores.changes.pending(conversation, singer.user).await.unwrap(),
        Some(back.clone())
    );
    stores.changes.finish(&back, 3).await.unwrap();
    let cursors = stores.delivery.cursors(singer.owner(0), &[conversation]).await.unwrap();
    assert!(cursors.contains_key(&conversation));
    assert_eq!(count(&stores, conversation).await, 2);
}

async fn unfinished(stores: Stores) {
    let (conversation, owner, singer) = choir(&stores).await;
    let leave = change(conversation, Op::Left, &singer, &singer);
    let turn = turn(conversation, &owner, Fate::Title("Band".to_owned()));
    let leave = begun(&stores, &leave, &singer).await;
    assert_eq!(stores.changes.begin_turn(&turn).await.unwrap(), Begun::Yes(turn.clone()));
    let find = async |before| {
        let changes = stores.changes.unfinished(before, 10_000).await.unwrap();
        let turns = stores.changes.unfinished_turns(before, 10_000).await.unwrap();
        (changes.contains(&leave), turns.contains(&turn))
    };
    assert_eq!(find(leave.at.min(turn.at)).await, (false, false));
    let later = leave.at.max(turn.at).plus(Duration::from_millis(1));
    assert_eq!(find(later).await, (true, true));
    stores.changes.finish(&leave, 1).await.unwrap();
    stores.changes.finish_turn(&turn, 2).await.unwrap();
    assert_eq!(find(later).await, (false, false));
}

fn turn(conversation: ConversationId, by: &Person, fate: Fate) -> Turn {
    Turn { conversation, fate, by: by.user, entry: id(), digest: [4; 32], at: now() }
}

async fn titles(stores: Stores) {
    let (conversation, owner, _) = choir(&stores).await;
    let named = |title: &str| turn(conversation, &owner, Fate::Title(title.to_owned()));
    let title =
        async || stores.conversations.get(conversation).await.unwrap().unwrap().title.unwrap();
    assert_eq!(title().await, "Choir");
    let (band, duo) = (named("Band"), named("Duo"));
    assert_eq!(stores.changes.begin_turn(&band).await.unwrap(), Begun::Yes(band.clone()));
    assert_eq!(stores.changes.begin_turn(&band).await.unwrap(), Begun::Yes(band.clone()));
    assert_eq!(stores.changes.begin_turn(&duo).await.unwrap(), Begun::Busy);
    assert_eq!(title().await, "Choir", "not before its entry");
    stores.changes.finish_turn(&band, 7).await.unwrap();
    assert_eq!(title().await, "Band");
    assert_eq!(stores.changes.begin_turn(&duo).await.unwrap(), Begun::Yes(duo.clone()));
    stores.changes.undo_turn(&duo).await.unwrap();
    stores.changes.finish_turn(&duo, 6).await.unwrap();
    assert_eq!(title().await, "Band", "an older one comes too late");
    let missing = turn(id(), &owner, Fate::Title("x".to_owned()));
    assert_eq!(stores.changes.begin_turn(&missing).await.unwrap(), Begun::Nothing);
}

async fn gone(stores: Stores) {
    let (conversation, owner, singer) = choir(&stores).await;
    let title = turn(conversation, &owner, Fate::Title("Band".to_owned()));
    stores.changes.begin_turn(&title).await.unwrap();
    let end = turn(conversation, &owner, Fate::Gone);
    assert_eq!(stores.changes.begin_turn(&end).await.unwrap(), Begun::Yes(end.clone()));
    assert_eq!(stores.changes.begin_turn(&end).await.unwrap(), Begun::Yes(end.clone()));
    let another = turn(conversation, &owner, Fate::Gone);
    assert_eq!(stores.changes.begin_turn(&another).await.unwrap(), Begun::Nothing);
    assert_eq!(stores.conversations.get(conversation).await.unwrap(), None);
    assert!(stores.conversations.get_many(&[conversation]).await.unwrap().is_empty());
    stores.changes.finish_turn(&title, 3).await.unwrap();

    let mut people = stores.changes.everyone(conversation, 10).await.unwrap();
    people.sort_unstable();
    let mut both = vec![owner.user, singer.user];
    both.sort_unstable();
    assert_eq!(people, both);
    stores.changes.clear(conversation, &people).await.unwrap();
    assert!(stores.changes.everyone(conversation, 10).await.unwrap().is_empty());
    assert!(stores.conversations.conversations_of(singer.user, 10).await.unwrap().is_empty());
    stores.changes.finish_turn(&end, 4).await.unwrap();
    assert_eq!(stores.delivery.progress(conversation).await.unwrap(), None);
    assert_eq!(stores.changes.begin_turn(&end).await.unwrap(), Begun::Nothing);
    let new = group(conversation, &[&owner, &singer]);
    assert!(!stores.conversations.create(&new).await.unwrap());
    assert_eq!(stores.conversations.get(conversation).await.unwrap(), None);
}

async fn pages(stores: Stores) {
    let people: Vec<Person> = (0..5).map(|_| Person::with_devices(0)).collect();
    let new = group(id(), &people.iter().collect::<Vec<_>>());
    assert!(stores.conversations.create(&new).await.unwrap());
    let all = stores.conversations.members(new.id, None, 10).await.unwrap();
    let mut users: Vec<_> = people.iter().map(|person| person.user).collect();
    users.sort_unstable();
    assert_eq!(all.iter().map(|member| member.user).collect::<Vec<_>>(), users);
    let owners = all.iter().filter(|member| member.role == Role::Owner);
    assert_eq!(owners.map(|member| member.user).collect::<Vec<_>>(), [people[0].user]);
    let first = stores.conversations.members(new.id, None, 2).await.unwrap();
    let rest = stores.conversations.members(new.id, Some(first[1].user), 10).await.unwrap();
    assert_eq!([first, rest].concat(), all);
    assert!(stores.conversations.members(new.id, Some(users[4]), 10).await.unwrap().is_empty());
    assert!(stores.conversations.members(new.id, None, 0).await.unwrap().is_empty());
    let found = stores.conversations.get(new.id).await.unwrap().unwrap();
    assert_eq!(
        (found.title.as_deref(), found.maker, found.member_count),
        (Some("Choir"), new.maker, 5)
    );
}

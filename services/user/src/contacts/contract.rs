//! What every adapter of [`Contacts`] must do.

use std::time::Duration;

use contracts::Relations;
use contracts::events::{ContactState, Event};
use futures::future::join_all;
use kernel::{ManualClock, SeededRandom, UserId};
use uuid::Uuid;

use super::rules::Refusal;
use super::store::{Answer, Change, Contact, Contacts, List, Most, Place, Side, Standing, Wanted};
use super::{MongoContacts, SqliteContacts};
use crate::accounts::{Accounts, MongoAccounts, SqliteAccounts};
use crate::outbox::{Cause, MongoOutbox, Outbox, SqliteOutbox};
use crate::testing::{self, START, sign_in, user};

use Change::{Accept, Block, Remove, Request, Unblock};
use Standing::{Accepted, Blocked, Incoming, Outgoing};

const MOST: Most = Most { contacts: 100, requests: 100, blocks: 100 };

/// The ports that the cases need.
struct Under<'a> {
    contacts: &'a dyn Contacts,
    accounts: &'a dyn Accounts,
    outbox: &'a dyn Outbox,
    clock: ManualClock,
    random: SeededRandom,
}

impl Under<'_> {
    async fn people<const N: usize>(&self, first: u128) -> [UserId; N] {
        let mut people = [user(0); N];
        for (n, person) in (first..).zip(&mut people) {
            let came = self.accounts.sign_in(sign_in(&format!("p{n}@example.org"), n, None)).await;
            *person = came.unwrap().user.id;
        }
        people
    }

    /// Each thing happens a second after the one before.
    fn wanted(&self, user: UserId, change: Change, other: UserId) -> Wanted {
        self.clock.advance(Duration::from_secs(1));
        let cause = Cause::new(&self.clock, &self.random);
        Wanted { user, other, change, key: None, most: MOST, cause }
    }

    async fn change(&self, wanted: Wanted) -> Answer {
        self.contacts.change(wanted).await.unwrap()
    }

    /// Done; whether it changed anything.
    async fn act(&self, user: UserId, change: Change, other: UserId) -> bool {
        match self.change(self.wanted(user, change, other)).await {
            Answer::Done(made) => made.changed,
            Answer::Refused(refusal) => panic!("{change:?}: {refusal:?}"),
        }
    }

    async fn refused(&self, user: UserId, change: Change, other: UserId) -> Refusal {
        match self.change(self.wanted(user, change, other)).await {
            Answer::Refused(refusal) => refusal,
            Answer::Done(made) => panic!("{change:?}: {made:?}"),
        }
    }

    async fn side(&self, user: UserId, other: UserId) -> Side {
        self.contacts.side(user, other).await.unwrap()
    }

    async fn standings(&self, one: UserId, two: UserId) -> [Option<Standing>; 2] {
        [self.side(one, two).await.standing, self.side(two, one).await.standing]
    }

    async fn ids(&self, user: UserId, list: List) -> Vec<UserId> {
        let page = self.contacts.list(user, list, None, 1_000).await.unwrap();
        page.into_iter().map(|contact| contact.other).collect()
    }

    /// What was told since it was last asked: as whom to see it, about whom, and what.
    async fn told(&self) -> Vec<(UserId, UserId, String)> {
        let mut told = Vec::new();
        for message in self.outbox.waiting(1_000).await.unwrap() {
            self.outbox.remove(message.id).await.unwrap();
            match Event::decode(&message.topic, &message.payload).unwrap() {
                Event::UserBlocked(event) => told.push((event.user, event.other, "blocked".into())),
                Event::UserUnblocked(event) => {
                    told.push((event.user, event.other, "unblocked".into()));
                }
                Event::ContactChanged(event) => {
                    let state = event.state.map_or("nothing", |state| match state {
                        ContactState::Outgoing => "outgoing",
                        ContactState::Incoming => "incoming",
                        ContactState::Accepted => "accepted",
                    });
                    told.push((event.user, event.other, state.to_owned()));
                }
                other => panic!("{other:?}"),
            }
        }
        told
    }
}

async fn both_sides_go_together(under: &Under<'_>) {
    let [ada, eve] = under.people(10).await;
    assert_eq!(under.side(ada, eve).await, Side::default());
    let told = |who: UserId, other, what: &str| (who, other, what.to_owned());

    assert!(under.act(ada, Request, eve).await);
    assert_eq!(under.standings(ada, eve).await, [Some(Outgoing), Some(Incoming)]);
    let events = under.told().await;
    assert_eq!(events, [told(ada, eve, "outgoing"), told(eve, ada, "incoming")]);
    assert!(!under.act(ada, Request, eve).await);
    assert_eq!(under.refused(ada, Accept, eve).await, Refusal::NoRequest);
    assert_eq!(under.told().await, [], "nothing happened");

    assert!(under.act(eve, Accept, ada).await);
    assert_eq!(under.standings(ada, eve).await, [Some(Accepted); 2]);
    let events = under.told().await;
    assert_eq!(events, [told(eve, ada, "accepted"), told(ada, eve, "accepted")]);
    assert_eq!(under.side(ada, eve).await.since, under.side(eve, ada).await.since);

    assert!(under.act(ada, Remove, eve).await);
    assert_eq!(under.side(ada, eve).await, Side::default(), "nothing is kept");
    assert_eq!(under.side(eve, ada).await, Side::default());
    let events = under.told().await;
    assert_eq!(events, [told(ada, eve, "nothing"), told(eve, ada, "nothing")]);
    assert!(!under.act(ada, Remove, eve).await);

    assert!(under.act(ada, Request, eve).await);
    assert!(under.act(eve, Request, ada).await, "who asks back accepts");
    assert_eq!(under.standings(ada, eve).await, [Some(Accepted); 2]);
    under.told().await;
}

async fn a_block_is_the_blockers_alone(under: &Under<'_>) {
    let [ada, eve] = under.people(20).await;
    let told = |who: UserId, other, what: &str| (who, other, what.to_owned());
    under.act(ada, Request, eve).await;
    under.act(eve, Accept, ada).await;
    under.told().await;
    assert!(under.act(ada, Block, eve).await);
    assert!(!under.act(ada, Block, eve).await);
    assert_eq!(under.told().await, [told(ada, eve, "blocked")]);
    assert_eq!(under.standings(ada, eve).await, [Some(Blocked), Some(Accepted)]);
    assert!(under.side(eve, ada).await.blocked_by && !under.side(ada, eve).await.blocked_by);
    assert_eq!(under.ids(eve, List::Contacts).await, [ada]);
    assert_eq!(under.ids(eve, List::Blocked).await, []);
    assert_eq!(under.ids(ada, List::Contacts).await, []);
    assert_eq!(under.ids(ada, List::Blocked).await, [eve]);

    assert_eq!(under.refused(ada, Request, eve).await, Refusal::Blocking);
    assert!(under.act(eve, Remove, ada).await);
    assert!(under.act(eve, Request, ada).await);
    assert_eq!(under.standings(ada, eve).await, [Some(Blocked), Some(Outgoing)]);
    assert_eq!(under.ids(ada, List::Pending).await, []);
    let events = under.told().await;
    assert_eq!(events, [told(eve, ada, "nothing"), told(eve, ada, "outgoing")]);

    assert!(under.act(ada, Unblock, eve).await);
    assert!(!under.act(ada, Unblock, eve).await);
    assert_eq!(under.side(ada, eve).await, Side::default(), "nothing is restored");
    assert_eq!(under.side(eve, ada).await, Side::default());
    let events = under.told().await;
    assert_eq!(events, [told(ada, eve, "unblocked"), told(eve, ada, "nothing")]);
}

async fn relations_are_one_persons(under: &Under<'_>) {
    let [ada, bob, cid, dan, eve] = under.people(30).await;
    for other in [bob, cid] {
        under.act(ada, Request, other).await;
        under.act(other, Accept, ada).await;
    }
    under.act(cid, Block, ada).await;
    under.act(dan, Block, ada).await;
    under.act(ada, Block, dan).await;
    under.act(ada, Block, eve).await;
    let [fay] = under.people(39).await;
    under.act(ada, Request, fay).await;
    let sorted = |mut relations: Relations| {
        for list in [&mut relations.contacts, &mut relations.blocked, &mut relations.blocked_by] {
            list.sort_unstable();
        }
        relations
    };
    let of = async |user| sorted(under.contacts.relations(user).await.unwrap());
    let expected =
        Relations { contacts: vec![bob, cid], blocked: vec![dan, eve], blocked_by: vec![cid, dan] };
    assert_eq!(of(ada).await, expected);
    let expected = Relations { blocked: vec![ada], ..Relations::default() };
    assert_eq!(of(cid).await, expected);
    assert_eq!(of(fay).await, Relations::default());
    assert_eq!(of(user(9_999)).await, Relations::default());
    under.told().await;
}

async fn lists_go_on_where_they_ended(under: &Under<'_>) {
    let [ada] = under.people(40).await;
    let others: [UserId; 7] = under.people(41).await;
    let mut expected = Vec::new();
    for (n, other) in others.into_iter().enumerate() {
        let (asks, asked) = if n % 2 == 0 { (ada, other) } else { (other, ada) };
        let mut wanted = under.wanted(asks, Request, asked);
        // Three of one moment.
        wanted.cause.at = START.plus(Duration::from_secs(500 + [0, 1, 1, 1, 2, 3, 4][n]));
        let at = wanted.cause.at;
        under.change(wanted).await;
        let standing = if n % 2 == 0 { Outgoing } else { Incoming };
        expected.push(Contact { other, standing, since: at });
    }
    expected.sort_by_key(|contact| std::cmp::Reverse((contact.since, contact.other)));
    for limit in 1..=8 {
        let mut found: Vec<Contact> = Vec::new();
        loop {
            let last = found.last();
            let after = last.map(|last| Place { since: last.since, other: last.other });
            let page = under.contacts.list(ada, List::Pending, after, limit).await.unwrap();
            if page.is_empty() {
                break;
            }
            assert!(page.len() <= limit as usize);
            found.extend(page);
        }
        assert_eq!(found, expected, "{limit} at a time");
    }
    assert_eq!(under.ids(ada, List::Contacts).await, []);
    assert_eq!(under.ids(ada, List::Blocked).await, []);
    assert_eq!(under.ids(others[0], List::Pending).await, [ada]);
    under.told().await;
}

async fn limits_are_kept(under: &Under<'_>) {
    let [ada, bob, cid, dan] = under.people(50).await;
    let most = Most { contacts: 2, requests: 1, blocks: 1 };
    let limited = async |user, change, other| {
        under.change(Wanted { most, ..under.wanted(user, change, other) }).await
    };
    let done = |answer| matches!(answer, Answer::Done(_));
    assert!(done(limited(ada, Request, bob).await));
    assert_eq!(limited(cid, Request, bob).await, Answer::Refused(Refusal::RequestsFull));
    assert!(done(limited(ada, Request, bob).await), "asked before");
    assert!(done(limited(ada, Request, cid).await));
    assert_eq!(limited(ada, Request, dan).await, Answer::Refused(Refusal::ContactsFull));
    assert!(done(limited(bob, Accept, ada).await));
    assert_eq!(limited(ada, Request, dan).await, Answer::Refused(Refusal::ContactsFull));
    assert!(done(limited(ada, Remove, cid).await));
    assert!(done(limited(ada, Request, dan).await), "there is room again");
    assert!(done(limited(ada, Block, bob).await));
    assert_eq!(limited(ada, Block, cid).await, Answer::Refused(Refusal::BlocksFull));
    assert_eq!(under.side(cid, ada).await, Side::default(), "a refusal writes nothing");
    under.told().await;
}

async fn a_key_gets_its_first_answer(under: &Under<'_>) {
    let [ada, bob, cid] = under.people(60).await;
    let key = Uuid::from_u128(60);
    let keyed = |user, other, key| Wanted { key: Some(key), ..under.wanted(user, Request, other) };
    let first = under.change(keyed(ada, bob, key)).await;
    assert!(matches!(first, Answer::Done(made) if made.changed));
    under.told().await;
    under.act(bob, Accept, ada).await;
    under.act(bob, Remove, ada).await;
    under.told().await;
    assert_eq!(under.change(keyed(ada, bob, key)).await, first, "whatever happened since");
    assert_eq!(under.standings(ada, bob).await, [None, None], "and it is not made again");
    assert_eq!(under.told().await, []);
    let taken = Answer::Refused(Refusal::KeyTaken);
    assert_eq!(under.change(keyed(ada, cid, key)).await, taken);
    assert_eq!(under.contacts.answered(bob, key).await.unwrap(), None, "another's key");
    assert!(matches!(under.change(keyed(bob, cid, key)).await, Answer::Done(_)));
    let answered = under.contacts.answered(ada, key).await.unwrap().unwrap();
    assert_eq!((answered.other, Answer::Done(answered.made)), (bob, first));

    let refused = Uuid::from_u128(61);
    under.act(ada, Block, cid).await;
    let blocking = Answer::Refused(Refusal::Blocking);
    assert_eq!(under.change(keyed(ada, cid, refused)).await, blocking);
    assert_eq!(under.contacts.answered(ada, refused).await.unwrap(), None);
    under.act(ada, Unblock, cid).await;
    assert!(matches!(under.change(keyed(ada, cid, refused)).await, Answer::Done(_)));

    let at_once = Uuid::from_u128(62);
    under.told().await;
    let same = (0..8).map(|_| under.change(keyed(ada, bob, at_once)));
    let answers = join_all(same).await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(under.told().await.len(), 2, "made once");
}

async fn changes_at_once_see_each_other_whole(under: &Under<'_>) {
    let [ada] = under.people(70).await;
    for n in 0..6 {
        let [other] = under.people(71 + n).await;
        let asks = (0..6).map(|n| {
            let (user, whom) = if n % 2 == 0 { (ada, other) } else { (other, ada) };
            under.act(user, Request, whom)
        });
        let changed = join_all(asks).await.into_iter().filter(|changed| *changed).count();
        assert_eq!(changed, 2, "one asked and one accepted");
        assert_eq!(under.standings(ada, other).await, [Some(Accepted); 2]);
    }
    for n in 0..12 {
        let [other] = under.people(80 + n).await;
        let (block, ask) = (under.act(ada, Block, other), under.act(other, Request, ada));
        let (blocked, asked) = futures::join!(block, ask);
        assert!(blocked && asked);
        assert_eq!(under.standings(ada, other).await, [Some(Blocked), Some(Outgoing)]);
        assert!(under.side(other, ada).await.blocked_by);
        let (unblock, ask) = (under.act(ada, Unblock, other), under.act(other, Request, ada));
        futures::join!(unblock, ask);
        let standings = under.standings(ada, other).await;
        let either = [[None, None], [Some(Incoming), Some(Outgoing)]];
        assert!(either.contains(&standings), "{standings:?}");
        assert!(!under.side(other, ada).await.blocked_by);
    }
    under.told().await;
}

/// The ids of events follow from their cause, so a change with a cause that has told the same before cannot be told.
async fn what_cannot_be_told_is_not_done(under: &Under<'_>) {
    let [ada, eve] = under.people(100).await;
    let wanted = under.wanted(ada, Request, eve);
    under.change(wanted.clone()).await;
    under.act(ada, Remove, eve).await;
    let waiting = under.outbox.waiting(1_000).await.unwrap();
    let key = Some(Uuid::from_u128(100));
    under.contacts.change(Wanted { key, ..wanted }).await.unwrap_err();
    assert_eq!(under.side(ada, eve).await, Side::default());
    assert_eq!(under.side(eve, ada).await, Side::default());
    assert_eq!(under.contacts.answered(ada, Uuid::from_u128(100)).await.unwrap(), None);
    assert_eq!(under.outbox.waiting(1_000).await.unwrap(), waiting);
    under.told().await;
}

async fn suite(contacts: &dyn Contacts, accounts: &dyn Accounts, outbox: &dyn Outbox) {
    let (clock, random) = (ManualClock::new(START), SeededRandom::new(1));
    let under = Under { contacts, accounts, outbox, clock, random };
    both_sides_go_together(&under).await;
    a_block_is_the_blockers_alone(&under).await;
    relations_are_one_persons(&under).await;
    lists_go_on_where_they_ended(&under).await;
    limits_are_kept(&under).await;
    a_key_gets_its_first_answer(&under).await;
    changes_at_once_see_each_other_whole(&under).await;
    what_cannot_be_told_is_not_done(&under).await;
}

#[tokio::test]
async fn sqlite_keeps_contacts() {
    let (_folder, database) = testing::database().await;
    let (accounts, outbox) = (SqliteAccounts(database.clone()), SqliteOutbox(database.clone()));
    suite(&SqliteContacts(database), &accounts, &outbox).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mongo_keeps_contacts() {
    let mongo = testing::mongo().await;
    let (accounts, outbox) = (MongoAccounts(mongo.clone()), MongoOutbox(mongo.clone()));
    suite(&MongoContacts(mongo), &accounts, &outbox).await;
}

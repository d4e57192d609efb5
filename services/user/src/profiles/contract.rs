//! What every adapter of [`Profiles`] must do.

use contracts::{Discretion, Profile};
use futures::future::join_all;
use kernel::{ManualClock, SeededRandom, UserId};

use super::{Changed, Edit, MongoProfiles, ProfileChange, Profiles, Search, SqliteProfiles};
use crate::accounts::{Accounts, MongoAccounts, SqliteAccounts};
use crate::outbox::{Cause, MongoOutbox, Outbox, SqliteOutbox};
use crate::preferences::{Preferences, PreferencesChange, WhoMay};
use crate::testing::{self, START, sign_in, user};

/// The ports that the cases need.
struct Under<'a> {
    profiles: &'a dyn Profiles,
    accounts: &'a dyn Accounts,
    outbox: &'a dyn Outbox,
    random: SeededRandom,
}

impl Under<'_> {
    async fn new_user(&self, n: u128) -> UserId {
        let address = format!("p{n}@example.org");
        self.accounts.sign_in(sign_in(&address, n, None)).await.unwrap().user.id
    }

    async fn change(&self, user: UserId, change: ProfileChange) -> Changed {
        self.profiles.change(user, change, &self.cause()).await.unwrap()
    }

    fn cause(&self) -> Cause {
        Cause::new(&ManualClock::new(START), &self.random)
    }

    async fn call(&self, user: UserId, name: &str) {
        let change = ProfileChange { name: set(name), ..ProfileChange::default() };
        assert!(matches!(self.change(user, change).await, Changed::Done(_)));
    }

    async fn found(&self, prefixes: &[&str], after: Option<UserId>, limit: u32) -> Vec<UserId> {
        let prefixes = prefixes.iter().map(|prefix| (*prefix).to_owned()).collect();
        let found = self.profiles.search(&Search { prefixes, after, limit }).await.unwrap();
        found.into_iter().map(|profile| profile.id).collect()
    }

    async fn profile(&self, user: UserId) -> Profile {
        self.profiles.people(&[user]).await.unwrap()[0].profile.clone()
    }
}

fn set(text: &str) -> Edit {
    Edit::Set(text.to_owned())
}

fn username(text: &str) -> ProfileChange {
    ProfileChange { username: set(text), ..ProfileChange::default() }
}

async fn only_what_is_given_changes(under: &Under<'_>) {
    let ada = under.new_user(10).await;
    let change =
        ProfileChange { name: set("Ada"), username: set("ada.10"), bio: set("counts\nnumbers") };
    let Changed::Done(after) = under.change(ada, change).await else { panic!("not changed") };
    assert_eq!(after, under.profile(ada).await);
    let change = ProfileChange { bio: Edit::Clear, ..ProfileChange::default() };
    under.change(ada, change).await;
    assert_eq!(under.profile(ada).await, Profile { bio: None, ..after.clone() });
    assert_eq!(under.change(user(99), username("nobody")).await, Changed::NoSuchUser);
    assert_eq!(under.profiles.people(&[ada, ada, user(99)]).await.unwrap().len(), 1);
}

async fn a_change_is_told_and_nothing_is_not(under: &Under<'_>) {
    let ada = under.new_user(20).await;
    let waiting = async || under.outbox.waiting(1_000).await.unwrap().len();
    let before = waiting().await;
    under.change(ada, username("ada.20")).await;
    assert_eq!(waiting().await, before + 1);
    let same = under.change(ada, username("ada.20")).await;
    assert!(matches!(same, Changed::Done(_)), "{same:?}");
    under.change(ada, ProfileChange::default()).await;
    assert_eq!(waiting().await, before + 1);
}

async fn a_username_has_one_owner(under: &Under<'_>) {
    let mut people = Vec::new();
    for n in 30..38 {
        people.push(under.new_user(n).await);
    }
    let at_once = people.iter().map(|user| under.change(*user, username("wanted")));
    let answers = join_all(at_once).await;
    let won = answers.iter().filter(|answer| matches!(answer, Changed::Done(_))).count();
    let lost = answers.iter().filter(|answer| **answer == Changed::UsernameTaken).count();
    assert_eq!((won, lost), (1, 7), "{answers:?}");
    let owner = answers.iter().position(|answer| matches!(answer, Changed::Done(_))).unwrap();
    let next = people[(owner + 1) % 8];
    assert_eq!(under.profile(next).await.username, None);
    under.change(people[owner], username("another")).await;
    assert!(matches!(under.change(next, username("wanted")).await, Changed::Done(_)));
    let change = ProfileChange { username: Edit::Clear, ..ProfileChange::default() };
    under.change(next, change).await;
    assert!(matches!(under.change(people[owner], username("wanted")).await, Changed::Done(_)));
}

async fn people_are_found_by_the_beginnings_of_words(under: &Under<'_>) {
    let ada = under.new_user(40).await;
    let bob = under.new_user(41).await;
    under.call(ada, "Ada Quentin Lovelace").await;
    under.change(ada, username("zz_countess")).await;
    under.call(bob, "Bob QUENZEL").await;
    assert_eq!(under.found(&["quen"], None, 9).await, [ada, bob]);
    assert_eq!(under.found(&["quent"], None, 9).await, [ada]);
    assert_eq!(under.found(&["quen", "bo"], None, 9).await, [bob]);
    assert_eq!(under.found(&["zz_c"], None, 9).await, [ada]);
    assert_eq!(under.found(&["uentin"], None, 9).await, []);
    assert_eq!(under.found(&["quen", "zzz"], None, 9).await, []);
    assert_eq!(under.found(&["%"], None, 9).await, []);
    assert_eq!(under.found(&[".*"], None, 9).await, []);
    assert_eq!(under.found(&["quen"], None, 1).await, [ada]);
    assert_eq!(under.found(&["quen"], Some(ada), 9).await, [bob]);
    under.call(ada, "Someone Else").await;
    assert_eq!(under.found(&["quen"], None, 9).await, [bob]);
}

async fn an_address_finds_only_those_who_allow_it(under: &Under<'_>) {
    let ada = under.new_user(50).await;
    let by = async |address| under.profiles.by_address(address).await.unwrap();
    assert_eq!(by("p50@example.org").await, None);
    let choice =
        PreferencesChange { discoverable_by_mail: Some(true), ..PreferencesChange::default() };
    assert!(under.profiles.prefer(ada, choice, &under.cause()).await.unwrap());
    assert_eq!(by("p50@example.org").await.map(|found| found.id), Some(ada));
    assert_eq!(by("p5@example.org").await, None);
    assert_eq!(by("nobody@example.org").await, None);
}

async fn choices_are_kept(under: &Under<'_>) {
    let ada = under.new_user(60).await;
    let read = async || under.profiles.people(&[ada]).await.unwrap()[0].preferences;
    assert_eq!(read().await, Preferences::default());
    let waiting = async || under.outbox.waiting(1_000).await.unwrap().len();
    let before = waiting().await;
    let some = PreferencesChange {
        read_receipts: Some(false),
        who_may_message_me: Some(WhoMay::Nobody),
        ..PreferencesChange::default()
    };
    assert!(under.profiles.prefer(ada, some, &under.cause()).await.unwrap());
    let others = PreferencesChange {
        last_seen: Some(false),
        discoverable_by_mail: Some(true),
        ..PreferencesChange::default()
    };
    assert!(under.profiles.prefer(ada, others, &under.cause()).await.unwrap());
    let chosen = Preferences {
        read_receipts: false,
        last_seen: false,
        discoverable_by_mail: true,
        who_may_message_me: WhoMay::Nobody,
    };
    assert_eq!(read().await, chosen, "neither undid the other");
    assert_eq!(waiting().await, before + 2, "each is told");
    let hidden = Discretion { hides_reads: true, hides_last_seen: true };
    assert_eq!(under.profile(ada).await.discretion, hidden);
    assert!(!under.profiles.prefer(user(99), some, &under.cause()).await.unwrap());
}

async fn suite(under: &Under<'_>) {
    only_what_is_given_changes(under).await;
    a_change_is_told_and_nothing_is_not(under).await;
    a_username_has_one_owner(under).await;
    people_are_found_by_the_beginnings_of_words(under).await;
    an_address_finds_only_those_who_allow_it(under).await;
    choices_are_kept(under).await;
}

#[tokio::test]
async fn sqlite_keeps_profiles() {
    let (_folder, database) = testing::database().await;
    let under = Under {
        profiles: &SqliteProfiles(database.clone()),
        accounts: &SqliteAccounts(database.clone()),
        outbox: &SqliteOutbox(database),
        random: SeededRandom::new(1),
    };
    suite(&under).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mongo_keeps_profiles() {
    let mongo = testing::mongo().await;
    let under = Under {
        profiles: &MongoProfiles(mongo.clone()),
        accounts: &MongoAccounts(mongo.clone()),
        outbox: &MongoOutbox(mongo),
        random: SeededRandom::new(1),
    };
    suite(&under).await;
}

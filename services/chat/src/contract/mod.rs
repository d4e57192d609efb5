//! One list of cases for each port, run against every adapter: what the documentation of the port promises.

mod changes;
mod conversations;
mod counting;
mod delivery;
mod entries;
mod epochs;
mod log;
mod log_race;
pub(crate) mod mongo;
mod opening;
mod reading;
mod sqlite;
mod turning;

use std::sync::Arc;

use futures::future::BoxFuture;
use kernel::{Clock, ConversationId, DeviceId, Id, SystemClock, SystemRandom, Timestamp, UserId};

use crate::conversations::changes::store::ChangeStore;
use crate::conversations::store::{ConversationStore, NewConversation, Party};
use crate::conversations::{Kind, Maker, Retention, Role};
use crate::delivery::store::{DeliveryStore, Owner, Progress};
use crate::epochs::store::EpochStore;
use crate::log::store::{EntryStore, LogStore};

/// The stores of one database, that other cases use too. A case keeps to ids of its own.
#[derive(Debug, Clone)]
struct Stores {
    conversations: Arc<dyn ConversationStore>,
    changes: Arc<dyn ChangeStore>,
    delivery: Arc<dyn DeliveryStore>,
    log: Arc<dyn LogStore>,
    /// The log as another instance sees it.
    elsewhere: Arc<dyn LogStore>,
    /// The log as an instance sees it that keeps no header.
    forgetful: Arc<dyn LogStore>,
    /// Single entries of the logs.
    entries: Arc<dyn EntryStore>,
    epochs: Arc<dyn EpochStore>,
}

type Case = (&'static str, fn(Stores) -> BoxFuture<'static, ()>);

async fn run(stores: &Stores, cases: &[Case]) {
    for (name, case) in cases {
        eprintln!("case: {name}");
        case(stores.clone()).await;
    }
}

/// How far a conversation stands that forgets what is delivered.
const fn relay(floor: u64, stripped_to: u64) -> Progress {
    Progress { floor, stripped_to, retention: Retention::Relay }
}

fn id<K>() -> Id<K> {
    Id::new_v7(now(), &SystemRandom)
}

/// A number that the environment may set for a longer run, or to repeat one; see `docs/reliability.md`.
pub(crate) fn asked(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

fn now() -> Timestamp {
    SystemClock::default().now()
}

/// A person with so many devices.
#[derive(Debug)]
struct Person {
    user: UserId,
    devices: Vec<DeviceId>,
}

impl Person {
    fn with_devices(count: usize) -> Self {
        Self { user: id(), devices: (0..count).map(|_| id()).collect() }
    }

    fn party(&self) -> Party {
        Party { user: self.user, role: Role::Member, devices: self.devices.clone() }
    }

    fn owner(&self, device: usize) -> Owner {
        Owner { user: self.user, device: self.devices[device] }
    }
}

fn direct(id: ConversationId, one: &Person, two: &Person) -> NewConversation {
    NewConversation {
        id,
        kind: Kind::Direct,
        title: None,
        parties: vec![one.party(), two.party()],
        retention: Retention::Relay,
        epoch: "1".to_owned(),
        maker: None,
        now: now(),
    }
}

/// Makes a conversation of the two.
async fn made(stores: &Stores, one: &Person, two: &Person) -> ConversationId {
    let new = direct(id(), one, two);
    assert!(stores.conversations.create(&new).await.unwrap());
    new.id
}

/// A group of these people, the first of whom owns it.
fn group(id: ConversationId, people: &[&Person]) -> NewConversation {
    let parties = people.iter().map(|person| person.party());
    let mut parties: Vec<Party> = parties.collect();
    parties[0].role = Role::Owner;
    NewConversation {
        id,
        kind: Kind::Group,
        title: Some("Choir".to_owned()),
        parties,
        retention: Retention::Relay,
        epoch: "1".to_owned(),
        maker: Some(Maker { user: people[0].user, digest: [5; 32] }),
        now: now(),
    }
}

//! The service over SQLite in a folder of its own, with a clock that stands still.

use std::sync::Arc;
use std::time::Duration;

use auth::{Issuer, Revocations, Sealer};
use bus::{Bus, Consumer, SqliteBus};
use contracts::events::{Event, SEND_OTP, SendOtp, TOPOLOGY};
use kernel::{DeviceId, Id, ManualClock, SeededRandom, SessionId, Timestamp, UserId};
use kv::{Kv, SqliteKv};
use settings::Settings;
use sqlite::Database;
use uuid::Uuid;

use crate::accounts::{MongoAccounts, Most, NewSession, SignIn, SqliteAccounts};
use crate::contacts::{MongoContacts, SqliteContacts};
use crate::outbox::{Cause, MongoOutbox, Nudge, SqliteOutbox};
use crate::pepper::Pepper;
use crate::ports::Ports;
use crate::profiles::SqliteProfiles;

pub(crate) const SEAL_KEY: [u8; 32] = [7; 32];

/// A database with the service's tables, gone with the folder.
pub(crate) async fn database() -> (tempfile::TempDir, Database) {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&folder.path().join("user.db")).unwrap();
    crate::sqlite::prepare(&database).await.unwrap();
    (folder, database)
}

/// The service, its clock and its outbox.
pub(crate) struct World {
    pub(crate) ports: Arc<Ports>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) outbox: SqliteOutbox,
    _folder: tempfile::TempDir,
}

/// A world with the default settings but for these.
pub(crate) async fn world(overrides: &[(&str, &str)]) -> World {
    build(overrides, None, None).await
}

/// A world whose short-lived keys are there.
pub(crate) async fn world_on_kv(kv: Arc<dyn Kv>) -> World {
    build(&[], Some(kv), None).await
}

/// A world whose bus is there.
pub(crate) async fn world_on_bus(bus: Arc<dyn Bus>) -> World {
    build(&[], None, Some(bus)).await
}

/// A world whose accounts are in MongoDB, and so are the events that they tell.
pub(crate) async fn world_on_mongo(overrides: &[(&str, &str)]) -> (World, MongoOutbox) {
    let mongo = mongo().await;
    let mut world = build(overrides, None, None).await;
    if let Some(ports) = Arc::get_mut(&mut world.ports) {
        ports.accounts = Arc::new(MongoAccounts(mongo.clone()));
        ports.contacts = Arc::new(MongoContacts(mongo.clone()));
    }
    (world, MongoOutbox(mongo))
}

async fn build(
    overrides: &[(&str, &str)],
    kv: Option<Arc<dyn Kv>>,
    bus: Option<Arc<dyn Bus>>,
) -> World {
    let (folder, database) = database().await;
    let overrides: Vec<_> =
        overrides.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    let clock = Arc::new(ManualClock::default());
    let own_kv = SqliteKv::new(database.clone(), "test", clock.clone()).await.unwrap();
    let own_bus = SqliteBus::new(database.clone(), "test", &TOPOLOGY, clock.clone()).await.unwrap();
    let kv = kv.unwrap_or_else(|| Arc::new(own_kv));
    let ttl = Duration::from_mins(15);
    let ports = Ports {
        accounts: Arc::new(SqliteAccounts(database.clone())),
        profiles: Arc::new(SqliteProfiles(database.clone())),
        contacts: Arc::new(SqliteContacts(database.clone())),
        revocations: Revocations::new(kv.clone(), ttl),
        kv,
        bus: bus.unwrap_or_else(|| Arc::new(own_bus)),
        nudge: Nudge::default(),
        issuer: Arc::new(Issuer::new([5; 32], "restante", "restante", ttl).unwrap()),
        pepper: Pepper::new(&[6; 32]),
        sealer: Sealer::new(SEAL_KEY).unwrap(),
        settings: Arc::new(Settings::load(None, [], &overrides).unwrap()),
        clock: clock.clone(),
        random: Arc::new(SeededRandom::new(1)),
    };
    World { ports: Arc::new(ports), clock, outbox: SqliteOutbox(database), _folder: folder }
}

impl World {
    /// Takes the mails that are to be sent.
    pub(crate) async fn mails(&self) -> Mails {
        Mails(self.ports.bus.consume(SEND_OTP, 1).await.unwrap())
    }
}

/// The mail service, as far as it is needed here.
pub(crate) struct Mails(Box<dyn Consumer>);

impl Mails {
    /// The next mail that is to be sent, and the code in it.
    pub(crate) async fn next(&mut self) -> (SendOtp, String) {
        let next = tokio::time::timeout(Duration::from_secs(10), self.0.next());
        let delivery = next.await.expect("a mail within ten seconds").unwrap();
        let event = Event::decode(&delivery.message.topic, &delivery.message.payload).unwrap();
        delivery.settle(bus::Settle::Done).await.unwrap();
        let Event::SendOtp(mail) = event else { panic!("not a mail") };
        let sealer = Sealer::new(SEAL_KEY).unwrap();
        let context = SendOtp::seal_context(mail.challenge, &mail.address);
        let code = sealer.open(&context, &mail.sealed_code).unwrap();
        (mail, String::from_utf8(code).unwrap())
    }
}

/// An id that tests can tell apart.
pub(crate) fn some<K>(n: u128) -> Id<K> {
    Id::from_uuid(Uuid::from_u128(n))
}

/// When tests begin: in 2100, where a real server's own clock finds nothing expired.
pub(crate) const START: Timestamp = Timestamp::from_millis(4_102_444_800_000);

/// Person, device and session `n` coming in by this address.
pub(crate) fn sign_in(address: &str, n: u128, device: Option<DeviceId>) -> SignIn {
    SignIn {
        address: address.to_owned(),
        new_user: some::<kernel::kinds::User>(n + 1_000),
        device,
        new_device: some(n + 2_000),
        device_name: format!("device {n}"),
        platform: "test".to_owned(),
        session: NewSession {
            id: session(n),
            nonce: [3; 16],
            expires_at: START.plus(Duration::from_hours(720)),
        },
        most: Most { devices: 100, sessions: 100 },
        cause: cause(START, 1_000 + n),
    }
}

/// What happens at that moment.
pub(crate) fn cause(at: Timestamp, seed: u128) -> Cause {
    Cause::new(&ManualClock::new(at), &SeededRandom::new(u64::try_from(seed).unwrap()))
}

pub(crate) fn user(n: u128) -> UserId {
    some(n + 1_000)
}

pub(crate) fn device(n: u128) -> DeviceId {
    some(n + 2_000)
}

pub(crate) fn session(n: u128) -> SessionId {
    some(n + 3_000)
}

/// A database of its own on the real server.
pub(crate) async fn mongo() -> crate::mongo::Mongo {
    let name = testkit::unique("user");
    let url = testkit::servers::mongo_database_url(&name).await.unwrap();
    crate::mongo::Mongo::open(&url).await.unwrap()
}

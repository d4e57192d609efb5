//! A whole instance of the service: the product's own parts over ports that go wrong.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use auth::{Gate, Issuer, Revocations};
use contracts::UserDirectory;
use fanout::Fanout;
use kernel::{Clock, SeededRandom};
use kv::Kv;
use settings::Chat as ChatSettings;
use sqlite::{Database, Engine};
use tokio_util::sync::CancellationToken;

use super::air::{Air, Keys, Radio};
use super::log::RacedLog;
use super::server::{DEADLINE, Server, Wire};
use super::weather::{VirtualClock, Weather};
use crate::chat::Chat;
use crate::conversations::changes::sqlite::SqliteChanges;
use crate::conversations::sqlite::SqliteConversations;
use crate::delivery::sqlite::SqliteDelivery;
use crate::delivery::sweep;
use crate::live::socket::door::Door;
use crate::live::socket::hub::Hub;
use crate::live::socket::listen::Live;
use crate::log::sqlite::SqliteLog;
use crate::presence::leases::Leases;
use crate::tests::place::Town;
use crate::wiring::stores::Stores;
use crate::wiring::{Outside, assemble};

/// What all instances of a run have in common.
#[derive(Debug)]
pub struct Common {
    pub weather: Arc<Weather>,
    pub server: Arc<Server>,
    pub air: Arc<Air>,
    pub kv: Arc<Keys>,
    pub town: Arc<Town>,
    pub clock: Arc<VirtualClock>,
    pub issuer: Arc<Issuer>,
    pub settings: ChatSettings,
}

/// An instance that runs.
#[derive(Debug)]
pub struct Instance {
    pub chat: Arc<Chat>,
    pub door: Door,
    /// Its end, for its clients.
    pub ended: CancellationToken,
    pub deaf: Arc<AtomicBool>,
    cut: Arc<AtomicBool>,
}

impl Instance {
    /// Starts one; `None` while the database does not answer.
    pub async fn start(common: &Common) -> Option<Arc<Self>> {
        let (cut, deaf) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let clock = Arc::clone(&common.clock) as Arc<dyn Clock>;
        let radio =
            Radio { air: Arc::clone(&common.air), cut: Arc::clone(&cut), deaf: Arc::clone(&deaf) };
        let fanout: Arc<dyn Fanout> = Arc::new(radio);
        let outside = Outside {
            settings: common.settings.clone(),
            digest_key: [9; 32],
            directory: Arc::clone(&common.town) as Arc<dyn UserDirectory>,
            fanout: Arc::clone(&fanout),
            clock: Arc::clone(&clock),
            random: Arc::new(SeededRandom::new(common.weather.random_seed())),
        };
        let chat = Arc::new(assemble(outside, stores(common, &cut)));
        let listener = fanout.listen().await.ok()?;
        let hub = Hub::start(listener, Arc::clone(&chat.log)).await.ok()?;
        let kv = Arc::clone(&common.kv) as Arc<dyn Kv>;
        let revocations = Revocations::new(Arc::clone(&kv), Duration::from_mins(15));
        let ttl = Duration::from_secs(35);
        let leases =
            Leases::new(Arc::clone(&kv), "simulated".to_owned(), ttl, Duration::from_hours(1));
        let live = Arc::new(Live::new(Arc::clone(&chat), hub, revocations, leases));
        let ended = CancellationToken::new();
        tokio::spawn(Arc::clone(&live).listen(ended.clone()));
        tokio::spawn(Arc::clone(&live).make_good(ended.clone()));
        tokio::spawn(chat.announcer.clone().tell_again(ended.clone()));
        tokio::spawn(sweep::sweep_regularly(Arc::clone(&chat), Arc::clone(&kv), ended.clone()));
        let gate = Gate::new(Arc::clone(&common.issuer) as _, "sim", "sim", kv, clock);
        let door = Door { live, gate: Arc::new(gate) };
        Some(Arc::new(Self { chat, door, ended, deaf, cut }))
    }

    /// It ends here and now: nothing it is about to do happens, nothing that is on its way back to it arrives.
    pub fn crash(&self) {
        self.cut.store(true, Ordering::Relaxed);
        self.ended.cancel();
    }
}

fn stores(common: &Common, cut: &Arc<AtomicBool>) -> Stores {
    let wire = Wire { server: Arc::clone(&common.server), cut: Arc::clone(cut) };
    let db = Database::on(Arc::new(wire) as Arc<dyn Engine>, DEADLINE);
    let clock = Arc::clone(&common.clock) as Arc<dyn Clock>;
    let delivery = &common.settings.delivery;
    let (header, cap) =
        (Duration::from_secs(delivery.header_s), Duration::from_secs(delivery.cap_s));
    let log = RacedLog {
        db: db.clone(),
        inner: SqliteLog::new(db.clone(), header, cap, Arc::clone(&clock)),
        weather: Arc::clone(&common.weather),
        heads: Mutex::default(),
    };
    Stores {
        conversations: Arc::new(SqliteConversations::new(db.clone())),
        changes: Arc::new(SqliteChanges::new(db.clone())),
        entries: Arc::new(SqliteLog::new(db.clone(), header, cap, clock)),
        log: Arc::new(log),
        delivery: Arc::new(SqliteDelivery::new(db)),
    }
}

//! Instances of the live side over one [`Place`], and people connected to them.

use std::sync::Arc;
use std::time::Duration;

use auth::{Gate, Identity, Issuer, Revocations};
use fanout::Fanout;
use kernel::{Clock, ConversationId, SystemRandom};
use kv::{Kv, SqliteKv};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use socketio::Line;
use sqlite::Database;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::place::Place;
use crate::live::socket::door::Door;
use crate::live::socket::hub::Hub;
use crate::live::socket::listen::Live;
use crate::own::open;
use crate::presence::leases::Leases;

/// What several instances share.
pub struct Street {
    pub place: Place,
    kv: Arc<dyn Kv>,
    issuer: Arc<Issuer>,
    _folder: TempDir,
}

/// One instance; what it does from time to time a test asks for itself.
pub struct Instance {
    pub live: Arc<Live>,
    door: Door,
    stop: CancellationToken,
}

/// Somebody who is connected.
pub struct Guest {
    line: Line,
    own: ConversationId,
}

impl Street {
    pub async fn new() -> Self {
        Self::around(Place::new().await).await
    }

    pub async fn around(place: Place) -> Self {
        let folder = TempDir::new().unwrap();
        let database = Database::open(&folder.path().join("kv.db")).unwrap();
        let clock = Arc::clone(&place.clock) as Arc<dyn Clock>;
        let kv = Arc::new(SqliteKv::new(database, "street", clock).await.unwrap());
        let issuer = Arc::new(Issuer::new([7; 32], "t", "t", Duration::from_hours(24)).unwrap());
        Self { place, kv, issuer, _folder: folder }
    }

    pub async fn instance(&self, name: &str) -> Instance {
        let listener = self.place.fanout.listen().await.unwrap();
        let chat = Arc::clone(&self.place.chat);
        let hub = Hub::start(listener, Arc::clone(&chat.log)).await.unwrap();
        let kv = || Arc::clone(&self.kv);
        let revocations = Revocations::new(kv(), Duration::from_mins(15));
        let ttl = Duration::from_secs(chat.settings.presence.lease_s);
        let leases = Leases::new(kv(), name.to_owned(), ttl, Duration::from_hours(24));
        let live = Arc::new(Live::new(chat, hub, revocations, leases));
        let stop = CancellationToken::new();
        tokio::spawn(Arc::clone(&live).listen(stop.clone()));
        let clock = Arc::clone(&self.place.clock) as Arc<dyn Clock>;
        let gate = Gate::new(Arc::clone(&self.issuer) as _, "t", "t", kv(), clock);
        let door = Door { live: Arc::clone(&live), gate: Arc::new(gate) };
        Instance { live, door, stop }
    }

    /// The person's session is ended, and nobody is told.
    pub async fn revoke(&self, who: &Identity) {
        let revocations = Revocations::new(Arc::clone(&self.kv), Duration::from_mins(15));
        revocations.revoke(who.session).await.unwrap();
    }

    /// Somebody connects.
    pub async fn connect(&self, instance: &Instance, who: &Identity) -> Guest {
        let now = self.place.clock.now();
        let token = self.issuer.issue(who.user, who.session, who.device, now).unwrap();
        let auth = to_raw_value(&json!({ "token": token, "v": 1 })).unwrap();
        let line = Line::connect(&instance.door, auth, &SystemRandom).await.unwrap();
        let guest = Guest { line, own: open::id(who.user) };
        assert_eq!(guest.event().await.0, "ready");
        guest
    }

    /// Time passes.
    pub fn pass(&self, time: Duration) {
        self.place.clock.advance(time);
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Guest {
    /// Asks something that is answered with `ok`.
    pub async fn ask(&self, name: &str, payload: Value) {
        let answer = self.say(name, payload).await;
        assert_eq!(answer["ok"], true, "{answer}");
    }

    /// Asks something; what comes before the answer is passed over.
    pub async fn say(&self, name: &str, payload: Value) -> Value {
        self.line.event(1, name, to_raw_value(&payload).unwrap()).await;
        loop {
            let packet = self.line.next().await.unwrap();
            if let Some(answer) = packet.strip_prefix("431") {
                let [answer]: [Value; 1] = serde_json::from_str(answer).unwrap();
                return answer;
            }
        }
    }

    /// Whether the connection ends before anything is told.
    pub async fn ends(&self) -> bool {
        self.line.next().await.is_none()
    }

    /// The next event that is not of the person's own conversation: those come whenever that conversation is opened for them.
    pub async fn event(&self) -> (String, Value) {
        let own = json!(self.own);
        loop {
            let packet = self.line.next().await.unwrap();
            let Some(event) = packet.strip_prefix("42") else { continue };
            let (name, body): (String, Value) = serde_json::from_str(event).unwrap();
            if body["conversationId"] != own && body["id"] != own {
                return (name, body);
            }
        }
    }
}

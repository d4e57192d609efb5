//! A client on a socket of the real door, that begins with a snapshot and then lives on events.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use auth::{Gate, Identity, Issuer, Revocations};
use fanout::Fanout;
use kernel::{Clock, ConversationId, PageLimit, SystemRandom};
use kv::Kv;
use serde::Serialize;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use socketio::Line;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::shown::{Shown, Talk, number, text};
use crate::chat::Chat;
use crate::conversations::error::ConversationError;
use crate::conversations::list;
use crate::live::socket::door::Door;
use crate::live::socket::hub::Hub;
use crate::live::socket::listen::Live;
use crate::messages::folded::{self, From};
use crate::messages::history;
use crate::presence::leases::Leases;
use crate::simulation::Keys;
use crate::sync::catch_up::{SyncRequest, catch_up};
use crate::tests::place::Place;

/// Its name and what it says.
type Event = (String, Value);

/// A place with a door for sockets.
pub struct House {
    pub place: Place,
    door: Door,
    issuer: Arc<Issuer>,
    stop: CancellationToken,
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl House {
    pub async fn new(place: Place) -> Self {
        let issuer = Arc::new(Issuer::new([7; 32], "t", "t", Duration::from_hours(24)).unwrap());
        let listener = place.fanout.listen().await.unwrap();
        let hub = Hub::start(listener, Arc::clone(&place.chat.log)).await.unwrap();
        let kv = Arc::new(Keys::default()) as Arc<dyn Kv>;
        let revocations = Revocations::new(Arc::clone(&kv), Duration::from_mins(15));
        let ttl = Duration::from_secs(35);
        let leases = Leases::new(Arc::clone(&kv), "house".to_owned(), ttl, Duration::from_hours(1));
        let chat = Arc::clone(&place.chat);
        let live = Arc::new(Live::new(chat, hub, revocations, leases));
        let stop = CancellationToken::new();
        tokio::spawn(Arc::clone(&live).listen(stop.clone()));
        let clock = Arc::clone(&place.clock) as Arc<dyn Clock>;
        let gate = Arc::new(Gate::new(Arc::clone(&issuer) as _, "t", "t", kv, clock));
        Self { place, door: Door { live, gate }, issuer, stop }
    }

    /// Somebody connects for the first time.
    pub async fn watch(&self, who: &Identity) -> Watcher {
        self.connect(who, Shown::default()).await
    }

    /// Somebody connects who shows that already, and hears what comes.
    pub async fn connect(&self, who: &Identity, mut shown: Shown) -> Watcher {
        let now = self.place.clock_now();
        let token = self.issuer.issue(who.user, who.session, who.device, now).unwrap();
        let auth = to_raw_value(&json!({ "token": token, "v": 1 })).unwrap();
        let line = Line::connect(&self.door, auth, &SystemRandom).await.unwrap();
        assert_eq!(event(&line).await.0, "ready");
        views(&self.place.chat, who, &mut shown).await;
        let request = to_raw_value(&json!({})).unwrap();
        tokio::spawn(line.event(1, "sync", request));
        let mut told = BTreeSet::new();
        let answer = loop {
            let packet = line.next().await.unwrap();
            if let Some(event) = packet.strip_prefix("42") {
                let event = serde_json::from_str(event).unwrap();
                hear(&self.place.chat, who, &mut shown, &event).await;
                told.insert(name(&event));
            } else if let Some(answer) = packet.strip_prefix("431") {
                let [answer]: [Value; 1] = serde_json::from_str(answer).unwrap();
                break answer;
            }
        };
        catch_up_on(&self.place.chat, who, &mut shown, &answer).await;
        let (heard, events) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move { while heard.send(event(&line).await).is_ok() {} });
        Watcher { who: *who, shown, told, events, task }
    }
}

/// What somebody shows who came at some moment and hears everything since.
pub struct Watcher {
    pub who: Identity,
    pub shown: Shown,
    /// Every event heard, with the `op` in it.
    pub told: BTreeSet<(String, String)>,
    events: mpsc::UnboundedReceiver<Event>,
    task: JoinHandle<()>,
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watcher {
    /// Loses the connection, with everything that was not taken in.
    pub fn leave(mut self) -> (Identity, Shown) {
        (self.who, std::mem::take(&mut self.shown))
    }

    /// Takes in what came since.
    pub async fn listen(&mut self, chat: &Chat) {
        while let Ok(event) = self.events.try_recv() {
            hear(chat, &self.who, &mut self.shown, &event).await;
            self.told.insert(name(&event));
        }
    }
}

/// An event, with the `op` in it.
fn name((event, payload): &Event) -> (String, String) {
    (event.clone(), text(&payload["data"]["op"]))
}

async fn hear(chat: &Chat, who: &Identity, shown: &mut Shown, (event, payload): &Event) {
    if payload["type"].is_string() {
        take(chat, who, shown, payload).await;
    } else {
        shown.hear(who.user, event, payload);
    }
}

/// The next event; waits for ever once there is none.
async fn event(line: &Line) -> Event {
    loop {
        let Some(packet) = line.next().await else { return std::future::pending().await };
        if let Some(event) = packet.strip_prefix("42") {
            return serde_json::from_str(event).unwrap();
        }
    }
}

fn json_of(what: &impl Serialize) -> Value {
    serde_json::to_value(what).unwrap()
}

/// What the server alone shows, as long as nothing changes.
pub async fn snapshot(chat: &Chat, who: &Identity) -> Shown {
    let mut shown = Shown::default();
    views(chat, who, &mut shown).await;
    for talk in shown.talks.values_mut() {
        talk.stored = talk.head();
    }
    let sync = catch_up(chat, who, SyncRequest::default()).await.unwrap();
    catch_up_on(chat, who, &mut shown, &json_of(&sync)).await;
    shown
}

/// Conversations that are new to somebody, with their messages; and not those any more that they are not in.
async fn views(chat: &Chat, who: &Identity, shown: &mut Shown) {
    let views = list::list(chat, who, None, PageLimit::new(Some(200)).unwrap()).await.unwrap();
    assert_eq!(views.next_cursor, None);
    let there: BTreeSet<String> = views.data.iter().map(|view| view.id.to_string()).collect();
    for id in shown.talks.keys().filter(|id| !there.contains(*id)).cloned().collect::<Vec<_>>() {
        shown.drop_talk(&id);
    }
    for view in &views.data {
        if shown.talks.contains_key(&view.id.to_string()) {
            continue;
        }
        let mut talk = Talk::new(&json_of(view));
        for message in messages(chat, who, view.id).await {
            talk.messages.insert(number(&message["seq"]), message);
        }
        shown.talks.insert(view.id.to_string(), talk);
    }
}

/// Adds what `sync` tells: conversations that were not there a moment ago, entries, receipts.
async fn catch_up_on(chat: &Chat, who: &Identity, shown: &mut Shown, sync: &Value) {
    assert_eq!(sync["more"], false);
    for news in sync["conversations"].as_array().unwrap() {
        shown.meet(Talk::new(&news["conversation"]));
        for entry in news["entries"].as_array().unwrap() {
            take(chat, who, shown, entry).await;
            shown.hide(&entry["data"]);
        }
    }
    for receipt in sync["receipts"].as_array().unwrap() {
        for (which, name) in ["read", "delivered"].into_iter().enumerate() {
            shown.receipt(who.user, receipt, (which, number(&receipt[name])));
        }
    }
}

/// Takes an entry in, behind those that are missing before it: who left and came again did not hear them.
async fn take(chat: &Chat, who: &Identity, shown: &mut Shown, entry: &Value) {
    if let Some(bounds) = shown.lacks(entry) {
        let id = text(&entry["conversationId"]).parse().unwrap();
        // Left once more meanwhile: an event will say so.
        let missed = history::range(chat, who, id, bounds, 200).await.unwrap_or_default();
        missed.entries.iter().for_each(|missed| shown.entry(who.user, &json_of(missed)));
    }
    shown.entry(who.user, entry);
}

async fn messages(chat: &Chat, who: &Identity, id: ConversationId) -> Vec<Value> {
    let mut all = Vec::new();
    let mut after = 0;
    loop {
        let page = match folded::page(chat, who, id, From::After(after), 100).await {
            Ok(page) => page,
            // Left meanwhile, as an event will say.
            Err(ConversationError::NotFound) => return all,
            Err(error) => panic!("{error}"),
        };
        all.extend(page.data.iter().map(json_of));
        let Some(next) = page.next_cursor else { return all };
        after = next.parse().unwrap();
    }
}

//! A client that follows `docs/client-rules.md`: subscribe, sync, live; a gap is read; stored before it is acknowledged; the
//! outbox is sent in order, and again with the same ids.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use auth::Identity;
use kernel::{Clock, ConversationId, PageLimit, Random};
use serde_json::json;
use serde_json::value::to_raw_value;
use socketio::Line;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::disk::{Disk, Shelf, Unsent};
use super::instance::{Common, Instance};
use super::talk::{Over, Talk};
use crate::conversations::list;

/// A question that is not answered by then is not going to be.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// Whatever instances there are now.
pub type Fleet = Arc<Mutex<Vec<Option<Arc<Instance>>>>>;

/// A device and whoever uses it.
pub struct Client {
    pub common: Arc<Common>,
    pub fleet: Fleet,
    pub identity: Identity,
    pub disk: Mutex<Disk>,
    /// Something was written.
    pub wrote: Notify,
    /// The network goes, for so long.
    pub unplug: Mutex<Option<Duration>>,
    pub unplugged: Notify,
}

impl Client {
    pub fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap()
    }

    /// The person writes something.
    pub fn write(&self, conversation: ConversationId) {
        let (now, random) = (self.common.clock.now(), &self.common.weather.random);
        let mut disk = self.disk();
        let id = disk.ids.next(now, random);
        disk.written += 1;
        disk.own.entry(conversation).or_default().push(id);
        let text = format!("{} {}", disk.name, disk.written);
        disk.outbox.push_back(Unsent { id, conversation, text, asked: false });
        drop(disk);
        self.wrote.notify_one();
    }

    /// Lives for ever.
    pub async fn run(self: Arc<Self>) {
        let weather = &self.common.weather;
        loop {
            let away = self.unplug.lock().unwrap().take();
            if let Some(away) = away {
                sleep(away).await;
            }
            let here: Vec<Arc<Instance>> =
                self.fleet.lock().unwrap().iter().flatten().cloned().collect();
            if !here.is_empty() {
                let drawn = weather.random.below(here.len() as u64);
                let instance = &here[usize::try_from(drawn).unwrap_or(0)];
                self.connect(instance).await;
            }
            sleep(weather.between(50, 800)).await;
        }
    }

    async fn connect(&self, instance: &Instance) {
        let common = &self.common;
        let Identity { user, session, device, .. } = self.identity;
        let Ok(token) = common.issuer.issue(user, session, device, common.clock.now()) else {
            return;
        };
        let auth = to_raw_value(&json!({ "token": token, "v": 1 })).unwrap();
        let connecting = Line::connect(&instance.door, auth, &common.weather.random);
        let line = tokio::select! {
            biased;
            () = instance.ended.cancelled() => return,
            line = timeout(PATIENCE, connecting) => line,
        };
        let Ok(Ok(line)) = line else { return };
        common.weather.say(format_args!("{} connected", self.disk().name));
        let mut talk = Talk::new(self, line, instance);
        let Over = talk.go_on().await;
        common.weather.say(format_args!("{} disconnected", self.disk().name));
    }

    /// A device that is new to a conversation begins at its end, unless `sync` has more.
    pub(super) async fn look_around(&self, instance: &Instance) -> Result<(), Over> {
        let limit = PageLimit::new(Some(100)).ok_or(Over)?;
        let page =
            list::list(&instance.chat, &self.identity, None, limit).await.map_err(|_| Over)?;
        let mut disk = self.disk();
        for view in page.data {
            disk.shelves.entry(view.id).or_insert_with(|| Shelf {
                epoch: view.epoch.clone(),
                start: u64::MAX,
                cursor: view.head.seq,
                ..Shelf::default()
            });
        }
        Ok(())
    }
}

//! A backup of the one file is put back under clients that went on: they begin anew, lose nothing that they had, hear what is
//! new, and send what was in their outbox, which is there once in the end.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod town;

use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use client::protocol::Entry;
use client::rest::Session;
use client::{Client, Letter, Memory, Settings, Storage};
use kernel::{ConversationId, SystemClock, SystemRandom};
use serde::Deserialize;
use testkit::stack::{Shape, Stack};
use tokio::process::Command;
use tokio::time::timeout;
use town::Town;

/// A client that is not connected tries again within half a minute.
const PATIENCE: Duration = Duration::from_mins(2);
const SERVICE: &str = "restante";

/// A device of somebody, with a storage that outlives it.
struct Device {
    client: Client,
    storage: Arc<Memory>,
}

impl Device {
    fn start(town: &Town, session: &Session, storage: Arc<Memory>) -> Self {
        let settings = Settings { bases: town.instances.clone(), token: session.token.clone() };
        let (clock, random) = (Arc::new(SystemClock::default()), Arc::new(SystemRandom));
        let kept = Arc::clone(&storage) as Arc<dyn Storage>;
        Self { client: Client::start(settings, kept, clock, random).unwrap(), storage }
    }

    async fn say(&self, to: ConversationId, text: &str) -> Entry {
        let answer = self.client.send(to, text.to_owned()).await.unwrap();
        timeout(PATIENCE, answer).await.unwrap().unwrap().unwrap()
    }

    async fn close(self) -> Arc<Memory> {
        self.client.close().await;
        self.storage
    }
}

/// Waits until the log holds a message on the device.
async fn hears(storage: &Memory, id: ConversationId, text: &str) {
    let mut whole = storage.follow(id);
    let heard = async {
        while !texts(&storage.entries(id)).contains(&text.to_owned()) {
            whole.changed().await.unwrap();
        }
    };
    let heard = timeout(PATIENCE, heard).await;
    assert!(heard.is_ok(), "never heard {text:?}, only {:?}", texts(&storage.entries(id)));
}

fn texts(entries: &[Entry]) -> Vec<String> {
    #[derive(Deserialize)]
    struct Text {
        text: String,
    }
    let data = entries.iter().filter_map(|entry| entry.data.as_deref());
    data.filter_map(|data| Some(serde_json::from_str::<Text>(data.get()).ok()?.text)).collect()
}

/// Copies the database of one folder to another, over what is there.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for name in ["restante.db", "restante.db-wal", "restante.db-shm"] {
        // Only the first is there for certain.
        let _ = std::fs::remove_file(to.join(name));
        if from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
    assert!(to.join("restante.db").exists());
}

async fn new_epochs(town: &Town, data: &Path, how: &[&str]) -> Output {
    let stack = Stack::load(&town.dir).unwrap();
    let program = &stack.processes[SERVICE].program;
    let mut command = Command::new(program);
    command.args(["admin", "new-epochs", "--data"]).arg(data).args(how);
    timeout(PATIENCE, command.output()).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_put_back_under_clients_that_went_on() {
    let town = Town::build(Shape::Single, &[]).await;
    let outcome = tokio::spawn(put_back(town.clone())).await;
    town.down(outcome.is_ok()).await;
    outcome.unwrap();
}

async fn put_back(town: Town) {
    let data = Stack::load(&town.dir).unwrap().data.unwrap();
    let backup = town.dir.join("backup");
    let (phone, tablet) = (town.login("ann").await, town.login("ann").await);
    let bob = town.login("bob").await;
    let talk = town.rest.talk_to(&phone, bob.user).await.unwrap();
    let start = |session: &Session, storage| Device::start(&town, session, storage);
    let [a, b, c] = [(); 3].map(|()| Arc::new(Memory::default()));
    let (on_phone, on_tablet, on_bob) = (start(&phone, a), start(&tablet, b), start(&bob, c));
    for text in ["one", "two"] {
        on_phone.say(talk, text).await;
    }
    for device in [&on_phone, &on_tablet, &on_bob] {
        hears(&device.storage, talk, "two").await;
    }
    let tablet_storage = on_tablet.close().await;
    on_bob.say(talk, "three, for the tablet").await;
    Stack::stop(&town.dir, SERVICE).await.unwrap();
    copy(&data, &backup);
    Stack::start(&town.dir, SERVICE).await.unwrap();

    // What comes now is not in the backup.
    for text in ["lost four", "lost five"] {
        on_bob.say(talk, text).await;
    }
    let unanswered = on_bob.say(talk, "unanswered").await;
    hears(&on_phone.storage, talk, "unanswered").await;
    let refused = new_epochs(&town, &data, &[]).await;
    assert!(!refused.status.success());
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("in use; stop the service first"), "{said}");
    let bob_storage = on_bob.close().await;
    // As if its answer had been lost.
    let text = "unanswered".to_owned();
    bob_storage.post(&Letter { id: unanswered.id, conversation: talk, text }).unwrap();
    Stack::stop(&town.dir, SERVICE).await.unwrap();
    let never_sent = on_phone.client.send(talk, "never sent".to_owned()).await.unwrap();

    copy(&backup, &data);
    let looked = new_epochs(&town, &data, &["--dry-run"]).await;
    assert!(looked.status.success(), "{looked:?}");
    let done = new_epochs(&town, &data, &[]).await;
    assert!(done.status.success(), "{done:?}");
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(said.contains("3 conversations have a new epoch"), "{said}");
    Stack::start(&town.dir, SERVICE).await.unwrap();

    let on_bob = start(&bob, bob_storage);
    let never_sent = timeout(PATIENCE, never_sent).await.unwrap().unwrap().unwrap();
    assert!(never_sent.seq <= unanswered.seq, "the log went on from the backup");
    let on_tablet = start(&tablet, tablet_storage);
    for device in [&on_phone, &on_tablet, &on_bob] {
        hears(&device.storage, talk, "unanswered").await;
        hears(&device.storage, talk, "never sent").await;
    }
    on_tablet.say(talk, "new").await;
    for device in [&on_phone, &on_tablet, &on_bob] {
        hears(&device.storage, talk, "new").await;
        let (now, earlier) = (device.storage.entries(talk), device.storage.earlier(talk));
        let mut all = [texts(&now), texts(&earlier)].concat();
        all.sort_unstable();
        all.retain(|text| !text.starts_with("lost"));
        let expected = ["never sent", "new", "one", "three, for the tablet", "two", "unanswered"];
        assert_eq!(all, expected, "one of each");
        assert!(device.storage.outbox().unwrap().is_empty());
    }
    for device in [&on_phone, &on_bob] {
        let mut lost = texts(&device.storage.earlier(talk));
        lost.retain(|text| text.starts_with("lost"));
        assert_eq!(lost.len(), 2, "what only the devices have stays there");
    }
}

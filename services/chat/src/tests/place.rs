use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use auth::Identity;
use contracts::{
    DirectoryError, Discretion, LiveDevice, Profile, PublicKey, Relations, UserDirectory,
};
use fanout::MemoryFanout;
use kernel::{
    Ascending, Clock, ConversationId, DeviceId, EntryId, ManualClock, Random, SeededRandom,
    SessionId, UserId,
};
use tokio_util::sync::CancellationToken;

use super::stores::{Kept, Size, Store, Stores};
use crate::chat::Chat;
use crate::conversations::members::Members;
use crate::conversations::store::{NewConversation, Party};
use crate::conversations::{Kind, Retention, Role, create};
use crate::delivery::acknowledge::{self, AcknowledgeError, Cursor};
use crate::delivery::fold::{self, Fold};
use crate::delivery::known::Ends;
use crate::delivery::store::Owner;
use crate::live::announce::Announcer;
use crate::log::append::{self, Appender};
use crate::log::entry::{Entry, EntryType};
use crate::log::store::Draft;
use crate::messages::body::MessageBody;
use crate::messages::digest::Digester;
use crate::messages::pace::Pace;
use crate::messages::send::{self, Send};
use crate::messages::write::{WriteError, Written};
use crate::own::notes::{self, Notes};
use crate::own::open;
use crate::people::directory::People;
use crate::receipts::ticks::{self, Ticks};
use crate::sync::catch_up::{SyncAnswer, SyncError, SyncRequest, catch_up};

/// The people of a test and the devices they are logged in on: what the user service would answer.
#[derive(Debug, Default)]
pub struct Town {
    devices: Mutex<HashSet<Owner>>,
    relations: Mutex<HashMap<UserId, Relations>>,
    discretions: Mutex<HashMap<UserId, Discretion>>,
}

impl Town {
    /// The person is logged in on the device.
    pub fn log_in(&self, owner: Owner) {
        self.devices.lock().unwrap().insert(owner);
    }

    /// What the person does not let others see.
    pub fn hide(&self, user: UserId, discretion: Discretion) {
        self.discretions.lock().unwrap().insert(user, discretion);
    }

    /// The two are contacts.
    pub fn befriend(&self, one: UserId, other: UserId) {
        let mut relations = self.relations.lock().unwrap();
        relations.entry(one).or_default().contacts.push(other);
        relations.entry(other).or_default().contacts.push(one);
    }

    /// The person blocks the other.
    pub fn block(&self, user: UserId, other: UserId) {
        let mut relations = self.relations.lock().unwrap();
        relations.entry(user).or_default().blocked.push(other);
        relations.entry(other).or_default().blocked_by.push(user);
    }

    /// The person does not block the other any more.
    pub fn unblock(&self, user: UserId, other: UserId) {
        let mut relations = self.relations.lock().unwrap();
        relations.entry(user).or_default().blocked.retain(|id| *id != other);
        relations.entry(other).or_default().blocked_by.retain(|id| *id != user);
    }

    /// The device is logged out.
    pub fn log_out(&self, owner: Owner) {
        self.devices.lock().unwrap().remove(&owner);
    }
}

#[async_trait]
impl UserDirectory for Town {
    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>, DirectoryError> {
        let devices = self.devices.lock().unwrap();
        let known = users.iter().filter(|user| devices.iter().any(|owner| owner.user == **user));
        let profile = |id: &UserId| Profile {
            id: *id,
            name: Some("Somebody".to_owned()),
            username: None,
            bio: None,
            avatar_url: None,
            created_at: kernel::Timestamp::from_millis(0),
            discretion: self.discretions.lock().unwrap().get(id).copied().unwrap_or_default(),
        };
        Ok(known.map(profile).collect())
    }

    async fn live_devices(&self, users: &[UserId]) -> Result<Vec<LiveDevice>, DirectoryError> {
        let devices = self.devices.lock().unwrap();
        let live = devices.iter().filter(|owner| users.contains(&owner.user));
        let device = |owner: &Owner| LiveDevice {
            user: owner.user,
            device: owner.device,
            platform: "test".to_owned(),
        };
        Ok(live.map(device).collect())
    }

    async fn may_talk(&self, _: UserId, _: UserId) -> Result<bool, DirectoryError> {
        Ok(true)
    }

    async fn relations(&self, user: UserId) -> Result<Relations, DirectoryError> {
        Ok(self.relations.lock().unwrap().get(&user).cloned().unwrap_or_default())
    }

    async fn signing_keys(&self) -> Result<Vec<PublicKey>, DirectoryError> {
        Ok(Vec::new())
    }
}

/// What a test's appender takes in.
pub const LIMITS: append::Limits =
    append::Limits { waiting: 10_000, lane: 1_000, writes: 2, patience: Duration::from_secs(5) };

/// A chat service without doors.
pub struct Place {
    pub chat: Arc<Chat>,
    pub fanout: Arc<MemoryFanout>,
    pub clock: Arc<ManualClock>,
    pub town: Arc<Town>,
    random: Arc<SeededRandom>,
    ids: Mutex<Ascending>,
    pub kept: Kept,
}

impl Place {
    /// On the store that the run asks for: SQLite, unless [`Store::asked`] says otherwise.
    pub async fn new() -> Self {
        Self::on(Store::asked()).await
    }

    pub async fn on(store: Store) -> Self {
        let clock = Arc::new(ManualClock::new(store.begin()));
        let stores = store.open(&clock).await;
        Self::over(stores, clock, 7)
    }

    /// With other settings.
    pub async fn with(change: impl FnOnce(&mut settings::Chat)) -> Self {
        let store = Store::asked();
        let clock = Arc::new(ManualClock::new(store.begin()));
        let stores = store.open(&clock).await;
        Self::made(stores, clock, 7, change)
    }

    /// Ids are drawn by the seed, epochs too.
    pub fn over(stores: Stores, clock: Arc<ManualClock>, seed: u64) -> Self {
        Self::made(stores, clock, seed, |_| {})
    }

    fn made(
        stores: Stores,
        clock: Arc<ManualClock>,
        seed: u64,
        change: impl FnOnce(&mut settings::Chat),
    ) -> Self {
        let random = Arc::new(SeededRandom::new(seed));
        let Stores { conversations, changes, log, entries, delivery, kept } = stores;
        let fanout = Arc::new(MemoryFanout::new(1_024));
        let town = Arc::new(Town::default());
        let directory = Arc::clone(&town) as Arc<dyn UserDirectory>;
        let mut settings = settings::Settings::load(None, [], &[]).unwrap().chat;
        settings.limits.sends_per_second = 1_000_000;
        settings.limits.sends_burst = 1_000_000;
        settings.live.read_note_ms = 1;
        settings.receipts.single_ms = 0;
        settings.limits.changes_per_minute = 1_000_000;
        change(&mut settings);
        let announcer = Announcer::new(
            Arc::clone(&fanout) as Arc<dyn fanout::Fanout>,
            settings.live.event_bytes,
        );
        let members = Arc::new(Members::new(
            Arc::clone(&conversations),
            Arc::clone(&log),
            Arc::clone(&clock) as Arc<dyn Clock>,
            Duration::from_secs(settings.log.head_cache_s),
        ));
        let appender = Appender::new(append::Parts {
            log: Arc::clone(&log),
            conversations: Arc::clone(&conversations),
            members: Arc::clone(&members),
            announcer: announcer.clone(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            random: Arc::clone(&random) as Arc<dyn Random>,
            limits: LIMITS,
        });
        let people = Arc::new(People::new(directory, Arc::clone(&clock) as Arc<dyn Clock>));
        let ticks = Arc::new(Ticks::new(ticks::Parts {
            people: Arc::clone(&people),
            conversations: Arc::clone(&conversations),
            delivery: Arc::clone(&delivery),
            announcer: announcer.clone(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            settings: settings.receipts.clone(),
        }));
        let fold = Fold::new(fold::Parts {
            delivery: Arc::clone(&delivery),
            log: Arc::clone(&log),
            conversations: Arc::clone(&conversations),
            ticks: Arc::clone(&ticks),
            limits: fold::Limits { interval: Duration::from_millis(1), waiting: 10_000 },
        });
        let chat = Arc::new(Chat {
            members,
            people,
            pace: Pace::new(&settings.limits),
            digester: Digester::new(&[9; 32]),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            random: Arc::clone(&random) as Arc<dyn Random>,
            conversations,
            changes,
            log,
            entries,
            delivery,
            appender,
            fold,
            ends: Ends::default(),
            notes: Notes::default(),
            announcer,
            ticks,
            settings,
        });
        tokio::spawn(notes::write(Arc::clone(&chat), CancellationToken::new()));
        Self { chat, fanout, clock, town, random, ids: Mutex::default(), kept }
    }

    /// Somebody new, logged in on one device.
    pub fn person(&self) -> Identity {
        let user = UserId::new_v7(self.clock.now(), &*self.random);
        self.device_of(user)
    }

    /// A further device of a person.
    pub fn device_of(&self, user: UserId) -> Identity {
        let now = self.clock.now();
        let device = DeviceId::new_v7(now, &*self.random);
        self.town.log_in(Owner { user, device });
        let session = SessionId::new_v7(now, &*self.random);
        Identity { user, session, device, expires_at: now.plus(Duration::from_mins(15)) }
    }

    /// Time goes by, and the store removes by itself what is past its time then.
    pub async fn later(&self, by: Duration) {
        self.clock.advance(by);
        self.kept.expire(self.clock.now()).await;
    }

    /// The file that everything is kept in, if it is one.
    pub fn file(&self) -> Option<PathBuf> {
        self.kept.file()
    }

    /// What the store takes up.
    pub async fn size(&self) -> Size {
        self.kept.size().await
    }

    /// The device is logged out, as far as the user service knows.
    pub fn log_out(&self, identity: &Identity) {
        self.town.log_out(Owner { user: identity.user, device: identity.device });
    }

    /// The two people's conversation.
    pub async fn between(&self, one: &Identity, other: &Identity) -> ConversationId {
        create::open_direct(&self.chat, one, other.user).await.unwrap().conversation.id
    }

    /// A conversation of the two that keeps everything.
    pub async fn archive(&self, one: &Identity, other: &Identity) -> ConversationId {
        let id = ConversationId::new_v7(self.clock.now(), &*self.random);
        let party =
            |who: &Identity, role| Party { user: who.user, role, devices: vec![who.device] };
        let new = NewConversation {
            id,
            kind: Kind::Group,
            title: None,
            parties: vec![party(one, Role::Owner), party(other, Role::Member)],
            retention: Retention::Archive,
            epoch: "1".to_owned(),
            maker: None,
            now: self.clock.now(),
        };
        assert!(self.chat.conversations.create(&new).await.unwrap());
        id
    }

    pub fn clock_now(&self) -> kernel::Timestamp {
        self.clock.now()
    }

    pub fn entry_id(&self) -> EntryId {
        self.ids.lock().unwrap().next(self.clock.now(), &*self.random)
    }

    pub async fn say(&self, from: &Identity, to: ConversationId, text: &str) -> Entry {
        self.send(from, to, self.entry_id(), text).await.unwrap().entry
    }

    pub async fn send(
        &self,
        from: &Identity,
        conversation: ConversationId,
        id: EntryId,
        text: &str,
    ) -> Result<Written, WriteError> {
        let body = MessageBody { text: text.to_owned(), ..MessageBody::default() };
        send::send(&self.chat, from, Send { id, conversation, body }).await
    }

    pub async fn stored(
        &self,
        who: &Identity,
        id: ConversationId,
        seq: u64,
    ) -> Result<(), AcknowledgeError> {
        let epoch = self.chat.conversations.get(id).await.unwrap().unwrap().epoch;
        let cursor = Cursor { conversation_id: id, seq, epoch };
        acknowledge::acknowledge_at_the_door(&self.chat, who, &[cursor]).await
    }

    /// A message as the log takes it, from somebody who may write.
    pub fn draft(&self, id: ConversationId, sender: &Identity, text: &str) -> Draft {
        Draft {
            id: self.entry_id(),
            conversation: id,
            kind: EntryType::Message,
            sender: sender.user,
            created_at: self.clock.now(),
            digest: [0; 32],
            target: None,
            checked: u64::MAX,
            retention: Retention::Relay,
            withheld_from: None,
            data: serde_json::value::to_raw_value(text).unwrap(),
        }
    }

    /// What a `sync` answers, but for the person's own conversation, into which notes come by themselves.
    pub async fn sync(
        &self,
        who: &Identity,
        request: SyncRequest,
    ) -> Result<SyncAnswer, SyncError> {
        let mut answer = catch_up(&self.chat, who, request).await?;
        answer.conversations.retain(|news| news.conversation.kind != Kind::Own);
        Ok(answer)
    }

    /// What the person's own log holds, once it holds so much.
    pub async fn notes(&self, user: UserId, count: usize) -> Vec<Entry> {
        let enough = async || {
            let entries = self.chat.log.entries(open::id(user), 0, 1_000).await.unwrap();
            (entries.len() >= count).then_some(entries)
        };
        testkit::wait::until(Duration::from_secs(20), enough).await.unwrap()
    }

    /// Whether each entry of the log still has its content.
    pub async fn contents(&self, id: ConversationId) -> Vec<bool> {
        // Forgetting follows the acknowledgement in the same task.
        self.chat.fold.idle().await;
        let entries = self.chat.log.entries(id, 0, 1_000).await.unwrap();
        entries.iter().map(|entry| entry.data.is_some()).collect()
    }
}

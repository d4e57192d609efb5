//! A snapshot and every event after it show the same as a fresh snapshot, for every type of entry.

mod seeds;
mod shown;
mod watcher;

use std::collections::BTreeSet;
use std::iter::successors;
use std::time::Duration;

use auth::Identity;
use kernel::{ConversationId, EntryId};
use testkit::wait::until;
use tokio::sync::Mutex;

use self::shown::Shown;
use self::watcher::{House, Watcher, snapshot};
use super::place::Place;
use super::stores::Store;
use crate::conversations::people::{leave, remove};
use crate::conversations::switches::{Change, Switch};
use crate::conversations::{Retention, Role, delete as end, personal, rename};
use crate::delivery::{devices, turn};
use crate::log::entry::{Entry, EntryType};
use crate::log::store::{Appended, Draft};
use crate::messages::body::{MessageBody, ReplyTo};
use crate::messages::delete::{self, Delete, For};
use crate::messages::edit::{self, Edit};
use crate::messages::react::{self, Op, Reaction};
use crate::messages::send::{self, Send};
use crate::messages::write::Arrived;
use crate::own::{Note, open};
use crate::reading::read::{self, Read};

/// Until what was written has come to everybody.
const PATIENCE: Duration = Duration::from_secs(20);

/// Every event that tells of an entry, and what else the snapshot depends on; with the `op` in its data.
const EVENTS: [(&str, &str); 19] = [
    ("message:new", ""),
    ("message:edited", ""),
    ("message:deleted", ""),
    ("reaction:added", "add"),
    ("reaction:removed", "remove"),
    ("participant:joined", "joined"),
    ("participant:left", "left"),
    ("participant:left", "removed"),
    ("conversation:updated", ""),
    ("conversation:updated", "role"),
    ("conversation:added", ""),
    ("conversation:removed", ""),
    ("message:read", ""),
    ("message:delivered", ""),
    ("account", "conversation-added"),
    ("account", "conversation-removed"),
    ("account", "read"),
    ("account", "settings"),
    ("account", "hidden-message"),
];

/// One of each kind of note. Does not compile with a further kind: it wants an act of [`Scene::account`] and a line of
/// [`EVENTS`] as well.
fn notes(conversation_id: ConversationId, message_id: EntryId) -> impl Iterator<Item = Note> {
    successors(Some(Note::ConversationAdded { conversation_id }), move |note| match note {
        Note::ConversationAdded { .. } => Some(Note::ConversationRemoved { conversation_id }),
        Note::ConversationRemoved { .. } => Some(Note::Read { conversation_id, seq: 1, count: 1 }),
        Note::Read { .. } => {
            Some(Note::Settings { conversation_id, change: Change::default(), count: None })
        }
        Note::Settings { .. } => Some(Note::HiddenMessage { conversation_id, message_id }),
        Note::HiddenMessage { .. } => None,
    })
}

/// People who talk, and those of them who watch.
struct Scene {
    house: House,
    /// Ann and Bob write on their phones and watch on other devices, which acknowledge nothing.
    ann: Identity,
    bob: Identity,
    cleo: Identity,
    dora: Identity,
    talk: ConversationId,
    choir: ConversationId,
    watchers: Vec<Watcher>,
}

impl Scene {
    async fn open(place: Place) -> Self {
        let [ann, bob, cleo, dora] = [(); 4].map(|()| place.person());
        let [tablet, desk] = [&ann, &bob].map(|who| place.device_of(who.user));
        for who in [&ann, &tablet, &bob, &desk, &cleo, &dora] {
            devices::ensure_registered(&place.chat, who).await.unwrap();
        }
        let talk = place.between(&ann, &bob).await;
        let choir = place.group(&ann, &[&bob, &cleo]).await;
        let house = House::new(place).await;
        let mut watchers = Vec::new();
        for who in [&tablet, &desk, &cleo] {
            watchers.push(house.watch(who).await);
        }
        Self { house, ann, bob, cleo, dora, talk, choir, watchers }
    }

    fn place(&self) -> &Place {
        &self.house.place
    }

    fn key(&self) -> EntryId {
        self.place().entry_id()
    }

    /// Everything that writes entries of that type.
    async fn act(&self, kind: EntryType) {
        match kind {
            EntryType::Message => self.write().await,
            EntryType::Edit => self.edit().await,
            EntryType::Delete => self.delete().await,
            EntryType::Reaction => self.react().await,
            EntryType::Member => self.come_and_go().await,
            EntryType::Conversation => self.change().await,
            EntryType::Account => self.account().await,
            EntryType::Withheld => unreachable!("nobody writes it"),
        }
    }

    /// Every watcher comes to show what the server shows.
    async fn settle(&mut self, after: &str) {
        let chat = &self.house.place.chat;
        for watcher in &mut self.watchers {
            let watcher = Mutex::new(watcher);
            let same = async || {
                let mut watcher = watcher.lock().await;
                watcher.listen(chat).await;
                (snapshot(chat, &watcher.who).await == watcher.shown).then_some(())
            };
            if until(PATIENCE, same).await.is_err() {
                let watcher = watcher.into_inner();
                differ(&watcher.shown, &snapshot(chat, &watcher.who).await, after);
            }
        }
    }

    async fn write(&self) {
        let place = self.place();
        place.say(&self.ann, self.talk, "hello").await;
        place.say(&self.bob, self.talk, "and to you").await;
        place.say(&self.cleo, self.choir, "la").await;
        place.say(&self.ann, open::id(self.ann.user), "buy milk").await;
        let first = place.say(&self.ann, self.talk, "a secret").await;
        let excerpt = "a secret".to_owned();
        let reply_to = Some(ReplyTo { id: first.id, sender_id: first.sender, excerpt });
        let body = MessageBody { text: "yes".to_owned(), reply_to, ..MessageBody::default() };
        let send = Send { id: self.key(), conversation: self.talk, body };
        send::send(&place.chat, &self.bob, send).await.unwrap();
        place.stored(&self.bob, self.talk, 2).await.unwrap();
        let read = Read { conversation: self.talk, seq: 1, count: 1 };
        read::read(&place.chat, &self.bob, read).await.unwrap();
    }

    async fn edit(&self) {
        let place = self.place();
        for (who, text) in [(&self.ann, "helo"), (&self.bob, "hello"), (&self.ann, "hello!")] {
            let message = self.last_of(who, self.talk).await.id;
            let text = text.to_owned();
            let (id, conversation) = (self.key(), self.talk);
            let edit = Edit { id, conversation, message, text, formatting: vec![] };
            edit::take(&place.chat, who, Arrived::now(&place.chat), edit)
                .await
                .unwrap()
                .written(&place.chat)
                .await
                .unwrap();
        }
    }

    async fn delete(&self) {
        let quoted = self.last_of(&self.ann, self.talk).await;
        self.take_back(&self.ann, &quoted, For::Everyone).await;
        let of_cleo = self.last_of(&self.cleo, self.choir).await;
        self.take_back(&self.ann, &of_cleo, For::Everyone).await;
    }

    async fn react(&self) {
        let place = self.place();
        let message = place.say(&self.ann, self.talk, "good news").await.id;
        for (who, emoji, op) in [
            (&self.bob, "👍", Op::Add),
            (&self.ann, "👍", Op::Add),
            (&self.ann, "🎉", Op::Add),
            (&self.bob, "👍", Op::Remove),
            (&self.ann, "🎉", Op::Remove),
            (&self.bob, "🎉", Op::Remove),
        ] {
            let (id, conversation, emoji) = (self.key(), self.talk, emoji.to_owned());
            let reaction = Reaction { id, conversation, message, emoji, op };
            let taken =
                react::take(&place.chat, who, Arrived::now(&place.chat), reaction).await.unwrap();
            taken.written(&place.chat).await.unwrap();
        }
    }

    async fn come_and_go(&self) {
        let (place, choir) = (self.place(), self.choir);
        place.bring(&self.ann, choir, &[&self.dora]).await;
        place.role(&self.ann, choir, &self.bob, Role::Admin).await;
        place.say(&self.dora, choir, "hello").await;
        remove::remove(&place.chat, &self.bob, choir, self.dora.user, self.key()).await.unwrap();
        leave::leave(&place.chat, &self.cleo, choir, self.key()).await.unwrap();
        place.say(&self.bob, choir, "where is everybody?").await;
        place.bring(&self.bob, choir, &[&self.cleo]).await;
        let band = place.group(&self.ann, &[&self.bob, &self.cleo]).await;
        place.role(&self.ann, band, &self.cleo, Role::Admin).await;
        leave::leave(&place.chat, &self.ann, band, self.key()).await.unwrap();
        place.say(&self.cleo, band, "mine now").await;
        let passing = place.group(&self.bob, &[&self.ann]).await;
        end::delete(&place.chat, &self.bob, passing, self.key()).await.unwrap();
    }

    async fn change(&self) {
        let (chat, choir) = (&self.place().chat, self.choir);
        rename::rename(chat, &self.ann, choir, "Band", self.key()).await.unwrap();
        turn::turn(chat, &self.ann, choir, Retention::Archive, self.key()).await.unwrap();
        self.place().say(&self.bob, choir, "for good").await;
        turn::turn(chat, &self.ann, choir, Retention::Relay, self.key()).await.unwrap();
    }

    async fn account(&self) {
        let (place, talk) = (self.place(), self.talk);
        place.between(&self.dora, &self.ann).await;
        for change in Switch::ALL.map(on) {
            personal::set(&place.chat, &self.ann, talk, change).await.unwrap();
        }
        place.say(&self.bob, talk, "no longer hidden").await;
        let shown = Change { pinned: Some(false), archived: Some(false), ..Change::default() };
        personal::set(&place.chat, &self.ann, talk, shown).await.unwrap();
        personal::set(&place.chat, &self.bob, talk, on(Switch::Hidden)).await.unwrap();
        let last = self.last_of(&self.bob, talk).await;
        self.take_back(&self.ann, &last, For::Me).await;
        let read = Read { conversation: talk, seq: last.seq, count: last.count };
        read::read(&place.chat, &self.ann, read).await.unwrap();
    }

    async fn take_back(&self, who: &Identity, message: &Entry, whom: For) {
        let chat = &self.place().chat;
        let (id, conversation) = (self.key(), message.conversation);
        let delete = Delete { id, conversation, message: message.id, whom };
        delete::take(chat, who, Arrived::now(chat), delete)
            .await
            .unwrap()
            .written(chat)
            .await
            .unwrap();
    }

    async fn last_of(&self, who: &Identity, id: ConversationId) -> Entry {
        let entries = self.place().chat.log.entries(id, 0, 1_000).await.unwrap();
        let is_theirs =
            |entry: &Entry| entry.kind == EntryType::Message && entry.sender == who.user;
        entries.into_iter().rfind(is_theirs).unwrap()
    }
}

/// Says what is shown otherwise.
fn differ(shown: &Shown, fresh: &Shown, after: &str) {
    for (id, talk) in &fresh.talks {
        let Some(here) = shown.talks.get(id) else { panic!("{id} is not shown after {after}") };
        for (field, value) in talk.about.as_object().unwrap() {
            assert_eq!(here.about[field], *value, "{field} of {id} after {after}");
        }
        assert_eq!(here, talk, "after {after}");
    }
    for id in shown.talks.keys() {
        assert!(fresh.talks.contains_key(id), "{id} is still shown after {after}");
    }
    assert_eq!(shown, fresh, "after {after}");
}

const fn on(switch: Switch) -> Change {
    let mut change =
        Change { muted: None, pinned: None, hidden: None, archived: None, marked_unread: None };
    match switch {
        Switch::Muted => change.muted = Some(true),
        Switch::Pinned => change.pinned = Some(true),
        Switch::Hidden => change.hidden = Some(true),
        Switch::Archived => change.archived = Some(true),
        Switch::MarkedUnread => change.marked_unread = Some(true),
    }
    change
}

#[tokio::test]
async fn whoever_hears_everything_shows_what_somebody_sees_who_has_just_come() {
    for store in [Store::Sqlite, Store::Mongo] {
        let mut scene = Scene::open(Place::on(store).await).await;
        for kind in EntryType::ALL {
            scene.act(kind).await;
            scene.settle(&format!("{kind:?} on {store:?}")).await;
        }
        let told: BTreeSet<_> =
            scene.watchers.iter().flat_map(|watcher| watcher.told.clone()).collect();
        let all: BTreeSet<_> =
            EVENTS.iter().map(|(event, op)| ((*event).to_owned(), (*op).to_owned())).collect();
        assert_eq!(told, all, "every kind of event was heard, and no other");
        for note in notes(scene.talk, scene.key()) {
            assert!(EVENTS.contains(&("account", note.op())), "{note:?}");
        }
    }
}

/// An entry that is in the log and told, and that its conversation does not count yet.
async fn not_counted_yet(place: &Place, who: &Identity, talk: ConversationId) -> Entry {
    let draft = Draft {
        id: place.entry_id(),
        conversation: talk,
        kind: EntryType::Message,
        sender: who.user,
        created_at: place.clock_now(),
        digest: [1; 32],
        target: None,
        checked: u64::MAX,
        retention: Retention::Relay,
        withheld_from: None,
        data: serde_json::value::to_raw_value("hello").unwrap(),
    };
    let Appended::Stored(entry) = place.chat.log.append(&[draft]).await.remove(0) else { panic!() };
    place.chat.announcer.entry(&entry).await;
    entry
}

#[tokio::test]
async fn who_comes_between_the_telling_and_the_counting_of_an_entry_gets_it_at_once() {
    for store in [Store::Sqlite, Store::Mongo] {
        let place = Place::on(store).await;
        let (ann, bob) = (place.person(), place.person());
        let tablet = place.device_of(ann.user);
        let talk = place.between(&ann, &bob).await;
        let house = House::new(place).await;
        let stored = |watcher: &Watcher| watcher.shown.talks[&talk.to_string()].stored;
        // Nobody listened before, so nobody was told.
        let first = not_counted_yet(&house.place, &bob, talk).await.seq;
        let early = house.watch(&ann).await;
        assert_eq!(stored(&early), first);
        // Somebody did, and will not be told again.
        let second = not_counted_yet(&house.place, &bob, talk).await.seq;
        let early = Mutex::new(early);
        let heard = async || {
            let mut early = early.lock().await;
            early.listen(&house.place.chat).await;
            (stored(&early) == second).then_some(())
        };
        until(PATIENCE, heard).await.unwrap();
        assert_eq!(stored(&house.watch(&tablet).await), second);
    }
}

//! An older copy of the store is put back: every device begins anew, and nothing is dropped without a word.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use auth::Identity;
use kernel::{ConversationId, EntryId, UserId};

use super::place::Place;
use super::stores::Store;
use crate::delivery::acknowledge::{Cursor, acknowledge};
use crate::delivery::devices;
use crate::delivery::store::Owner;
use crate::epochs::renew::{Task, renew};
use crate::epochs::store::Survey;
use crate::log::entry::{Entry, EntryType};
use crate::own::open;
use crate::sync::catch_up::{News, SyncRequest, catch_up};

/// A device that follows `docs/client-rules.md`.
struct Device {
    who: Identity,
    /// Epoch of each conversation, and up to where it is whole.
    marks: HashMap<ConversationId, (String, u64)>,
    /// Texts by the ids of their messages.
    messages: HashMap<EntryId, String>,
    /// Where each message came last.
    places: BTreeMap<(ConversationId, u64), EntryId>,
    since: Option<String>,
    outbox: Vec<(ConversationId, EntryId, &'static str)>,
    /// What the last call had to begin anew.
    reset: HashSet<ConversationId>,
}

impl Device {
    fn new(who: Identity) -> Self {
        let (marks, messages, places) = (HashMap::new(), HashMap::new(), BTreeMap::new());
        Self { who, marks, messages, places, since: None, outbox: vec![], reset: HashSet::new() }
    }

    /// Connects, reads what is new, stores it, says so, and sends what is in the outbox.
    async fn call(&mut self, place: &Place) {
        self.reset.clear();
        devices::ensure_registered(&place.chat, &self.who).await.unwrap();
        loop {
            let request = SyncRequest { since: self.since.clone(), cursors: None };
            let answer = catch_up(&place.chat, &self.who, request).await.unwrap();
            answer.conversations.into_iter().for_each(|news| self.take(news));
            self.since = Some(answer.since);
            if !answer.more {
                break;
            }
        }
        self.acknowledge(place).await;
        for (conversation, id, text) in std::mem::take(&mut self.outbox) {
            let entry = place.send(&self.who, conversation, id, text).await.unwrap().entry;
            self.hear(&entry);
        }
        self.acknowledge(place).await;
    }

    async fn acknowledge(&self, place: &Place) {
        let cursor = |(id, (epoch, seq)): (&ConversationId, &(String, u64))| Cursor {
            conversation_id: *id,
            seq: *seq,
            epoch: epoch.clone(),
        };
        let cursors: Vec<Cursor> = self.marks.iter().map(cursor).collect();
        acknowledge(&place.chat, &self.who, &cursors).await.unwrap();
    }

    fn take(&mut self, news: News) {
        let News { conversation, entries, gone, reset } = news;
        let id = conversation.id;
        let known = self.marks.get(&id).is_some_and(|(epoch, _)| *epoch == conversation.epoch);
        if reset || !known {
            if self.marks.contains_key(&id) {
                self.reset.insert(id);
            }
            self.marks.insert(id, (conversation.epoch, conversation.floor));
            self.places.retain(|place, _| place.0 != id);
        }
        let mut entries = entries.into_iter().peekable();
        let mut gone = gone.into_iter().peekable();
        loop {
            let next = self.marks[&id].1 + 1;
            if let Some(entry) = entries.next_if(|entry| entry.seq <= next) {
                self.hear(&entry);
            } else if let Some((_, to)) = gone.next_if(|(from, _)| *from <= next) {
                let mark = self.marks.get_mut(&id).unwrap();
                mark.1 = mark.1.max(to);
            } else {
                assert!(entries.peek().is_none() && gone.peek().is_none(), "a hole at {next}");
                break;
            }
        }
    }

    fn hear(&mut self, entry: &Entry) {
        let mark = self.marks.get_mut(&entry.conversation).unwrap();
        if entry.seq <= mark.1 {
            return; // It was there before.
        }
        assert_eq!(entry.seq, mark.1 + 1, "a hole");
        mark.1 = entry.seq;
        if entry.kind != EntryType::Message {
            return;
        }
        if let Some(data) = &entry.data {
            let data: serde_json::Value = serde_json::from_str(data.get()).unwrap();
            self.messages.insert(entry.id, data["text"].as_str().unwrap().to_owned());
        }
        self.places.insert((entry.conversation, entry.seq), entry.id);
    }

    fn has(&self, text: &str) -> usize {
        self.messages.values().filter(|message| *message == text).count()
    }

    /// Messages of the conversation that have a place in its log, in order.
    fn log(&self, id: ConversationId) -> Vec<&str> {
        let own = self.places.range((id, 0)..=(id, u64::MAX));
        own.map(|(_, message)| self.messages.get(message).map_or("", String::as_str)).collect()
    }
}

/// Everybody, and what they are in.
struct Street {
    phone: Device,
    tablet: Device,
    bob: Device,
    carl: Device,
    talk: ConversationId,
    /// Everybody has everything of it.
    quiet: ConversationId,
    kept: ConversationId,
}

impl Street {
    async fn settle(place: &Place) -> Self {
        let (ann, bob, carl) = (place.person(), place.person(), place.person());
        let tablet = Device::new(place.device_of(ann.user));
        let talk = place.between(&ann, &bob).await;
        let quiet = place.between(&ann, &carl).await;
        let kept = place.archive(&ann, &bob).await;
        let own = [ann.user, bob.user, carl.user];
        let [phone, bob, carl] = [ann, bob, carl].map(Device::new);
        let mut street = Self { phone, tablet, bob, carl, talk, quiet, kept };
        street.everybody_calls(place).await;
        // Notes come by themselves: once they are there nothing else does.
        for (user, count) in own.into_iter().zip([2, 1, 1]) {
            place.notes(user, count).await;
        }
        street
    }

    fn everybody(&mut self) -> [&mut Device; 4] {
        [&mut self.phone, &mut self.tablet, &mut self.bob, &mut self.carl]
    }

    async fn everybody_calls(&mut self, place: &Place) {
        for device in self.everybody() {
            device.call(place).await;
        }
    }

    fn places_of(&self, user: UserId) -> HashSet<ConversationId> {
        let mut places = HashSet::from([open::id(user)]);
        if user == self.phone.who.user {
            places.extend([self.talk, self.quiet, self.kept]);
        } else if user == self.bob.who.user {
            places.extend([self.talk, self.kept]);
        } else {
            places.insert(self.quiet);
        }
        places
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_device_begins_anew_and_nothing_is_lost_or_hidden() {
    for store in [Store::Sqlite, Store::Mongo] {
        eprintln!("{store:?}");
        put_back(store).await;
    }
}

async fn put_back(store: Store) {
    let place = Place::on(store).await;
    let mut street = Street::settle(&place).await;
    let (ann, carl) = (street.phone.who, street.carl.who);
    let (talk, quiet, kept) = (street.talk, street.quiet, street.kept);
    for (who, to, text) in
        [(&ann, talk, "t1"), (&carl, quiet, "q1"), (&carl, quiet, "q2"), (&ann, kept, "k1")]
    {
        place.say(who, to, text).await;
    }
    street.everybody_calls(&place).await;
    place.say(&ann, talk, "t2, which the tablet has not heard").await;
    street.phone.call(&place).await;
    street.bob.call(&place).await;
    let copy = place.kept.copy().await;

    let mut laptop = live_on(&place, &mut street).await;

    // The service is stopped, the copy put back, and the service started again.
    let clock = Arc::clone(&place.clock);
    let (restored, epochs) = copy.open(Arc::clone(&clock) as Arc<dyn kernel::Clock>).await;
    let looked = renew(&*restored.log, &*epochs, Task::Survey, |_| {}).await.unwrap();
    let mut seen = Vec::new();
    let again = Task::Renew("another");
    let renewed = renew(&*restored.log, &*epochs, again, |found| seen.push(found)).await;
    let renewed = renewed.unwrap();
    assert_eq!((looked, seen), (renewed, vec![renewed]));
    // Three conversations with two of Ann's devices and one other, and each person's own.
    let cursors = 3 * 3 + 2 + 1 + 1;
    assert_eq!(renewed, Survey { conversations: 6, cursors, above: 0, read_above: 0 });
    let place = Place::over(restored, clock, 8);
    for device in street.everybody().into_iter().chain([&mut laptop]) {
        place.town.log_in(Owner { user: device.who.user, device: device.who.device });
    }

    let expected = [ann, ann, street.bob.who, carl].map(|who| street.places_of(who.user));
    for (device, expected) in street.everybody().into_iter().zip(expected) {
        device.call(&place).await;
        assert_eq!(device.reset, expected);
    }
    let known: HashSet<_> = laptop.marks.keys().copied().collect();
    assert!(known.len() >= 3);
    laptop.call(&place).await;
    assert_eq!(laptop.reset, known, "the copy does not know the device");
    afterwards(&place, street, laptop).await;
}

/// What happens after the copy was taken, and is not in it.
async fn live_on(place: &Place, street: &mut Street) -> Device {
    let (ann, bob, carl) = (street.phone.who, street.bob.who, street.carl.who);
    let mut laptop = Device::new(place.device_of(ann.user));
    laptop.call(place).await;
    for (who, to, text) in [
        (&bob, street.talk, "lost t3"),
        (&bob, street.talk, "lost t4"),
        (&carl, street.quiet, "lost q3"),
        (&carl, street.quiet, "lost q4"),
        (&ann, street.kept, "lost k2"),
    ] {
        place.say(who, to, text).await;
    }
    // Stored, and the answer is lost on its way.
    let (unanswered, unsent) = (place.entry_id(), place.entry_id());
    place.send(&bob, street.talk, unanswered, "unanswered").await.unwrap();
    for device in [&mut street.phone, &mut street.bob, &mut street.carl, &mut laptop] {
        device.call(place).await;
    }
    let talk = street.talk;
    street.bob.outbox = vec![(talk, unanswered, "unanswered"), (talk, unsent, "unsent")];
    assert_eq!((street.phone.has("lost t4"), street.carl.has("lost q4")), (1, 1));
    assert_eq!((street.phone.has("unanswered"), laptop.has("lost k2")), (1, 1));
    laptop
}

async fn afterwards(place: &Place, mut street: Street, mut laptop: Device) {
    let (talk, quiet, kept) = (street.talk, street.quiet, street.kept);
    let (ann, carl) = (street.phone.who, street.carl.who);
    street.everybody_calls(place).await;
    laptop.call(place).await;
    let anew = street.everybody().into_iter().chain([&mut laptop]);
    assert!(anew.map(|device| device.reset.len()).all(|count| count == 0), "once is enough");

    // Live, at positions that were taken before.
    let in_quiet = place.say(&carl, quiet, "new q").await;
    let in_talk = place.say(&ann, talk, "new t").await;
    for device in [&mut street.phone, &mut street.tablet, &mut laptop] {
        device.hear(&in_quiet);
        device.hear(&in_talk);
    }
    street.carl.hear(&in_quiet);
    street.bob.hear(&in_talk);

    let late = "t2, which the tablet has not heard";
    for device in [&street.phone, &street.tablet, &laptop] {
        for text in ["unanswered", "unsent", "new t", "new q"] {
            assert_eq!(device.has(text), 1, "{text}");
        }
    }
    for device in [&street.phone, &street.tablet, &street.bob] {
        assert!(["t1", late, "k1", "unsent"].iter().all(|text| device.has(text) == 1));
        let new = device.log(talk);
        assert!(new.ends_with(&["unanswered", "unsent", "new t"]), "{new:?}");
    }
    // Keeps what it had, also what the server does not know any more.
    assert_eq!((street.phone.has("lost t4"), street.carl.has("lost q4")), (1, 1));
    assert_eq!((street.bob.has("lost t3"), laptop.has("lost k2")), (1, 1));

    street.everybody_calls(place).await;
    assert!(place.contents(talk).await.contains(&true), "the laptop has not said so yet");
    laptop.call(place).await;
    assert!(!place.contents(talk).await.contains(&true));
    assert!(!place.contents(quiet).await.contains(&true));
    assert!(!place.contents(kept).await.contains(&false));
}

#[tokio::test]
async fn an_empty_copy_is_put_back_under_devices_that_had_more() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let mut phone = Device::new(bob);
    phone.call(&place).await;
    place.notes(bob.user, 1).await;
    let copy = place.kept.copy().await;
    place.say(&ann, talk, "lost").await;
    phone.call(&place).await;
    assert_eq!(phone.marks[&talk].1, 1);
    let clock = Arc::clone(&place.clock);
    let (restored, epochs) = copy.open(Arc::clone(&clock) as Arc<dyn kernel::Clock>).await;
    let again = Task::Renew("another");
    renew(&*restored.log, &*epochs, again, |_| {}).await.unwrap();
    let place = Place::over(restored, clock, 8);
    phone.call(&place).await;
    assert!(phone.reset.contains(&talk));
    let entry = place.say(&ann, talk, "new").await;
    phone.hear(&entry);
    assert_eq!((phone.has("lost"), phone.has("new"), phone.log(talk)), (1, 1, vec!["new"]));
    phone.call(&place).await;
    assert!(phone.reset.is_empty());
}

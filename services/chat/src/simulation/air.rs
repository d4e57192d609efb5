//! What travels between the instances: events that get lost, come late, come twice, or do not come through at all for a
//! while; and the short-lived keys.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fanout::{Fanout, FanoutError, Happening, Listener, Subject};
use kv::{Field, Hit, Kv, KvError, Limit};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::weather::{Broken, Weather};
use crate::live::frame::{Frame, FrameKind};

/// What is on the air.
#[derive(Debug)]
pub struct Air {
    ears: Mutex<Vec<Arc<Ear>>>,
    /// Entries that were handed to the fan-out, whether they got through or not.
    told: Mutex<BTreeSet<([u8; 16], u64)>>,
    weather: Arc<Weather>,
}

impl Air {
    pub fn new(weather: Arc<Weather>) -> Arc<Self> {
        Arc::new(Self { ears: Mutex::default(), told: Mutex::default(), weather })
    }

    pub fn was_told(&self, subject: Subject, seq: u64) -> bool {
        self.told.lock().unwrap().contains(&(subject.0, seq))
    }

    fn note(&self, subject: Subject, payload: &Bytes) {
        let Some(frame) = Frame::decode(payload) else { return };
        if frame.kind == FrameKind::Entry {
            self.told.lock().unwrap().insert((subject.0, frame.place.seq));
        }
    }

    fn spread(&self, subject: Subject, payload: &Bytes) {
        let weather = &self.weather;
        for ear in self.ears.lock().unwrap().iter() {
            let copies = if weather.strikes(weather.rates.lost_events) {
                0
            } else {
                1 + u32::from(weather.strikes(weather.rates.doubled_events))
            };
            for _ in 0..copies {
                let way = weather.up_to(weather.rates.event_ms);
                let (ear, payload) = (Arc::clone(ear), payload.clone());
                tokio::spawn(async move {
                    sleep(way).await;
                    ear.hear(subject, payload);
                });
            }
        }
    }
}

/// One instance's radio.
#[derive(Debug)]
pub struct Radio {
    pub air: Arc<Air>,
    /// The instance is dead.
    pub cut: Arc<AtomicBool>,
    /// The instance cannot reach the fan-out.
    pub deaf: Arc<AtomicBool>,
}

#[async_trait]
impl Fanout for Radio {
    async fn publish(&self, subject: Subject, payload: Bytes) -> Result<(), FanoutError> {
        let weather = &self.air.weather;
        if weather.is_broken(Broken::PublishAfterAcknowledging) {
            let (air, cut) = (Arc::clone(&self.air), Arc::clone(&self.cut));
            tokio::spawn(async move {
                sleep(Duration::from_millis(50)).await;
                if !cut.load(Ordering::Relaxed) {
                    air.note(subject, &payload);
                    air.spread(subject, &payload);
                }
            });
            return Ok(());
        }
        sleep(weather.up_to(3)).await;
        if self.cut.load(Ordering::Relaxed) {
            // Nobody is there any more to hear how it ended.
            return std::future::pending().await;
        }
        self.air.note(subject, &payload);
        if self.deaf.load(Ordering::Relaxed) {
            return Err(FanoutError("out of reach".to_owned()));
        }
        self.air.spread(subject, &payload);
        Ok(())
    }

    async fn listen(&self) -> Result<Box<dyn Listener>, FanoutError> {
        let (cut, deaf) = (Arc::clone(&self.cut), Arc::clone(&self.deaf));
        let ear = Arc::new(Ear { cut, deaf, state: Mutex::default(), changed: Notify::new() });
        let mut ears = self.air.ears.lock().unwrap();
        ears.retain(|ear| !ear.cut.load(Ordering::Relaxed));
        ears.push(Arc::clone(&ear));
        Ok(Box::new(Listening { ear, weather: Arc::clone(&self.air.weather) }))
    }

    async fn ping(&self) -> Result<(), FanoutError> {
        Ok(())
    }
}

#[derive(Debug)]
struct Ear {
    cut: Arc<AtomicBool>,
    deaf: Arc<AtomicBool>,
    state: Mutex<(BTreeSet<[u8; 16]>, VecDeque<Happening>)>,
    changed: Notify,
}

impl Ear {
    fn hear(&self, subject: Subject, payload: Bytes) {
        let mut state = self.state.lock().unwrap();
        let shut = self.cut.load(Ordering::Relaxed) || self.deaf.load(Ordering::Relaxed);
        if !shut && state.0.contains(&subject.0) {
            state.1.push_back(Happening::Event { subject, payload });
            self.changed.notify_one();
        }
    }
}

#[derive(Debug)]
struct Listening {
    ear: Arc<Ear>,
    weather: Arc<Weather>,
}

#[async_trait]
impl Listener for Listening {
    async fn watch(&self, subjects: &[Subject]) -> Result<(), FanoutError> {
        sleep(self.weather.up_to(20)).await;
        self.ear.state.lock().unwrap().0.extend(subjects.iter().map(|subject| subject.0));
        Ok(())
    }

    async fn unwatch(&self, subjects: &[Subject]) {
        let mut state = self.ear.state.lock().unwrap();
        for subject in subjects {
            state.0.remove(&subject.0);
        }
    }

    fn is_behind(&self) -> bool {
        false
    }

    async fn next(&self) -> Option<Happening> {
        loop {
            let next = self.ear.state.lock().unwrap().1.pop_front();
            if next.is_some() {
                return next;
            }
            self.ear.changed.notified().await;
        }
    }
}

impl Air {
    /// Instances that were deaf learn, when they hear again, that they missed something.
    pub fn tell_gap(&self, deaf: &Arc<AtomicBool>) {
        for ear in self.ears.lock().unwrap().iter().filter(|ear| Arc::ptr_eq(&ear.deaf, deaf)) {
            ear.state.lock().unwrap().1.push_back(Happening::Gap);
            ear.changed.notify_one();
        }
    }
}

/// A value, and until when it stays.
type Kept = (Vec<u8>, Option<Instant>);

/// Short-lived keys, in memory.
#[derive(Debug, Default)]
pub struct Keys(Mutex<BTreeMap<String, Kept>>);

impl Keys {
    fn live(&self, key: &str) -> Option<Vec<u8>> {
        let mut keys = self.0.lock().unwrap();
        let now = Instant::now();
        keys.retain(|_, (_, until)| until.is_none_or(|until| until > now));
        keys.get(key).map(|(value, _)| value.clone())
    }

    fn fields_of(&self, key: &str) -> Vec<Field> {
        let keys = self.0.lock().unwrap();
        let now = Instant::now();
        let field = |(name, (value, until)): (&String, &Kept)| {
            let name = name.strip_prefix(key)?.strip_prefix('\0')?;
            let lives = until.is_none_or(|until| until > now);
            lives.then(|| Field {
                key: key.to_owned(),
                name: name.to_owned(),
                value: value.clone(),
            })
        };
        keys.iter().filter_map(field).collect()
    }
}

#[async_trait]
impl Kv for Keys {
    async fn set(&self, key: &str, value: &[u8], ttl: Duration) -> Result<(), KvError> {
        let until = Instant::now().checked_add(ttl);
        self.0.lock().unwrap().insert(key.to_owned(), (value.to_vec(), until));
        Ok(())
    }

    async fn set_if_absent(&self, key: &str, value: &[u8], ttl: Duration) -> Result<bool, KvError> {
        if self.live(key).is_some() {
            return Ok(false);
        }
        self.set(key, value, ttl).await.map(|()| true)
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        Ok(self.live(key))
    }

    async fn get_all(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, KvError> {
        Ok(keys.iter().map(|key| self.live(key)).collect())
    }

    async fn take(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        let value = self.live(key);
        self.0.lock().unwrap().remove(key);
        Ok(value)
    }

    async fn remove_if(&self, key: &str, value: &[u8]) -> Result<bool, KvError> {
        let same = self.live(key).is_some_and(|there| there == value);
        if same {
            self.0.lock().unwrap().remove(key);
        }
        Ok(same)
    }

    async fn set_fields(&self, fields: &[Field], ttl: Duration) -> Result<(), KvError> {
        for Field { key, name, value } in fields {
            self.set(&format!("{key}\0{name}"), value, ttl).await?;
        }
        Ok(())
    }

    async fn remove_field(&self, key: &str, name: &str) -> Result<(), KvError> {
        self.take(&format!("{key}\0{name}")).await.map(drop)
    }

    async fn fields(&self, keys: &[String]) -> Result<Vec<Vec<Field>>, KvError> {
        Ok(keys.iter().map(|key| self.fields_of(key)).collect())
    }

    async fn hit(&self, _: &str, _: &[Limit]) -> Result<Hit, KvError> {
        Ok(Hit::Allowed)
    }

    async fn ping(&self) -> Result<(), KvError> {
        Ok(())
    }
}

//! One run: people write, things go wrong, everything heals.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth::{Identity, Issuer};
use kernel::{Clock, ConversationId, DeviceId, Random, SessionId, UserId};
use sqlite::{Database, Engine};
use tokio::sync::Notify;
use tokio::time::sleep;

use super::air::{Air, Keys};
use super::check;
use super::client::{Client, Fleet};
use super::disk::Disk;
use super::instance::{Common, Instance};
use super::server::{DEADLINE, Server, Wire};
use super::weather::{Broken, VirtualClock, Weather};
use crate::conversations::create;
use crate::delivery::store::Owner;
use crate::tests::place::Town;

/// After so long of calm everything has to be right.
const HEALED: Duration = Duration::from_mins(4);

/// What a run consists of.
pub struct Story {
    pub common: Arc<Common>,
    pub fleet: Fleet,
    pub clients: Vec<Arc<Client>>,
    pub talks: Vec<ConversationId>,
}

/// Tells the story of a seed: what went wrong, and the diary.
pub async fn tell(seed: u64, broken: Option<Broken>) -> (Result<(), String>, Vec<String>) {
    let weather = Weather::new(seed, broken);
    let told = play(&weather).await;
    (told.and_then(|()| weather.verdict()), weather.diary())
}

async fn play(weather: &Arc<Weather>) -> Result<(), String> {
    weather.say(format_args!("{:?}", weather.rates));
    let mut story = Story::begin(weather).await;
    if weather.rates.fail_overs {
        story.common.server.replicate();
    }
    weather.set_calm(false);
    story.storm().await;
    weather.set_calm(true);
    story.heal().await;
    check::settled(&story).await?;
    check::all(&story)
}

impl Story {
    /// Two to four instances; two to four people with one or two devices, each pair of the first with a conversation.
    async fn begin(weather: &Arc<Weather>) -> Self {
        let server = Server::new(Arc::clone(weather));
        let wire = Wire { server: Arc::clone(&server), cut: Arc::default() };
        let db = Database::on(Arc::new(wire) as Arc<dyn Engine>, DEADLINE);
        crate::sqlite::migrate(&db).await.unwrap();
        let issuer = Issuer::new([7; 32], "sim", "sim", Duration::from_hours(24)).unwrap();
        let common = Arc::new(Common {
            weather: Arc::clone(weather),
            air: Air::new(Arc::clone(weather)),
            server,
            kv: Arc::new(Keys::default()),
            town: Arc::new(Town::default()),
            clock: Arc::new(VirtualClock::default()),
            issuer: Arc::new(issuer),
            settings: settings(),
        });
        let mut story = Self {
            common,
            fleet: Arc::new(Mutex::new(Vec::new())),
            clients: Vec::new(),
            talks: Vec::new(),
        };
        for _ in 0..2 + weather.random.below(3) {
            let instance = Instance::start(&story.common).await;
            story.fleet.lock().unwrap().push(instance);
        }
        let people = 2 + below(&weather.random, 3);
        for name in ('A'..='D').take(people) {
            let user = UserId::new_v7(story.common.clock.now(), &weather.random);
            for device in 0..=weather.random.below(2) {
                story.log_in(user, format!("{name}{device}"));
            }
        }
        story.open_talks().await;
        for client in &story.clients {
            tokio::spawn(Arc::clone(client).run());
        }
        story
    }

    fn log_in(&mut self, user: UserId, name: String) {
        let (now, random) = (self.common.clock.now(), &self.common.weather.random);
        let device = DeviceId::new_v7(now, random);
        let session = SessionId::new_v7(now, random);
        self.common.town.log_in(Owner { user, device });
        let expires_at = now.plus(Duration::from_hours(24));
        self.clients.push(Arc::new(Client {
            common: Arc::clone(&self.common),
            fleet: Arc::clone(&self.fleet),
            identity: Identity { user, session, device, expires_at },
            disk: Mutex::new(Disk { name, ..Disk::default() }),
            wrote: Notify::new(),
            unplug: Mutex::default(),
            unplugged: Notify::new(),
        }));
    }

    async fn open_talks(&mut self) {
        let chat = self.fleet.lock().unwrap()[0].clone().unwrap();
        let first = self.clients[0].identity;
        let mut others: Vec<UserId> =
            self.clients.iter().map(|client| client.identity.user).collect();
        others.dedup();
        for other in others.into_iter().filter(|other| *other != first.user) {
            let opened = create::open_direct(&chat.chat, &first, other).await.unwrap();
            self.talks.push(opened.conversation.id);
        }
        if self.common.weather.is_broken(Broken::FloorForgetsADevice) {
            let device = self.clients.last().unwrap().identity.device;
            check::forget_device(&self.common.server, device);
        }
    }

    /// People write, and things happen.
    async fn storm(&mut self) {
        let weather = Arc::clone(&self.common.weather);
        let rounds = 20 + weather.random.below(60);
        let busy = 10 + weather.random.below(700);
        for _ in 0..rounds {
            sleep(weather.up_to(busy)).await;
            match weather.random.below(100) {
                0..70 => self.somebody_writes(),
                70..76 => self.crash_one(),
                76..84 => self.unplug_one(),
                84..88 => self.deafen_one(),
                88..94 => {
                    // Something is under way then.
                    self.somebody_writes();
                    sleep(weather.up_to(weather.rates.behind_ms)).await;
                    self.common.server.fail_over().await;
                }
                94..97 => self.join_one(),
                _ => sleep(weather.between(500, 5_000)).await,
            }
        }
    }

    fn somebody_writes(&self) {
        let random = &self.common.weather.random;
        let client = &self.clients[below(random, self.clients.len())];
        let inside: Vec<ConversationId> = self.talks_of(client.identity.user);
        let Some(talk) = inside.get(below(random, inside.len())) else { return };
        for _ in 0..=random.below(4) {
            client.write(*talk);
        }
    }

    /// Conversations of a person.
    pub fn talks_of(&self, user: UserId) -> Vec<ConversationId> {
        check::members(&self.common.server, user)
    }

    fn crash_one(&self) {
        let weather = &self.common.weather;
        let number = below(&weather.random, self.fleet.lock().unwrap().len());
        let Some(instance) = self.fleet.lock().unwrap()[number].take() else { return };
        weather.say(format_args!("instance {number} crashes"));
        instance.crash();
        let (common, fleet) = (Arc::clone(&self.common), Arc::clone(&self.fleet));
        let away = weather.between(100, 6_000);
        tokio::spawn(async move {
            sleep(away).await;
            let fresh = Instance::start(&common).await;
            common.weather.say(format_args!("instance {number} is back"));
            fleet.lock().unwrap()[number] = fresh;
        });
    }

    fn unplug_one(&self) {
        let weather = &self.common.weather;
        let client = &self.clients[below(&weather.random, self.clients.len())];
        *client.unplug.lock().unwrap() = Some(weather.between(10, 12_000));
        client.unplugged.notify_one();
    }

    fn deafen_one(&self) {
        let weather = Arc::clone(&self.common.weather);
        let number = below(&weather.random, self.fleet.lock().unwrap().len());
        let Some(instance) = self.fleet.lock().unwrap()[number].clone() else { return };
        weather.say(format_args!("instance {number} is deaf"));
        instance.deaf.store(true, Ordering::Relaxed);
        let (air, away) = (Arc::clone(&self.common.air), weather.between(200, 8_000));
        tokio::spawn(async move {
            sleep(away).await;
            instance.deaf.store(false, Ordering::Relaxed);
            air.tell_gap(&instance.deaf);
            weather.say(format_args!("instance {number} hears again"));
        });
    }

    /// Somebody takes a further device.
    fn join_one(&mut self) {
        let random = &self.common.weather.random;
        let user = self.clients[below(random, self.clients.len())].identity.user;
        let name = format!("+{}", self.clients.len());
        self.common.weather.say(format_args!("{name} logs in"));
        self.log_in(user, name);
        if let Some(client) = self.clients.last() {
            tokio::spawn(Arc::clone(client).run());
        }
    }

    /// Every instance is there and every client has time.
    async fn heal(&self) {
        // Whoever was away, deaf or without a primary is back by then.
        sleep(Duration::from_secs(15)).await;
        let ready = || {
            self.fleet.lock().unwrap().iter().all(Option::is_some)
                && self.clients.iter().all(|client| client.disk().is_settled())
        };
        for _ in 0..HEALED.as_secs() {
            sleep(Duration::from_secs(1)).await;
            if ready() || self.common.weather.verdict().is_err() {
                break;
            }
        }
    }
}

pub fn below(random: &dyn Random, count: usize) -> usize {
    usize::try_from(random.below(count as u64)).unwrap_or(0)
}

fn settings() -> settings::Chat {
    let mut settings = settings::Settings::load(None, [], &[]).unwrap().chat;
    settings.limits.sends_per_second = 1_000_000;
    settings.limits.sends_burst = 1_000_000;
    settings.limits.changes_per_minute = 1_000_000;
    settings
}

//! The presence of this instance's people: leases taken and given back, and what has changed told to those who look.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use kernel::UserId;
use kv::KvError;
use serde_json::json;

use super::due::Due;
use super::leases::{Lease, Leases};
use super::status::{Chosen, Known};
use super::watchers::Watchers;
use crate::chat::Chat;
use crate::live::socket::hub::Hub;
use crate::live::socket::seat::Seat;

/// Before what could not be told is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Who is here, and who looks.
#[derive(Debug)]
pub struct Presence {
    pub(super) chat: Arc<Chat>,
    pub(super) hub: Arc<Hub>,
    pub(super) leases: Leases,
    pub(super) watchers: Arc<Watchers>,
    due: Mutex<Due>,
}

impl Presence {
    /// Of the sockets in this hub.
    pub fn new(chat: Arc<Chat>, hub: Arc<Hub>, leases: Leases) -> Self {
        Self { chat, hub, leases, watchers: Arc::default(), due: Mutex::default() }
    }

    /// Whether this instance has so much to do that what can be spared is left out.
    pub fn is_busy(&self) -> bool {
        self.hub.is_behind() || self.chat.appender.is_crowded()
    }

    /// How somebody is seen was heard through the fan-out. What is left out under load is read later.
    pub fn heard(&self, user: UserId, body: Bytes) {
        if self.is_busy() {
            metrics::counter!("presence_shed_total").increment(1);
            return;
        }
        self.watchers.heard(user, body);
    }

    /// A socket came. It has a moment to say how it wants to be seen.
    pub fn arrived(&self, user: UserId) {
        let spread = self.chat.settings.presence.spread_ms;
        self.set(user, spread + self.chat.random.below(spread.max(1)));
    }

    /// A socket says something.
    pub fn update(&self, seat: &Seat, chosen: Chosen) {
        seat.presence.choose(chosen);
        self.set(seat.identity.user, 0);
    }

    /// A socket went. The person may be back in a moment.
    pub fn left(&self, seat: &Arc<Seat>) {
        self.set(seat.identity.user, self.chat.settings.presence.grace_ms);
        let watched = seat.presence.leave();
        for user in &watched {
            self.watchers.remove(*user, seat);
        }
        self.tidy(watched);
    }

    fn set(&self, user: UserId, millis: u64) {
        let at = self.chat.clock.monotonic() + Duration::from_millis(millis);
        self.due().set(user, at);
    }

    /// Tells what is due. Under load it waits.
    pub async fn tell_due(&self) {
        let now = self.chat.clock.monotonic();
        let users = self.due().take(now, self.chat.settings.presence.batch);
        if users.is_empty() {
            return;
        }
        if self.is_busy() {
            metrics::counter!("presence_shed_total").increment(users.len() as u64);
            return self.put_off(&users);
        }
        if let Err(error) = self.tell(&users).await {
            tracing::debug!(%error, people = users.len(), "presence cannot be told yet");
            metrics::counter!("presence_failed_total").increment(1);
            self.put_off(&users);
        }
    }

    fn put_off(&self, users: &[UserId]) {
        let at = self.chat.clock.monotonic() + AGAIN;
        let mut due = self.due();
        for user in users {
            due.set_if_none(*user, at);
        }
    }

    #[tracing::instrument(level = "debug", skip_all, fields(people = users.len()))]
    async fn tell(&self, users: &[UserId]) -> Result<(), KvError> {
        let leases: Vec<Lease> = users
            .iter()
            .flat_map(|user| self.hub.seats_of(*user))
            .map(|seat| lease(&seat, seat.presence.settle()))
            .collect();
        self.leases.renew(&leases).await?;
        self.give_back(users, &leases).await?;
        let known = self.leases.read(users).await?;
        let known = self.discreet(users, known).await;
        for (user, known) in users.iter().zip(known) {
            if self.due().is_news(*user, known.shown) {
                self.chat.announcer.presence(*user, body(*user, known)).await;
            }
            self.due().told(*user, known.shown);
        }
        Ok(())
    }

    /// What may be told of these people: not when they were last here, of those who do not let others see it, and as long as
    /// that is not known.
    pub(super) async fn discreet(&self, users: &[UserId], mut known: Vec<Known>) -> Vec<Known> {
        let discretions = self.chat.people.discretions(users).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "nobody is told when people were last here");
            Vec::new()
        });
        for (at, known) in known.iter_mut().enumerate() {
            if discretions.get(at).is_none_or(|discretion| discretion.hides_last_seen) {
                known.last_seen = None;
            }
        }
        known
    }

    /// Ends the leases of devices that are not here any more, and notes who has left.
    async fn give_back(&self, users: &[UserId], leases: &[Lease]) -> Result<(), KvError> {
        let mut left = Vec::new();
        for user in users {
            let own = leases.iter().filter(|lease| lease.user == *user);
            let devices: BTreeSet<_> = own.map(|lease| lease.device).collect();
            if devices.is_empty() {
                left.push(*user);
            }
            let ended = self.due().hold(*user, devices);
            for device in ended {
                self.leases.end(*user, device).await?;
            }
        }
        self.leases.seen(&left, self.chat.clock.now()).await
    }

    /// Renews the leases of everybody who is here.
    pub async fn renew(&self) {
        let said = |seat: &Arc<Seat>| Some(lease(seat, seat.presence.chosen()?));
        let leases: Vec<Lease> = self.hub.seats().iter().filter_map(said).collect();
        metrics::gauge!("presence_leases")
            .set(f64::from(u32::try_from(leases.len()).unwrap_or(u32::MAX)));
        if let Err(error) = self.leases.renew(&leases).await {
            tracing::warn!(%error, "presence cannot be renewed: people may be shown as offline");
            metrics::counter!("presence_failed_total").increment(1);
        }
    }

    fn due(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lease(seat: &Seat, chosen: Chosen) -> Lease {
    Lease { user: seat.identity.user, device: seat.identity.device, chosen }
}

/// As clients get it.
pub(super) fn body(user: UserId, known: Known) -> Bytes {
    let Known { shown, last_seen } = known;
    let body = json!({ "userId": user, "status": shown, "lastSeenAt": last_seen });
    body.to_string().into()
}

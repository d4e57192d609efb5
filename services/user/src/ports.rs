//! What the use cases work with.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use auth::{Issuer, Revocations, Sealer};
use bus::Bus;
use kernel::{Clock, Random};
use kv::Kv;
use settings::Settings;
use uuid::Uuid;

use crate::accounts::{Accounts, SeenSince};
use crate::contacts::Contacts;
use crate::outbox::{Cause, Nudge};
use crate::pepper::Pepper;
use crate::profiles::Profiles;

/// The ports, keys and settings of this service; one for the process.
pub(crate) struct Ports {
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) profiles: Arc<dyn Profiles>,
    pub(crate) contacts: Arc<dyn Contacts>,
    pub(crate) kv: Arc<dyn Kv>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) nudge: Nudge,
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) revocations: Revocations,
    pub(crate) pepper: Pepper,
    pub(crate) sealer: Sealer,
    pub(crate) settings: Arc<Settings>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports").finish_non_exhaustive()
    }
}

impl Ports {
    /// What is about to happen now.
    pub(crate) fn cause(&self) -> Cause {
        Cause::new(self.clock.as_ref(), self.random.as_ref())
    }

    /// An id that nobody can guess.
    pub(crate) fn secret_id(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.noise()).into_uuid()
    }

    /// Sixteen random bytes.
    pub(crate) fn noise(&self) -> [u8; 16] {
        let mut noise = [0_u8; 16];
        self.random.fill(&mut noise);
        noise
    }

    /// How long a session lasts without being refreshed.
    pub(crate) fn session_idle(&self) -> Duration {
        Duration::from_secs(self.settings.user.login.session_idle_s)
    }

    /// Since when a device must have been seen to count, as of now.
    pub(crate) fn seen_since(&self) -> SeenSince {
        let now = self.clock.now();
        let devices = &self.settings.user.devices;
        let others = now.minus(Duration::from_secs(devices.idle_s));
        let web = now.minus(Duration::from_secs(devices.web_idle_s));
        SeenSince { now, others, web: web.max(others) }
    }
}

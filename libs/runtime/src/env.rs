use std::sync::Arc;

use kernel::{Clock, Random};
use settings::{Secrets, Settings};
use sqlite::Databases;

use crate::{Measures, Tasks};

/// What a service is given when it starts. Cheap to clone; clones share everything.
#[derive(Debug, Clone)]
pub struct Env {
    /// Checked settings.
    pub settings: Arc<Settings>,
    /// The keys that this process uses.
    pub secrets: Arc<Secrets>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness fit for codes and keys.
    pub random: Arc<dyn Random>,
    /// SQLite files, each opened once.
    pub databases: Arc<Databases>,
    /// Where to spawn what runs as long as the process.
    pub tasks: Tasks,
    /// The metrics that are shown at `/metrics`.
    pub measures: Measures,
}

impl Env {
    /// An environment with fresh tasks and databases. Metrics go nowhere until [`Measures::install`].
    pub fn new(
        settings: Settings,
        secrets: Secrets,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self {
            settings: Arc::new(settings),
            secrets: Arc::new(secrets),
            clock,
            random,
            databases: Arc::default(),
            tasks: Tasks::default(),
            measures: Measures::default(),
        }
    }
}

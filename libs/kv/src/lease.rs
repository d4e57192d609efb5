use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, Random};

use crate::{Kv, KvError};

/// Work that one instance at a time does, for as long as it keeps asking. When it is gone another gets the lease once the
/// time of life has passed.
///
/// It is lost when the store loses its keys, or when its holder was slower than the time of life: two may then believe for a
/// moment that they hold it. So it saves work done twice, and protects nothing.
#[derive(Debug)]
pub struct Lease {
    kv: Arc<dyn Kv>,
    clock: Arc<dyn Clock>,
    key: String,
    /// Tells this holder from others.
    holder: [u8; 16],
    life: Duration,
    /// When it was last taken or renewed, by the monotonic clock.
    taken: Option<Duration>,
}

impl Lease {
    /// The lease of that name; not held yet.
    pub fn new(
        kv: Arc<dyn Kv>,
        clock: Arc<dyn Clock>,
        random: &dyn Random,
        name: &str,
        life: Duration,
    ) -> Self {
        let mut holder = [0; 16];
        random.fill(&mut holder);
        Self { kv, clock, key: key(name), holder, life, taken: None }
    }

    /// Whether anybody holds the lease of that name, or died holding it less than its life ago.
    pub async fn is_taken(kv: &dyn Kv, name: &str) -> Result<bool, KvError> {
        Ok(kv.get(&key(name)).await?.is_some())
    }

    /// Whether it is held from now on: takes it if nobody has it, and renews it once half its life has passed. Costs nothing
    /// before that, so it can be asked between any two steps of the work.
    pub async fn held(&mut self) -> Result<bool, KvError> {
        let now = self.clock.monotonic();
        if self.taken.is_some_and(|taken| now.saturating_sub(taken) < self.life / 2) {
            return Ok(true);
        }
        // Another may take it between the two, and then has it.
        if self.taken.take().is_some() {
            self.kv.remove_if(&self.key, &self.holder).await?;
        }
        let took = self.kv.set_if_absent(&self.key, &self.holder, self.life).await?;
        self.taken = took.then_some(now);
        Ok(took)
    }

    /// Gives it back, so that another need not wait.
    pub async fn give_back(&mut self) -> Result<(), KvError> {
        if self.taken.take().is_some() {
            self.kv.remove_if(&self.key, &self.holder).await?;
        }
        Ok(())
    }
}

fn key(name: &str) -> String {
    format!("lease:{name}")
}

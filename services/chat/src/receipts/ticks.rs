//! Tells live how far people have stored and read.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::{Clock, ConversationId, UserId};
use quick_cache::sync::Cache;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::SINGLE;
use super::due::{Due, Limits, Reached};
use crate::conversations::store::ConversationStore;
use crate::conversations::{Block, Conversation, blocks};
use crate::delivery::store::DeliveryStore;
use crate::live::announce::Announcer;
use crate::people::directory::People;
use crate::store::StoreError;

/// How often it is looked for what is due.
const TICK: Duration = Duration::from_millis(100);
/// Conversations of which something is remembered.
const REMEMBERED: usize = 50_000;
/// How long it is believed.
const BELIEVED: Duration = Duration::from_mins(1);

/// What somebody has done up to there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// One of their devices has stored it.
    Delivered,
    /// They have read it.
    Read,
}

impl What {
    const fn event(self) -> &'static str {
        match self {
            Self::Delivered => "message:delivered",
            Self::Read => "message:read",
        }
    }
}

impl Known {
    /// Whether others may see that the person has come that far.
    fn shows(&self, what: What, user: UserId, seq: u64) -> bool {
        let Some(block) = blocks::of(&self.blocks, user) else { return true };
        seq == match what {
            What::Delivered => block.delivered(seq),
            What::Read => block.read(seq),
        }
    }
}

/// What it works with.
#[derive(Debug)]
pub struct Parts {
    /// Sizes, and how far people have read.
    pub conversations: Arc<dyn ConversationStore>,
    /// How far devices have stored.
    pub delivery: Arc<dyn DeliveryStore>,
    /// Who does not let others see what they read.
    pub people: Arc<People>,
    /// Tells every instance.
    pub announcer: Announcer,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Settings.
    pub settings: settings::Receipts,
}

/// Tells receipts of this instance's people. What it says may be lost: `sync` tells it too.
#[derive(Debug)]
pub struct Ticks {
    parts: Parts,
    limits: Limits,
    due: Mutex<Due>,
    known: Cache<ConversationId, Known>,
    /// How often something was forgotten: what was read before is not remembered after.
    forgotten: AtomicU64,
}

/// When conversations were read.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    at: Duration,
    /// How often something had been forgotten.
    forgotten: u64,
}

/// What is remembered of a conversation.
#[derive(Debug, Clone)]
struct Known {
    at: Duration,
    size: u32,
    blocks: Arc<[Block]>,
}

impl Ticks {
    /// Nothing waits.
    pub fn new(parts: Parts) -> Self {
        let settings::Receipts { single_ms, counted_ms, queue } = parts.settings;
        let limits = Limits {
            single: Duration::from_millis(single_ms),
            counted: Duration::from_millis(counted_ms),
            waiting: queue,
        };
        Self {
            parts,
            limits,
            due: Mutex::default(),
            known: Cache::new(REMEMBERED),
            forgotten: AtomicU64::new(0),
        }
    }

    /// These people have come that far. Told at once, or in a moment with others.
    pub async fn tell(&self, id: ConversationId, what: What, reached: &Reached) {
        let known = match self.known(id).await {
            Ok(known) => known,
            Err(error) => return tracing::debug!(%error, "receipts are not told live"),
        };
        let large = known.size > SINGLE;
        let mut reached = reached.clone();
        reached.retain(|user, seq| known.shows(what, *user, *seq));
        // In a large one it is told how many there are, and not who.
        if what == What::Read && !large && !self.keep_shown(&mut reached).await {
            return;
        }
        if !self.due().add((id, what), large, &reached, &self.limits) {
            metrics::counter!("receipts_shed_total").increment(reached.len() as u64);
            return;
        }
        // Counting reads the store: not on the way of whoever acknowledges.
        if !large {
            self.tell_due(id, what).await;
        }
    }

    /// Leaves out whoever does not let others see what they read. Says whether that is known.
    async fn keep_shown(&self, reached: &mut Reached) -> bool {
        let users: Vec<UserId> = reached.keys().copied().collect();
        match self.parts.people.discretions(&users).await {
            Ok(discretions) => {
                for (user, _) in users.iter().zip(discretions).filter(|(_, one)| one.hides_reads) {
                    reached.remove(user);
                }
                true
            }
            Err(error) => {
                tracing::debug!(%error, "receipts are not told live");
                false
            }
        }
    }

    /// Tells what is due, until told to stop.
    pub async fn tell_on(self: Arc<Self>, stop: CancellationToken) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                _ = tick.tick() => self.tell_all().await,
            }
        }
    }

    /// Tells everything that is due now.
    pub async fn tell_all(&self) {
        let places = self.due().places();
        for (id, what) in places {
            self.tell_due(id, what).await;
        }
    }

    async fn tell_due(&self, id: ConversationId, what: What) {
        let now = self.parts.clock.monotonic();
        let taken = self.due().take((id, what), now, &self.limits);
        let Some((large, reached)) = taken else { return };
        if !large {
            for (user, seq) in reached {
                let receipt = json!({ "conversationId": id, "userId": user, "seq": seq });
                self.parts.announcer.signal(id, what.event(), &receipt).await;
            }
            return;
        }
        let Some(seq) = reached.into_values().max() else { return };
        match self.count(id, what, seq).await {
            Ok(by) => {
                let receipt = json!({ "conversationId": id, "seq": seq, "by": by });
                self.parts.announcer.signal(id, what.event(), &receipt).await;
            }
            Err(error) => tracing::debug!(%error, "receipts are not told live"),
        }
    }

    /// How many people have come that far.
    async fn count(&self, id: ConversationId, what: What, seq: u64) -> Result<usize, StoreError> {
        let standings = self.parts.delivery.standings(&[id]).await?;
        let Some(standing) = standings.get(&id) else { return Ok(0) };
        let people: BTreeSet<UserId> = standing.cursors.iter().map(|held| held.user).collect();
        match what {
            What::Delivered => {
                Ok(people.into_iter().filter(|user| standing.delivered_to(*user) >= seq).count())
            }
            What::Read => {
                let places: Vec<_> = people.into_iter().map(|user| (id, user)).collect();
                let reads = self.parts.conversations.reads(&places).await?;
                Ok(reads.into_values().filter(|read| *read >= seq).count())
            }
        }
    }

    /// Somebody has blocked somebody there.
    pub fn forget(&self, id: ConversationId) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.known.remove(&id);
    }

    /// News may have been missed.
    pub fn forget_all(&self) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.known.clear();
    }

    /// Before conversations are read for [`Ticks::learn`].
    pub fn begin(&self) -> Look {
        let forgotten = self.forgotten.load(Ordering::SeqCst);
        Look { at: self.parts.clock.monotonic(), forgotten }
    }

    /// Whoever has just read conversations says what they are, and spares reading them once more.
    pub fn learn(&self, look: Look, found: &[Conversation]) {
        for conversation in found.iter().filter(|found| self.remembered(found.id).is_none()) {
            self.remember(look, conversation.id, conversation.member_count, &conversation.blocks);
        }
    }

    async fn known(&self, id: ConversationId) -> Result<Known, StoreError> {
        if let Some(known) = self.remembered(id) {
            return Ok(known);
        }
        let look = self.begin();
        let found = self.parts.conversations.get(id).await?;
        Ok(found.map_or_else(
            || self.remember(look, id, 0, &[]),
            |found| self.remember(look, id, found.member_count, &found.blocks),
        ))
    }

    fn remembered(&self, id: ConversationId) -> Option<Known> {
        let known = self.known.get(&id)?;
        let now = self.parts.clock.monotonic();
        (now.saturating_sub(known.at) < BELIEVED).then_some(known)
    }

    fn remember(&self, look: Look, id: ConversationId, size: u32, blocks: &[Block]) -> Known {
        let known = Known { at: look.at, size, blocks: blocks.into() };
        self.known.insert(id, known.clone());
        if self.forgotten.load(Ordering::SeqCst) != look.forgotten {
            self.known.remove(&id);
        }
        known
    }

    fn due(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Folds acknowledgements: those that arrive while a write of them is under way, or shortly after one, go into the next write
//! together, of all conversations. The write that raises floors is followed at once by forgetting what nobody needs any more.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::join_all;
use kernel::ConversationId;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tracing::Instrument;

use super::retention;
use super::store::{Ack, DeliveryStore, Owner};
use crate::conversations::store::ConversationStore;
use crate::log::store::LogStore;
use crate::receipts::due::Reached;
use crate::receipts::ticks::{Ticks, What};
use crate::store::StoreError;

/// Conversations in one write.
const BATCH: usize = 1_000;

/// Whether the acknowledgement is recorded.
pub type Recorded = oneshot::Receiver<Result<(), StoreError>>;

/// Brings acknowledgements into the delivery cursors, one write at a time.
#[derive(Debug)]
pub struct Fold {
    parts: Parts,
    state: Mutex<State>,
    /// What is accepted here is finished also when the connection that brought it is gone.
    runtime: Handle,
}

/// What the fold works with.
#[derive(Debug)]
pub struct Parts {
    /// The cursors.
    pub delivery: Arc<dyn DeliveryStore>,
    /// What is forgotten.
    pub log: Arc<dyn LogStore>,
    /// The heads that conversations count.
    pub conversations: Arc<dyn ConversationStore>,
    /// Tells others how far somebody has stored.
    pub ticks: Arc<Ticks>,
    /// How often, how much.
    pub limits: Limits,
}

/// How often, and how much may wait.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Between two writes.
    pub interval: Duration,
    /// Acknowledgements that may wait; more are refused.
    pub waiting: usize,
}

#[derive(Debug, Default)]
struct State {
    /// In an order of its own, so that a simulation repeats itself.
    waiting: BTreeMap<ConversationId, Waiting>,
    /// The last conversation that was taken: the next batch begins behind it, so that all have their turn.
    last: Option<ConversationId>,
    /// Acknowledgements in `waiting`.
    count: usize,
    /// Whether a task writes.
    writing: bool,
}

/// What waits for one conversation: the highest position of each device, and everybody who wants to know.
#[derive(Debug, Default)]
struct Waiting {
    acks: HashMap<Owner, u64>,
    answers: Vec<oneshot::Sender<Result<(), StoreError>>>,
}

impl State {
    fn add(
        &mut self,
        id: ConversationId,
        ack: Ack,
        answer: oneshot::Sender<Result<(), StoreError>>,
    ) {
        let waiting = self.waiting.entry(id).or_default();
        let seq = waiting.acks.entry(ack.owner).or_default();
        *seq = (*seq).max(ack.seq);
        waiting.answers.push(answer);
        self.count += 1;
    }

    fn take(&mut self) -> Vec<(ConversationId, Waiting)> {
        let behind = (self.last.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let keys = self.waiting.range(behind).chain(&self.waiting).map(|(id, _)| *id);
        let ids: Vec<ConversationId> = keys.take(BATCH.min(self.waiting.len())).collect();
        self.last = ids.last().copied();
        let taken = ids.into_iter().filter_map(|id| self.waiting.remove_entry(&id));
        let taken: Vec<_> = taken.collect();
        self.count -= taken.iter().map(|(_, waiting)| waiting.answers.len()).sum::<usize>();
        taken
    }
}

impl Fold {
    /// Writes on the runtime that this is called on.
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self { parts, state: Mutex::default(), runtime: Handle::current() })
    }

    /// Takes an acknowledgement that was checked. The answer comes when it is recorded.
    pub fn submit(self: &Arc<Self>, id: ConversationId, ack: Ack) -> Recorded {
        let (answer, receiver) = oneshot::channel();
        let mut state = self.state();
        if state.count >= self.parts.limits.waiting {
            metrics::counter!("acknowledgements_queue_full_total").increment(1);
            let full = StoreError::Unavailable("too many acknowledgements wait".to_owned());
            // Nobody waits yet: the answer is there already.
            let _ = answer.send(Err(full));
            return receiver;
        }
        state.add(id, ack, answer);
        if !std::mem::replace(&mut state.writing, true) {
            drop(state);
            self.start();
        }
        receiver
    }

    /// Returns once everything accepted so far is recorded. The caller sets a deadline.
    pub async fn idle(&self) {
        while self.state().writing {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn start(self: &Arc<Self>) {
        let fold = Arc::clone(self);
        self.runtime.spawn(async move {
            while AssertUnwindSafe(fold.write()).catch_unwind().await.is_err() {
                // Whoever waited for what was in hand hears that nothing is known; the rest is still to be written.
            }
        });
    }

    async fn write(&self) {
        while let Some(batch) = self.take() {
            let full = batch.len() == BATCH;
            let span = tracing::info_span!("fold", conversations = batch.len());
            self.write_batch(batch).instrument(span).await;
            // What else waits was there before: it need not wait longer.
            if !full {
                tokio::time::sleep(self.parts.limits.interval).await;
            }
        }
    }

    /// What waits; nothing, and the writing ends.
    fn take(&self) -> Option<Vec<(ConversationId, Waiting)>> {
        let mut state = self.state();
        let batch = state.take();
        state.writing = !batch.is_empty();
        state.writing.then_some(batch)
    }

    async fn write_batch(&self, batch: Vec<(ConversationId, Waiting)>) {
        let ack = |(owner, seq): (&Owner, &u64)| Ack { owner: *owner, seq: *seq };
        let all: Vec<(ConversationId, Vec<Ack>)> = batch
            .iter()
            .map(|(id, waiting)| (*id, waiting.acks.iter().map(ack).collect()))
            .collect();
        let recorded = self.record(&all).await;
        for answer in batch.into_iter().flat_map(|(_, waiting)| waiting.answers) {
            // The client may have gone; cursors only rise, so it can say it again.
            let _ = answer.send(recorded.clone());
        }
        if recorded.is_ok() {
            join_all(all.iter().map(|(id, acks)| self.tell(*id, acks))).await;
        }
    }

    async fn record(&self, all: &[(ConversationId, Vec<Ack>)]) -> Result<(), StoreError> {
        self.count(all).await?;
        let Parts { delivery, log, .. } = &self.parts;
        let progress = delivery.acknowledge_all(all).await?;
        let acks: usize = all.iter().map(|(_, acks)| acks.len()).sum();
        metrics::counter!("deliveries_acknowledged_total").increment(acks as u64);
        let ids = all.iter().map(|(id, _)| *id);
        let behind: Vec<_> = ids
            .zip(progress)
            .filter_map(|(id, progress)| Some((id, progress?)))
            .filter(|(_, progress)| progress.is_behind())
            .collect();
        if behind.is_empty() {
            return Ok(());
        }
        // Recorded all the same: the conversations are marked, and the sweeper finishes what fails here.
        if let Err(error) = retention::forget(&**log, &**delivery, &behind).await {
            tracing::warn!(%error, "delivered content is not forgotten yet; the sweeper will");
        }
        Ok(())
    }

    /// No cursor stands above the head that its conversation counts: what the writing instance has not counted yet, or died
    /// before it could, is counted first.
    async fn count(&self, all: &[(ConversationId, Vec<Ack>)]) -> Result<(), StoreError> {
        let Parts { log, conversations, ticks, .. } = &self.parts;
        let ids: Vec<ConversationId> = all.iter().map(|(id, _)| *id).collect();
        let look = ticks.begin();
        let found = conversations.get_many(&ids).await?;
        ticks.learn(look, &found);
        let heads: HashMap<ConversationId, u64> = found
            .into_iter()
            .map(|conversation| (conversation.id, conversation.head_seq))
            .collect();
        let above = |(id, acks): &&(ConversationId, Vec<Ack>)| {
            let head = heads.get(id).copied().unwrap_or(u64::MAX);
            acks.iter().any(|ack| ack.seq > head)
        };
        let above: Vec<ConversationId> = all.iter().filter(above).map(|(id, _)| *id).collect();
        if above.is_empty() {
            return Ok(());
        }
        let heads = log.heads(&above).await?;
        let raised: Vec<_> = above.into_iter().zip(heads).collect();
        log.raise_heads(&raised).await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One receipt for each person.
    async fn tell(&self, id: ConversationId, acks: &[Ack]) {
        let mut people = Reached::new();
        for Ack { owner, seq } in acks {
            let highest = people.entry(owner.user).or_default();
            *highest = (*highest).max(*seq);
        }
        self.parts.ticks.tell(id, What::Delivered, &people).await;
    }
}

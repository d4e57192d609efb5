//! The way into the logs: insert, publish, raise the head, answer, in that order.
//!
//! What arrives while a write is under way goes into the next one, whatever conversation it is for (`queue.rs`). So a lone
//! message waits for nobody, and under load one write carries a thousand.

mod settle;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use kernel::{Clock, ConversationId, EntryId, Random, UserId};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tracing::Instrument;

use super::order::Order;
use super::queue::{Bounds, Queue, Taken, Waiting};
use super::rest::Rest;
use super::store::{Appended, Draft, Head, LogStore};
use crate::conversations::members::Members;
use crate::conversations::store::ConversationStore;
use crate::live::announce::Announcer;

/// Drafts in one write.
const BATCH: usize = 1_000;
/// Drafts of one conversation in one write.
const LANE_BATCH: usize = 100;

/// Brings drafts into the logs, one write at a time for each conversation.
#[derive(Debug)]
pub struct Appender {
    log: Arc<dyn LogStore>,
    conversations: Arc<dyn ConversationStore>,
    members: Arc<Members>,
    announcer: Announcer,
    clock: Arc<dyn Clock>,
    limits: Limits,
    state: Mutex<State>,
    /// When conversations in which another instance was faster are tried again.
    rest: Rest,
    /// What is accepted here is finished also when the connection that brought it is gone.
    runtime: Handle,
}

#[derive(Debug)]
struct State {
    queue: Queue,
    /// What has to come again before what was sent after it.
    order: Order,
    /// Inserts under way.
    writing: usize,
}

/// How much the appender takes in, and how long it tries.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Drafts that may wait in all; more are refused.
    pub waiting: usize,
    /// Drafts that may wait for one conversation; more are refused.
    pub lane: usize,
    /// Inserts under way at a time.
    pub writes: usize,
    /// A draft that did not get through after this is given up.
    pub patience: Duration,
}

/// What the appender works with.
#[derive(Debug)]
pub struct Parts {
    /// The logs.
    pub log: Arc<dyn LogStore>,
    /// For the senders' own read cursors.
    pub conversations: Arc<dyn ConversationStore>,
    /// Who may write.
    pub members: Arc<Members>,
    /// Tells every instance.
    pub announcer: Announcer,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// For the jitter between tries.
    pub random: Arc<dyn Random>,
    /// How much, how long.
    pub limits: Limits,
}

impl Appender {
    /// Writes on the runtime that this is called on.
    pub fn new(parts: Parts) -> Arc<Self> {
        let Parts { log, conversations, members, announcer, clock, random, limits } = parts;
        let bounds = Bounds {
            waiting: limits.waiting,
            lane: limits.lane,
            batch: BATCH,
            lane_batch: LANE_BATCH,
        };
        Arc::new(Self {
            log,
            conversations,
            members,
            announcer,
            clock,
            limits,
            state: Mutex::new(State {
                queue: Queue::new(bounds),
                order: Order::default(),
                writing: 0,
            }),
            rest: Rest::new(random),
            runtime: Handle::current(),
        })
    }

    /// Whether so many drafts wait that what can be spared should be: half of the queue is full.
    pub fn is_crowded(&self) -> bool {
        self.state().queue.is_crowded()
    }

    /// As [`Appender::submit_of`], of a call that comes in now.
    pub fn submit(self: &Arc<Self>, draft: Draft) -> oneshot::Receiver<Appended> {
        self.submit_of(draft, self.clock.monotonic())
    }

    /// Takes the draft of a call that came in at that moment of the monotonic clock. Its place among the drafts of the
    /// conversation is fixed when this returns; the answer comes later.
    pub fn submit_of(
        self: &Arc<Self>,
        draft: Draft,
        arrived: Duration,
    ) -> oneshot::Receiver<Appended> {
        let (answer, receiver) = oneshot::channel();
        let (place, entry) = ((draft.conversation, draft.sender), draft.id);
        let now = self.clock.monotonic();
        let span = tracing::Span::current();
        let waiting = Waiting { draft, answer, span, since: now, tries: 0 };
        let mut state = self.state();
        if !state.order.admits(place, entry, (arrived, now)) {
            metrics::counter!("append_out_of_turn_total").increment(1);
            waiting.refuse();
            return receiver;
        }
        if let Err(waiting) = state.queue.push(waiting) {
            metrics::counter!("append_queue_full_total").increment(1);
            state.order.wait_for(place, entry, now);
            waiting.refuse();
            return receiver;
        }
        self.write_on(&mut state);
        receiver
    }

    /// A draft could not be submitted, and its writer will try again: what the same person wrote there after it is refused
    /// before that, or it would appear first.
    pub fn not_submitted(&self, id: ConversationId, sender: UserId, entry: EntryId) {
        self.state().order.wait_for((id, sender), entry, self.clock.monotonic());
    }

    /// Whether a draft of that writer failed a short while ago, and is to come again.
    pub fn is_missing(&self, id: ConversationId, sender: UserId, entry: EntryId) -> bool {
        self.state().order.is_missing((id, sender), entry, self.clock.monotonic())
    }

    /// A draft has its end without being submitted: what its writer wrote after it does not wait for it.
    pub fn is_settled(&self, id: ConversationId, sender: UserId, entry: EntryId) {
        self.state().order.forget((id, sender), entry);
    }

    /// An entry was heard through the fan-out: saves reading the end of the log, and is the moment to try again if another
    /// instance was faster there.
    pub fn seen(&self, id: ConversationId, head: Head) {
        self.log.seen(id, head);
        self.rest.heard(id);
    }

    /// Returns once everything accepted so far is answered. The caller sets a deadline.
    pub async fn idle(&self) {
        while !self.state().queue.is_idle() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Starts a write if there is something to write and not too much under way.
    fn write_on(self: &Arc<Self>, state: &mut State) {
        if state.writing >= self.limits.writes {
            return;
        }
        let batch = state.queue.take();
        if batch.is_empty() {
            return;
        }
        state.writing += 1;
        let ids = batch.iter().map(|taken| taken.id).collect();
        let drafts = batch.iter().flat_map(|taken| &taken.drafts).map(|waiting| &waiting.draft);
        let drafts = drafts.map(|draft| (draft.conversation, draft.sender, draft.id)).collect();
        let appender = Arc::clone(self);
        self.runtime.spawn(async move {
            let writing = AssertUnwindSafe(appender.write(batch)).catch_unwind();
            if writing.await.is_err() {
                // Whoever waits hears that nothing is known, and the next drafts start anew.
                appender.lose(drafts);
                appender.release(ids);
            }
        });
    }

    async fn write(self: &Arc<Self>, batch: Vec<Taken>) {
        let drafts: Vec<Draft> =
            batch.iter().flat_map(|taken| &taken.drafts).map(|one| one.draft.clone()).collect();
        let span =
            tracing::info_span!("append", drafts = drafts.len(), conversations = batch.len());
        for waiting in batch.iter().flat_map(|taken| &taken.drafts).take(1) {
            span.follows_from(&waiting.span);
        }
        metrics::histogram!("append_batch_drafts").record(to_f64(drafts.len()));
        let inserting = Inserting(self);
        let outcome = self.log.append(&drafts).instrument(span.clone()).await;
        // From here on the next insert may begin: these conversations are held until they are through.
        drop(inserting);
        self.finish(batch, outcome).instrument(span).await;
    }

    fn release(self: &Arc<Self>, ids: Vec<ConversationId>) {
        let mut state = self.state();
        for id in ids {
            state.queue.release(id);
        }
        self.write_on(&mut state);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes room for the next insert when dropped.
struct Inserting<'a>(&'a Arc<Appender>);

impl Drop for Inserting<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.writing -= 1;
        self.0.write_on(&mut state);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a batch has at most 1000 drafts")]
const fn to_f64(count: usize) -> f64 {
    count as f64
}

//! The way into the logs: insert, publish, raise the head, answer, in that order.
//!
//! What arrives for a conversation while a write of it is under way goes into the next write, in the order of arrival.

use std::collections::{HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry as Slot;
use futures::FutureExt;
use futures::future::join_all;
use kernel::{Clock, ConversationId, EntryId, UserId};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tracing::Instrument;

use super::entry::Entry;
use super::order::Order;
use super::store::{Appended, Draft, Head, LogStore};
use crate::conversations::store::ConversationStore;
use crate::live::announce::Announcer;

/// Drafts in one write.
const BATCH: usize = 100;

/// Brings drafts into the logs, one write at a time for each conversation.
#[derive(Debug)]
pub struct Appender {
    log: Arc<dyn LogStore>,
    conversations: Arc<dyn ConversationStore>,
    announcer: Announcer,
    clock: Arc<dyn Clock>,
    /// A conversation is here while a task writes for it.
    lanes: DashMap<ConversationId, VecDeque<Waiting>>,
    /// Whose next message has to be the retry of one that failed.
    order: Order,
    /// Drafts that may wait for one conversation.
    queue: usize,
    /// What is accepted here is finished also when the connection that brought it is gone.
    runtime: Handle,
}

#[derive(Debug)]
struct Waiting {
    draft: Draft,
    answer: oneshot::Sender<Appended>,
    span: tracing::Span,
}

/// What the appender works with.
#[derive(Debug)]
pub struct Parts {
    /// The logs.
    pub log: Arc<dyn LogStore>,
    /// For the senders' own read cursors.
    pub conversations: Arc<dyn ConversationStore>,
    /// Tells every instance.
    pub announcer: Announcer,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Drafts that may wait for one conversation; more are refused.
    pub queue: usize,
}

impl Appender {
    /// Writes on the runtime that this is called on.
    pub fn new(parts: Parts) -> Arc<Self> {
        let Parts { log, conversations, announcer, clock, queue } = parts;
        let runtime = Handle::current();
        Arc::new(Self {
            log,
            conversations,
            announcer,
            clock,
            lanes: DashMap::new(),
            order: Order::default(),
            queue,
            runtime,
        })
    }

    /// Takes a draft. Its place among the drafts of the conversation is fixed when this returns; the answer comes later.
    pub fn submit(self: &Arc<Self>, draft: Draft) -> oneshot::Receiver<Appended> {
        let (answer, receiver) = oneshot::channel();
        let id = draft.conversation;
        let waiting = Waiting { draft, answer, span: tracing::Span::current() };
        let lane = self.lanes.entry(id);
        // Looked at while the lane is held: a failure is noted under the same hold.
        let place = (id, waiting.draft.sender);
        if !self.order.admits(place, waiting.draft.id, self.clock.monotonic()) {
            // Nobody waits yet: the answer is there already.
            let _ = waiting.answer.send(Appended::Unavailable);
            return receiver;
        }
        match lane {
            Slot::Occupied(lane) if lane.get().len() >= self.queue => {
                metrics::counter!("append_queue_full_total").increment(1);
                self.order.failed(place, waiting.draft.id, self.clock.monotonic());
                let _ = waiting.answer.send(Appended::Unavailable);
            }
            Slot::Occupied(mut lane) => lane.get_mut().push_back(waiting),
            Slot::Vacant(lane) => {
                lane.insert(VecDeque::from([waiting]));
                self.start(id);
            }
        }
        receiver
    }

    fn start(self: &Arc<Self>, id: ConversationId) {
        let appender = Arc::clone(self);
        self.runtime.spawn(async move {
            let lane = AssertUnwindSafe(appender.write(id)).catch_unwind();
            if lane.await.is_err() {
                // Whoever waits hears that nothing is known, and the next draft starts anew.
                appender.lanes.remove(&id);
            }
        });
    }

    /// Returns once everything accepted so far is answered. The caller sets a deadline.
    pub async fn idle(&self) {
        while !self.lanes.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn write(&self, id: ConversationId) {
        loop {
            let batch = self.take(id);
            if batch.is_empty() {
                return;
            }
            let span = tracing::info_span!("append", conversation_id = %id, drafts = batch.len());
            if let Some(first) = batch.first() {
                span.follows_from(&first.span);
            }
            self.write_batch(id, batch).instrument(span).await;
        }
    }

    /// The next drafts in order; none, and the lane is closed.
    fn take(&self, id: ConversationId) -> Vec<Waiting> {
        let Slot::Occupied(mut lane) = self.lanes.entry(id) else { return Vec::new() };
        if lane.get().is_empty() {
            lane.remove();
            return Vec::new();
        }
        let count = lane.get().len().min(BATCH);
        lane.get_mut().drain(..count).collect()
    }

    async fn write_batch(&self, id: ConversationId, batch: Vec<Waiting>) {
        let drafts: Vec<Draft> = batch.iter().map(|waiting| waiting.draft.clone()).collect();
        let mut outcome = self.log.append(&drafts).await;
        metrics::histogram!("append_batch_drafts").record(to_f64(drafts.len()));
        // All at once, in order: while the fan-out is out of reach one wait is enough for all.
        let announcements = batch.iter().zip(&outcome).filter_map(|(waiting, appended)| {
            let (Appended::Stored(entry) | Appended::Existing(entry)) = appended else {
                return None;
            };
            Some(self.announcer.entry(entry).instrument(waiting.span.clone()))
        });
        join_all(announcements).await;
        self.fail_later_ones(id, &batch, &outcome);
        if let Err(error) = self.count(id, &outcome).await {
            tracing::warn!(%error, "entries are stored, their head is not raised yet");
            unsettle(&mut outcome);
        }
        for (waiting, appended) in batch.into_iter().zip(outcome) {
            // The client may have gone; it will ask again with the same id.
            let _ = waiting.answer.send(appended);
        }
    }

    /// What a person wrote after a draft that failed fails too, or it would appear before the retry of that one.
    fn fail_later_ones(&self, id: ConversationId, batch: &[Waiting], outcome: &[Appended]) {
        let mut failed: HashMap<UserId, EntryId> = HashMap::new();
        for (waiting, appended) in batch.iter().zip(outcome) {
            if matches!(appended, Appended::Unavailable) {
                failed.entry(waiting.draft.sender).or_insert(waiting.draft.id);
            }
        }
        if failed.is_empty() {
            return;
        }
        // The lane is there as long as this batch is being written.
        let Slot::Occupied(mut lane) = self.lanes.entry(id) else { return };
        for (sender, first) in &failed {
            self.order.failed((id, *sender), *first, self.clock.monotonic());
        }
        let all = std::mem::take(lane.get_mut());
        let (later, others): (VecDeque<Waiting>, VecDeque<Waiting>) =
            all.into_iter().partition(|waiting| failed.contains_key(&waiting.draft.sender));
        *lane.get_mut() = others;
        for waiting in later {
            let _ = waiting.answer.send(Appended::Unavailable);
        }
    }

    /// Raises the head, then what each sender has read: `head >= read`.
    async fn count(
        &self,
        id: ConversationId,
        outcome: &[Appended],
    ) -> Result<(), crate::store::StoreError> {
        let entries: Vec<&Entry> = outcome
            .iter()
            .filter_map(|appended| match appended {
                Appended::Stored(entry) | Appended::Existing(entry) => Some(entry),
                Appended::Conflict | Appended::Unavailable => None,
            })
            .collect();
        let Some(last) = entries.iter().max_by_key(|entry| entry.seq) else { return Ok(()) };
        let head = Head { seq: last.seq, count: last.count, mseq: last.mseq };
        self.log.raise_heads(&[(id, head)], self.clock.now()).await?;
        let mut senders: HashMap<UserId, (u64, u64)> = HashMap::new();
        for entry in entries {
            let read = senders.entry(entry.sender).or_default();
            *read = (read.0.max(entry.seq), read.1.max(entry.count));
        }
        let raises = senders
            .into_iter()
            .map(|(sender, (seq, count))| self.conversations.raise_read(sender, id, seq, count));
        futures::future::try_join_all(raises).await?;
        Ok(())
    }
}

/// Not acknowledged before it is counted: the client's retry finishes the job.
fn unsettle(outcome: &mut [Appended]) {
    for appended in outcome {
        if matches!(appended, Appended::Stored(_) | Appended::Existing(_)) {
            *appended = Appended::Unavailable;
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a batch has at most 100 drafts")]
const fn to_f64(count: usize) -> f64 {
    count as f64
}

//! Folds acknowledgements: those that arrive for a conversation while a write of it is under way, or shortly after one, go
//! into the next write together. The write that raises the floor forgets at once what nobody needs any more.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry as Slot;
use futures::FutureExt;
use futures::future::join_all;
use kernel::{ConversationId, UserId};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tracing::Instrument;

use super::retention;
use super::store::{Ack, DeliveryStore, Owner};
use crate::live::announce::Announcer;
use crate::log::store::LogStore;
use crate::store::StoreError;

/// Whether the acknowledgement is recorded.
pub type Recorded = oneshot::Receiver<Result<(), StoreError>>;

/// Brings acknowledgements into the delivery cursors, one write at a time for each conversation.
#[derive(Debug)]
pub struct Fold {
    delivery: Arc<dyn DeliveryStore>,
    log: Arc<dyn LogStore>,
    announcer: Announcer,
    /// Between two writes of one conversation.
    interval: Duration,
    /// A conversation is here while a task writes for it. At most one row for each device of the conversation waits.
    lanes: DashMap<ConversationId, Waiting>,
    /// What is accepted here is finished also when the connection that brought it is gone.
    runtime: Handle,
}

#[derive(Debug, Default)]
struct Waiting {
    acks: HashMap<Owner, u64>,
    answers: Vec<oneshot::Sender<Result<(), StoreError>>>,
}

impl Waiting {
    fn add(&mut self, ack: Ack, answer: oneshot::Sender<Result<(), StoreError>>) {
        let seq = self.acks.entry(ack.owner).or_default();
        *seq = (*seq).max(ack.seq);
        self.answers.push(answer);
    }
}

impl Fold {
    /// Writes on the runtime that this is called on.
    pub fn new(
        delivery: Arc<dyn DeliveryStore>,
        log: Arc<dyn LogStore>,
        announcer: Announcer,
        interval: Duration,
    ) -> Arc<Self> {
        let (lanes, runtime) = (DashMap::new(), Handle::current());
        Arc::new(Self { delivery, log, announcer, interval, lanes, runtime })
    }

    /// Takes an acknowledgement that was checked. The answer comes when it is recorded.
    pub fn submit(self: &Arc<Self>, id: ConversationId, ack: Ack) -> Recorded {
        let (answer, receiver) = oneshot::channel();
        match self.lanes.entry(id) {
            Slot::Occupied(mut lane) => lane.get_mut().add(ack, answer),
            Slot::Vacant(lane) => {
                lane.insert(Waiting::default()).add(ack, answer);
                let fold = Arc::clone(self);
                let span = tracing::info_span!("fold", conversation_id = %id);
                let writing = async move {
                    let writing = AssertUnwindSafe(fold.write(id)).catch_unwind();
                    if writing.await.is_err() {
                        fold.lanes.remove(&id);
                    }
                };
                self.runtime.spawn(writing.instrument(span));
            }
        }
        receiver
    }

    /// Returns once everything accepted so far is recorded. The caller sets a deadline.
    pub async fn idle(&self) {
        while !self.lanes.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn write(&self, id: ConversationId) {
        while let Some(waiting) = self.take(id) {
            let recorded = self.record(id, &waiting.acks).await;
            for answer in waiting.answers {
                // The client may have gone; cursors only rise, so it can say it again.
                let _ = answer.send(recorded.clone());
            }
            if recorded.is_ok() {
                self.tell(id, &waiting.acks).await;
            }
            tokio::time::sleep(self.interval).await;
        }
    }

    /// What waits; nothing, and the lane is closed.
    fn take(&self, id: ConversationId) -> Option<Waiting> {
        let Slot::Occupied(mut lane) = self.lanes.entry(id) else { return None };
        if lane.get().answers.is_empty() {
            lane.remove();
            return None;
        }
        Some(std::mem::take(lane.get_mut()))
    }

    async fn record(
        &self,
        id: ConversationId,
        acks: &HashMap<Owner, u64>,
    ) -> Result<(), StoreError> {
        let acks: Vec<Ack> =
            acks.iter().map(|(owner, seq)| Ack { owner: *owner, seq: *seq }).collect();
        let progress = self.delivery.acknowledge(id, &acks).await?;
        metrics::counter!("deliveries_acknowledged_total").increment(acks.len() as u64);
        let Some(progress) = progress.filter(|progress| progress.is_behind()) else {
            return Ok(());
        };
        // Recorded all the same: the conversation is marked, and the sweeper finishes what fails here.
        if let Err(error) = retention::forget(&*self.log, &*self.delivery, id, progress).await {
            tracing::warn!(%error, "delivered content is not forgotten yet; the sweeper will");
        }
        Ok(())
    }

    /// One tick for each person.
    async fn tell(&self, id: ConversationId, acks: &HashMap<Owner, u64>) {
        let mut people: HashMap<UserId, u64> = HashMap::new();
        for (owner, seq) in acks {
            let highest = people.entry(owner.user).or_default();
            *highest = (*highest).max(*seq);
        }
        let ticks = people.into_iter().map(|(user, seq)| async move {
            let receipt = json!({ "conversationId": id, "userId": user, "seq": seq });
            self.announcer.signal(id, "message:delivered", &receipt).await;
        });
        join_all(ticks).await;
    }
}

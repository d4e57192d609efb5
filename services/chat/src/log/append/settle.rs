//! What becomes of the drafts of a write: publish, raise the head, answer; or once more.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use futures::future::join_all;
use kernel::{ConversationId, EntryId, UserId};
use tracing::Instrument;

use super::Appender;
use crate::conversations::error::ConversationError;
use crate::conversations::store::Counted;
use crate::log::entry::{Entry, EntryType};
use crate::log::queue::{Taken, Waiting};
use crate::log::rest::Rest;
use crate::log::store::{Appended, Head};
use crate::store::StoreError;

impl Appender {
    /// Publishes, counts and answers what is stored, and puts back what is to be tried again.
    pub(super) async fn finish(self: &Arc<Self>, batch: Vec<Taken>, outcome: Vec<Appended>) {
        let spans = batch.iter().flat_map(|taken| &taken.drafts).map(|waiting| &waiting.span);
        let stored: Vec<(&Entry, &tracing::Span)> = outcome
            .iter()
            .zip(spans)
            .filter_map(|(one, span)| Some((one.entry()?, span)))
            .collect();
        // All at once, in order: while the fan-out is out of reach one wait is enough for all.
        let announcements = stored
            .iter()
            .map(|(entry, span)| self.announcer.entry(entry).instrument((*span).clone()));
        join_all(announcements).await;
        let entries: Vec<&Entry> = stored.into_iter().map(|(entry, _)| entry).collect();
        let counted = self.count(&entries).await;
        if let Err(error) = &counted {
            tracing::warn!(%error, "entries are stored, their heads are not raised yet");
        }
        let mut outcome = outcome.into_iter();
        let mut through = Vec::with_capacity(batch.len());
        for Taken { id, drafts } in batch {
            let fates: Vec<Appended> = outcome.by_ref().take(drafts.len()).collect();
            if self.settle(id, drafts.into_iter().zip(fates), counted.is_ok()).await {
                through.push(id);
            }
        }
        self.release(through);
    }

    /// Answers what has an end. Says whether the conversation may go on at once.
    async fn settle(
        self: &Arc<Self>,
        id: ConversationId,
        drafts: impl Iterator<Item = (Waiting, Appended)>,
        counted: bool,
    ) -> bool {
        let mut again = Vec::new();
        let mut failed = Vec::new();
        let mut senders = HashSet::new();
        let mut stale = HashMap::new();
        for (mut waiting, fate) in drafts {
            let sender = waiting.draft.sender;
            let fate = match fate {
                // Not acknowledged before it is counted: the client's retry finishes the job.
                Appended::Stored(_) | Appended::Existing(_) if !counted => Appended::Unavailable,
                // What a person wrote after a draft that failed fails too, or it would appear before the retry of it.
                Appended::Raced | Appended::Stale if senders.contains(&sender) => {
                    Appended::Unavailable
                }
                Appended::Raced => self.tried(&mut waiting),
                Appended::Stale if decides_itself(waiting.draft.kind) => Appended::Stale,
                Appended::Stale => {
                    let look = self.look_again(id, sender, &mut stale).await;
                    look.map_or_else(
                        |fate| fate,
                        |checked| {
                            waiting.draft.checked = checked;
                            self.tried(&mut waiting)
                        },
                    )
                }
                fate => fate,
            };
            match fate {
                Appended::Raced => again.push(waiting),
                Appended::Unavailable => {
                    senders.insert(sender);
                    failed.push(waiting);
                }
                fate => waiting.answer(fate),
            }
        }
        self.fail(id, failed, &senders);
        self.put_back(id, again)
    }

    /// Answers what failed, and what its senders had waiting behind it. From before they can hear of it, what they sent later
    /// waits for it to come again.
    fn fail(&self, id: ConversationId, mut failed: Vec<Waiting>, senders: &HashSet<UserId>) {
        if senders.is_empty() {
            return;
        }
        let now = self.clock.monotonic();
        let mut state = self.state();
        failed.extend(state.queue.withdraw(id, senders));
        for waiting in &failed {
            state.order.wait_for((id, waiting.draft.sender), waiting.draft.id, now);
        }
        drop(state);
        failed.into_iter().for_each(Waiting::refuse);
    }

    /// The drafts are gone, and nobody knows what became of them: as if they had failed.
    pub(super) fn lose(&self, drafts: Vec<(ConversationId, UserId, EntryId)>) {
        for (id, sender, draft) in drafts {
            self.not_submitted(id, sender, draft);
            self.fail(id, Vec::new(), &HashSet::from([sender]));
        }
    }

    /// One more try, unless it took too long already.
    fn tried(&self, waiting: &mut Waiting) -> Appended {
        waiting.tries += 1;
        let waited = self.clock.monotonic().saturating_sub(waiting.since);
        if waited >= self.limits.patience {
            metrics::counter!("append_given_up_total").increment(1);
            tracing::warn!(tries = waiting.tries, "gave up on a draft");
            return Appended::Unavailable;
        }
        metrics::counter!("append_retries_total").increment(1);
        Appended::Raced
    }

    /// Looks, once in a write, up to which change of membership the sender may write.
    async fn look_again(
        &self,
        id: ConversationId,
        sender: UserId,
        looks: &mut HashMap<UserId, Result<u64, Appended>>,
    ) -> Result<u64, Appended> {
        if let Some(look) = looks.get(&sender) {
            return look.clone();
        }
        let look = self.members.look_again(id, sender).await;
        let look = look.map(|seen| seen.checked).map_err(|error| match error {
            ConversationError::NotFound => Appended::NotMember,
            _ => Appended::Unavailable,
        });
        looks.insert(sender, look.clone());
        look
    }

    /// Says whether the conversation may go on at once; else it does so after a pause.
    fn put_back(self: &Arc<Self>, id: ConversationId, again: Vec<Waiting>) -> bool {
        let Some(tries) = again.iter().map(|waiting| waiting.tries).max() else { return true };
        self.state().queue.put_back(id, again);
        if !Rest::is_due(tries) {
            return true;
        }
        let appender = Arc::clone(self);
        self.runtime.spawn(async move {
            appender.rest.until_next(id, tries).await;
            appender.release(vec![id]);
        });
        false
    }

    /// Raises the heads, and what each sender has read.
    async fn count(&self, entries: &[&Entry]) -> Result<(), StoreError> {
        let mut all: BTreeMap<ConversationId, Counted> = BTreeMap::new();
        for entry in entries {
            let (id, head) = (entry.conversation, Head::default());
            let counted = all.entry(id).or_insert_with(|| Counted { id, head, wrote: Vec::new() });
            counted.add(entry);
        }
        if all.is_empty() {
            return Ok(());
        }
        let all: Vec<Counted> = all.into_values().collect();
        self.conversations.count(&all, self.clock.now()).await
    }
}

/// Changes of membership and settings ask for more than to be a member: their use cases look again themselves.
const fn decides_itself(kind: EntryType) -> bool {
    matches!(kind, EntryType::Member | EntryType::Conversation)
}

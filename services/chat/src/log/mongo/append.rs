//! Carries out one round of appending for many conversations at once.
//!
//! Conversations with one draft go together in one unordered insert, where a failure concerns only itself. Those with more
//! go in an ordered insert each, which leaves no hole: what is stored is what comes before the first failure.

use std::collections::HashMap;

use bson::doc;
use futures::{StreamExt, stream};
use kernel::{ConversationId, EntryId};
use tokio::time::{Instant, timeout_at};

use super::heads::Moment;
use super::{AT_ONCE, MongoLog, read_all};
use crate::log::entry::Entry;
use crate::log::numbering::{Ask, Fate, Round};
use crate::log::store::{Appended, Draft, Head};
use crate::mongo::uuid;
use crate::store::StoreError;

/// The drafts of one conversation in a call.
struct Lane {
    id: ConversationId,
    /// Where the drafts stand in the call.
    places: Vec<usize>,
    drafts: Vec<Draft>,
    /// Where the log was believed to end.
    believed: Head,
    round: Round,
    /// What a look-up found, by place in the lane.
    found: HashMap<usize, Entry>,
}

impl Lane {
    /// What is to be inserted, in order.
    fn entries(&self) -> Vec<(Entry, &Draft)> {
        let numbered = self.round.numbered().iter();
        numbered.map(|(at, place)| (self.drafts[*at].at(*place), &self.drafts[*at])).collect()
    }

    fn is_single(&self) -> bool {
        self.round.numbered().len() == 1
    }
}

impl MongoLog {
    /// One round for all the drafts.
    pub(super) async fn append_all(&self, drafts: &[Draft]) -> Vec<Appended> {
        let began = Moment::now(&*self.clock);
        let deadline = Instant::now() + self.limits.append_timeout;
        let mut outcome = vec![Appended::Unavailable; drafts.len()];
        let lanes = self.number(drafts, deadline).await;
        // The machine may have slept, which the deadline does not see: heads believed before may be too old now.
        if began.age(&*self.clock) > self.limits.append_timeout {
            return outcome;
        }
        let confirmed = Moment::now(&*self.clock);
        let lanes = self.insert(lanes, deadline).await;
        let lanes = stream::iter(lanes).map(|lane| self.look_up_unsure(lane, deadline));
        for lane in lanes.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await {
            self.settle(lane, confirmed, &mut outcome);
        }
        outcome
    }

    /// Gives every draft its place, behind heads that are believed or read. A conversation whose head cannot be read is
    /// missing from the answer.
    async fn number(&self, drafts: &[Draft], deadline: Instant) -> Vec<Lane> {
        let mut places: HashMap<ConversationId, Vec<usize>> = HashMap::new();
        for (place, draft) in drafts.iter().enumerate() {
            places.entry(draft.conversation).or_default().push(place);
        }
        let lanes = places.into_iter().map(|(id, places)| {
            let own = places.iter().map(|place| drafts[*place].clone()).collect();
            self.lane(id, places, own, deadline)
        });
        stream::iter(lanes).buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await
    }

    async fn lane(
        &self,
        id: ConversationId,
        places: Vec<usize>,
        drafts: Vec<Draft>,
        deadline: Instant,
    ) -> Option<Lane> {
        let head = match self.heads.get(id, &*self.clock) {
            Some(head) => head,
            None => {
                in_time(deadline, self.head(id)).await.map_err(|error| given_up(&error)).ok()?
            }
        };
        let asks = drafts.iter().map(Ask::from).collect();
        let round = Round::new(asks, head);
        Some(Lane { id, places, drafts, believed: head, round, found: HashMap::new() })
    }

    /// Inserts what got a place.
    async fn insert(&self, lanes: Vec<Lane>, deadline: Instant) -> Vec<Lane> {
        // Leaves time to look up what became of them.
        let half = deadline.saturating_duration_since(Instant::now()) / 2;
        let patience = Instant::now() + half;
        let (singles, several): (Vec<_>, Vec<_>) = lanes.into_iter().partition(Lane::is_single);
        let apart = stream::iter(several).map(|lane| self.insert_lane(lane, patience));
        let (mut lanes, apart) = tokio::join!(
            self.insert_together(singles, patience),
            apart.buffer_unordered(AT_ONCE).collect::<Vec<_>>()
        );
        lanes.extend(apart);
        lanes
    }

    async fn insert_together(&self, mut lanes: Vec<Lane>, patience: Instant) -> Vec<Lane> {
        let entries: Vec<_> = lanes.iter().flat_map(Lane::entries).collect();
        let stored = self.insert_unordered(&entries, patience).await;
        drop(entries);
        for (lane, how) in lanes.iter_mut().zip(stored) {
            lane.round.inserted(how);
        }
        lanes
    }

    async fn insert_lane(&self, mut lane: Lane, patience: Instant) -> Lane {
        let entries = lane.entries();
        if !entries.is_empty() {
            let how = self.insert_ordered(&entries, patience).await;
            lane.round.inserted(how);
        }
        lane
    }

    async fn look_up_unsure(&self, mut lane: Lane, deadline: Instant) -> Lane {
        let unsure = lane.round.unsure();
        if unsure.is_empty() {
            return lane;
        }
        let ids: Vec<EntryId> = unsure.iter().map(|at| lane.drafts[*at].id).collect();
        let entries = match in_time(deadline, self.look_up(lane.id, &ids)).await {
            Ok(entries) => entries,
            Err(error) => {
                given_up(&error);
                lane.round.give_up();
                return lane;
            }
        };
        for at in unsure {
            let draft = &lane.drafts[at];
            let Some(entry) = entries.iter().find(|entry| entry.id == draft.id) else { continue };
            lane.round.found(at, draft.is_stored_as(entry));
            lane.found.insert(at, entry.clone());
        }
        lane.round.looked_up();
        lane
    }

    fn settle(&self, mut lane: Lane, confirmed: Moment, outcome: &mut [Appended]) {
        let (fates, head) = lane.round.finish();
        match head {
            Some(head) => self.heads.confirm(lane.id, head, confirmed),
            None => self.heads.forget(lane.id, lane.believed),
        }
        for (at, fate) in fates.into_iter().enumerate() {
            outcome[lane.places[at]] = match fate {
                Fate::Stored(place) => Appended::Stored(lane.drafts[at].at(place)),
                Fate::Existing => {
                    lane.found.remove(&at).map_or(Appended::Unavailable, Appended::Existing)
                }
                Fate::Conflict => Appended::Conflict,
                Fate::Stale => Appended::Stale,
                Fate::Raced => Appended::Raced,
                Fate::Refused => Appended::Refused,
                Fate::Unknown => Appended::Unavailable,
            };
        }
    }

    async fn look_up(&self, id: ConversationId, ids: &[EntryId]) -> Result<Vec<Entry>, StoreError> {
        let mids: Vec<bson::Uuid> = ids.iter().copied().map(uuid).collect();
        let filter = doc! { "conversationId": uuid(id), "mid": { "$in": mids } };
        read_all(self.entries.find(filter)).await
    }
}

fn given_up(error: &StoreError) {
    tracing::warn!(%error, "gave up on appending entries");
}

async fn in_time<T>(
    deadline: Instant,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let late = |_| StoreError::Unavailable("the append took too long".to_owned());
    timeout_at(deadline, call).await.map_err(late)?
}

//! Drafts that wait for their turn, without I/O: which go into the next write, and what comes first when they did not get
//! through.
//!
//! A conversation has a lane. At most one write holds a lane at a time, so its drafts are tried in the order in which they
//! came, and those that did not get through go back to the front.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use kernel::{ConversationId, EntryId, UserId};
use tokio::sync::oneshot;

use super::store::{Appended, Draft};

/// A draft and whoever waits for what becomes of it.
#[derive(Debug)]
pub struct Waiting {
    /// What is to be stored.
    pub draft: Draft,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Appended>,
    /// Who asked, for traces.
    pub span: tracing::Span,
    /// When it was taken, by the monotonic clock.
    pub since: Duration,
    /// How often it did not get through.
    pub tries: u32,
}

impl Waiting {
    /// Says what became of it.
    pub fn answer(self, fate: Appended) {
        // The client may have gone; it will ask again with the same id.
        let _ = self.answer.send(fate);
    }

    /// The store does not know now whether it will be stored: the same again is safe.
    pub fn refuse(self) {
        self.answer(Appended::Unavailable);
    }
}

/// How much may wait, and how much goes into one write.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Drafts that wait in all.
    pub waiting: usize,
    /// Drafts that wait for one conversation.
    pub lane: usize,
    /// Drafts in one write.
    pub batch: usize,
    /// Drafts of one conversation in one write.
    pub lane_batch: usize,
}

#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<Waiting>,
    /// A write has drafts of it in hand.
    held: bool,
}

/// The drafts of one conversation in a write, in order.
#[derive(Debug)]
pub struct Taken {
    /// Which conversation. Its lane is held until [`Queue::release`].
    pub id: ConversationId,
    /// At least one; each id once.
    pub drafts: Vec<Waiting>,
}

/// Every draft that waits on this instance.
#[derive(Debug)]
pub struct Queue {
    lanes: HashMap<ConversationId, Lane>,
    /// Lanes with drafts that nobody holds, the longest waiting first.
    ready: VecDeque<ConversationId>,
    waiting: usize,
    bounds: Bounds,
}

impl Queue {
    /// Nothing waits.
    pub fn new(bounds: Bounds) -> Self {
        Self { lanes: HashMap::new(), ready: VecDeque::new(), waiting: 0, bounds }
    }

    /// Takes a draft in behind the others of its conversation; gives it back if there is no room.
    pub fn push(&mut self, waiting: Waiting) -> Result<(), Box<Waiting>> {
        let id = waiting.draft.conversation;
        let in_lane = self.lanes.get(&id).map_or(0, |lane| lane.waiting.len());
        if self.waiting >= self.bounds.waiting || in_lane >= self.bounds.lane {
            return Err(Box::new(waiting));
        }
        let lane = self.lanes.entry(id).or_default();
        lane.waiting.push_back(waiting);
        self.waiting += 1;
        if !lane.held && lane.waiting.len() == 1 {
            self.ready.push_back(id);
        }
        Ok(())
    }

    /// Whether more than half of what may wait does.
    pub const fn is_crowded(&self) -> bool {
        self.waiting > self.bounds.waiting / 2
    }

    /// What goes into the next write. Its lanes are held from now on.
    pub fn take(&mut self) -> Vec<Taken> {
        let mut batch = Vec::new();
        let mut room = self.bounds.batch;
        while room > 0 {
            let Some(id) = self.ready.pop_front() else { break };
            let Some(lane) = self.lanes.get_mut(&id) else { continue };
            lane.held = true;
            let drafts = next(&mut lane.waiting, room.min(self.bounds.lane_batch));
            room -= drafts.len();
            self.waiting -= drafts.len();
            batch.push(Taken { id, drafts });
        }
        batch
    }

    /// Puts drafts that did not get through in front of everything else of their conversation, whose lane stays held.
    pub fn put_back(&mut self, id: ConversationId, drafts: Vec<Waiting>) {
        let lane = self.lanes.entry(id).or_default();
        self.waiting += drafts.len();
        for waiting in drafts.into_iter().rev() {
            lane.waiting.push_front(waiting);
        }
    }

    /// Takes out what these people have waiting in the conversation.
    pub fn withdraw(&mut self, id: ConversationId, senders: &HashSet<UserId>) -> Vec<Waiting> {
        let Some(lane) = self.lanes.get_mut(&id) else { return Vec::new() };
        let (out, stay): (Vec<Waiting>, Vec<Waiting>) =
            lane.waiting.drain(..).partition(|waiting| senders.contains(&waiting.draft.sender));
        lane.waiting = stay.into();
        self.waiting -= out.len();
        out
    }

    /// The write is through with the conversation.
    pub fn release(&mut self, id: ConversationId) {
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        lane.held = false;
        if lane.waiting.is_empty() {
            self.lanes.remove(&id);
        } else {
            self.ready.push_back(id);
        }
    }

    /// Whether nothing waits and no write has anything in hand.
    pub fn is_idle(&self) -> bool {
        self.lanes.is_empty()
    }
}

/// The next drafts of a lane. Of one id twice, the later waits for what becomes of the first, and so does what follows it.
fn next(waiting: &mut VecDeque<Waiting>, most: usize) -> Vec<Waiting> {
    let mut ids: HashSet<EntryId> = HashSet::new();
    let fresh = waiting.iter().take(most).take_while(|waiting| ids.insert(waiting.draft.id));
    let count = fresh.count();
    waiting.drain(..count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::numbering::tests::draft;

    const BOUNDS: Bounds = Bounds { waiting: 10, lane: 5, batch: 4, lane_batch: 3 };

    fn waiting(id: u64, sender: u64, conversation: u128) -> Waiting {
        let mut draft = draft(id, sender);
        draft.conversation = self::conversation(conversation);
        let (answer, _) = oneshot::channel();
        Waiting { draft, answer, span: tracing::Span::none(), since: Duration::ZERO, tries: 0 }
    }

    fn conversation(number: u128) -> ConversationId {
        ConversationId::from_uuid(uuid::Uuid::from_u128(number))
    }

    fn queue(drafts: &[(u64, u64, u128)]) -> Queue {
        let mut queue = Queue::new(BOUNDS);
        for (id, sender, conversation) in drafts {
            queue.push(waiting(*id, *sender, *conversation)).unwrap();
        }
        queue
    }

    fn ids(batch: &[Taken]) -> Vec<Vec<EntryId>> {
        let ids = |taken: &Taken| taken.drafts.iter().map(|waiting| waiting.draft.id).collect();
        batch.iter().map(ids).collect()
    }

    fn named(rows: &[&[u64]]) -> Vec<Vec<EntryId>> {
        rows.iter().map(|row| row.iter().map(|id| draft(*id, 1).id).collect()).collect()
    }

    #[test]
    fn a_write_takes_of_every_conversation_and_not_too_much_of_one() {
        let mut queue = queue(&[(1, 1, 1), (2, 1, 1), (3, 1, 1), (4, 1, 1), (5, 1, 2), (6, 1, 3)]);
        assert_eq!(ids(&queue.take()), named(&[&[1, 2, 3], &[5]]));
        assert_eq!(ids(&queue.take()), named(&[&[6]]), "a lane in hand is not taken from");
        queue.release(conversation(1));
        assert_eq!(ids(&queue.take()), named(&[&[4]]));
    }

    #[test]
    fn what_did_not_get_through_comes_first() {
        let mut queue = queue(&[(1, 1, 1), (2, 2, 1)]);
        let mut batch = queue.take();
        queue.push(waiting(3, 1, 1)).unwrap();
        queue.put_back(conversation(1), batch.remove(0).drafts);
        assert!(queue.take().is_empty(), "held until it is released");
        queue.release(conversation(1));
        assert_eq!(ids(&queue.take()), named(&[&[1, 2, 3]]));
    }

    #[test]
    fn a_repeat_waits_for_the_first() {
        let mut queue = queue(&[(1, 1, 1), (1, 1, 1), (2, 1, 1)]);
        assert_eq!(ids(&queue.take()), named(&[&[1]]));
        queue.release(conversation(1));
        assert_eq!(ids(&queue.take()), named(&[&[1, 2]]));
    }

    #[test]
    fn what_one_person_has_waiting_can_be_withdrawn() {
        let mut queue = queue(&[(1, 1, 1), (2, 2, 1), (3, 1, 1), (4, 1, 2)]);
        let person = draft(1, 1).sender;
        let out = queue.withdraw(conversation(1), &HashSet::from([person]));
        assert_eq!(out.len(), 2);
        assert_eq!(ids(&queue.take()), named(&[&[2], &[4]]));
    }

    #[test]
    fn a_full_lane_and_a_full_queue_refuse() {
        let mut queue = queue(&[(1, 1, 1), (2, 1, 1), (3, 1, 1), (4, 1, 1), (5, 1, 1)]);
        assert!(queue.push(waiting(6, 1, 1)).is_err());
        for id in 6..=10 {
            queue.push(waiting(id, 1, 2)).unwrap();
        }
        assert!(queue.push(waiting(11, 1, 3)).is_err());
    }

    #[test]
    fn is_idle_when_everything_is_released() {
        let mut queue = queue(&[(1, 1, 1)]);
        assert!(!queue.is_idle());
        drop(queue.take());
        assert!(!queue.is_idle());
        queue.release(conversation(1));
        assert!(queue.is_idle());
    }
}

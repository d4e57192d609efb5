//! Who may do what in which conversation, remembered for a while.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kernel::{Clock, ConversationId, Timestamp, UserId};
use quick_cache::sync::Cache;

use super::error::ConversationError;
use super::store::ConversationStore;
use super::{Conversation, Kind, Member, Retention, Role, Standing, blocks};
use crate::log::store::LogStore;

/// Pairs of person and conversation that are remembered; about 100 bytes each.
const REMEMBERED: usize = 200_000;

/// What a person may do in a conversation, as somebody saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// What sort of conversation it is.
    pub kind: Kind,
    /// What the person may do.
    pub role: Role,
    /// How long the conversation keeps content.
    pub retention: Retention,
    /// What a block between the two people of a direct one means for this one.
    pub standing: Standing,
    /// The last change of membership that the look took into account: a position of the log. It goes into the drafts
    /// that the look allows, and the log refuses them behind a later change.
    pub checked: u64,
}

/// When a look at the stores began.
#[derive(Debug)]
struct Look {
    /// How often something had been forgotten.
    forgotten: u64,
    wall: Timestamp,
    monotonic: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Remembered {
    seen: Seen,
    wall: Timestamp,
    monotonic: Duration,
}

/// Answers what a person may do in a conversation. Only a yes is remembered.
///
/// A remembered yes may be out of date, so whoever acts on it compares: a draft carries [`Seen::checked`], a read compares
/// it with the head. That is exact, since a change of membership changes the member's row first and appends its entry
/// after: a look that began when the entry was counted sees the changed row. A block is no entry, so that whoever is blocked
/// cannot tell: it is told to every instance, which then forgets what it remembers.
#[derive(Debug)]
pub struct Members {
    conversations: Arc<dyn ConversationStore>,
    log: Arc<dyn LogStore>,
    clock: Arc<dyn Clock>,
    oldest: Duration,
    known: Cache<(ConversationId, UserId), Remembered>,
    /// How often something was forgotten: what was looked at before is not remembered after.
    forgotten: AtomicU64,
}

impl Members {
    /// Asks these stores, and believes an answer for so long.
    pub fn new(
        conversations: Arc<dyn ConversationStore>,
        log: Arc<dyn LogStore>,
        clock: Arc<dyn Clock>,
        oldest: Duration,
    ) -> Self {
        Self {
            conversations,
            log,
            clock,
            oldest,
            known: Cache::new(REMEMBERED),
            forgotten: AtomicU64::new(0),
        }
    }

    /// What the person may do there; `NotFound` if they are not in the conversation. May be remembered: see [`Members`].
    pub async fn require(
        &self,
        id: ConversationId,
        user: UserId,
    ) -> Result<Seen, ConversationError> {
        if let Some(seen) = self.remembered(id, user) {
            return Ok(seen);
        }
        let (_, seen) = self.look(&[id], user).await?;
        seen.get(&id).copied().ok_or(ConversationError::NotFound)
    }

    /// As [`Members::require`], of several conversations: `NotFound` if the person is not in each. Two reads at the most;
    /// answers the conversations that were read.
    pub async fn require_all(
        &self,
        ids: &[ConversationId],
        user: UserId,
    ) -> Result<Vec<Conversation>, ConversationError> {
        let unknown = |id: &&ConversationId| self.remembered(**id, user).is_none();
        let unknown: Vec<ConversationId> = ids.iter().filter(unknown).copied().collect();
        if unknown.is_empty() {
            return Ok(Vec::new());
        }
        let (conversations, seen) = self.look(&unknown, user).await?;
        let all = unknown.iter().all(|id| seen.contains_key(id));
        all.then_some(conversations).ok_or(ConversationError::NotFound)
    }

    fn remembered(&self, id: ConversationId, user: UserId) -> Option<Seen> {
        let known = self.known.get(&(id, user))?;
        (self.age(&known) < self.oldest).then_some(known.seen)
    }

    /// The conversations, and what the person may do in those that they are in.
    async fn look(
        &self,
        ids: &[ConversationId],
        user: UserId,
    ) -> Result<(Vec<Conversation>, HashMap<ConversationId, Seen>), ConversationError> {
        let look = self.begin();
        let conversations = self.conversations.get_many(ids).await?;
        let members = self.conversations.member_in(user, ids).await?;
        let seen = |conversation: &Conversation| {
            let (id, checked) = (conversation.id, conversation.head_mseq);
            Some((id, self.learn(&look, conversation, (user, members.get(&id)?), checked)))
        };
        let seen: HashMap<ConversationId, Seen> = conversations.iter().filter_map(seen).collect();
        for id in ids.iter().filter(|id| !seen.contains_key(id)) {
            self.known.remove(&(*id, user));
        }
        Ok((conversations, seen))
    }

    /// Forgets what the person may do there: somebody has blocked somebody.
    pub fn forget(&self, id: ConversationId, user: UserId) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.known.remove(&(id, user));
    }

    /// Forgets everything: news may have been missed.
    pub fn forget_all(&self) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.known.clear();
    }

    /// As [`Members::require`], but looks, whatever is remembered, and takes every change of membership into account that
    /// was in the log before this call.
    pub async fn look_again(
        &self,
        id: ConversationId,
        user: UserId,
    ) -> Result<Seen, ConversationError> {
        self.known.remove(&(id, user));
        let (look, ids) = (self.begin(), [id]);
        // The log's own head: the conversation may not count the last entry yet.
        let (conversation, heads) =
            futures::try_join!(self.conversations.get(id), self.log.heads(&ids))?;
        let conversation = conversation.ok_or(ConversationError::NotFound)?;
        let checked = heads.first().map_or(0, |head| head.mseq);
        let Some(member) = self.conversations.member(id, user).await? else {
            self.known.remove(&(id, user));
            return Err(ConversationError::NotFound);
        };
        Ok(self.learn(&look, &conversation, (user, &member), checked))
    }

    fn begin(&self) -> Look {
        Look {
            forgotten: self.forgotten.load(Ordering::SeqCst),
            wall: self.clock.now(),
            monotonic: self.clock.monotonic(),
        }
    }

    /// Remembers a yes. The member's row must have been read last, after what says how far the look reaches.
    fn learn(
        &self,
        look: &Look,
        conversation: &Conversation,
        (user, member): (UserId, &Member),
        checked: u64,
    ) -> Seen {
        let seen = Seen {
            kind: conversation.kind,
            role: member.role,
            retention: conversation.retention,
            standing: blocks::standing(&conversation.blocks, user),
            checked,
        };
        let Look { forgotten, wall, monotonic } = *look;
        let place = (conversation.id, user);
        self.known.insert(place, Remembered { seen, wall, monotonic });
        if self.forgotten.load(Ordering::SeqCst) != forgotten {
            self.known.remove(&place);
        }
        seen
    }

    /// By the clock that says longer: one may jump, the other stands still while the machine sleeps.
    fn age(&self, known: &Remembered) -> Duration {
        let monotonic = self.clock.monotonic().saturating_sub(known.monotonic);
        self.clock.now().since(known.wall).max(monotonic)
    }
}

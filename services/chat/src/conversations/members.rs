//! Who may do what in which conversation, remembered for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kernel::{Clock, ConversationId, Timestamp, UserId};
use quick_cache::sync::Cache;

use super::error::ConversationError;
use super::store::ConversationStore;
use super::{Conversation, Kind, Retention, Role, Standing, blocks};
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
        if let Some(known) = self.known.get(&(id, user))
            && self.age(&known) < self.oldest
        {
            return Ok(known.seen);
        }
        let forgotten = self.forgotten.load(Ordering::SeqCst);
        let conversation = self.conversations.get(id).await?;
        let checked = conversation.as_ref().map_or(0, |conversation| conversation.head_mseq);
        self.look(conversation, (checked, forgotten), user, id).await
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
        let (ids, forgotten) = ([id], self.forgotten.load(Ordering::SeqCst));
        // The log's own head: the conversation may not count the last entry yet.
        let (conversation, heads) =
            futures::try_join!(self.conversations.get(id), self.log.heads(&ids))?;
        let checked = heads.first().map_or(0, |head| head.mseq);
        self.look(conversation, (checked, forgotten), user, id).await
    }

    /// The member's row comes last, after what says how far the look reaches.
    async fn look(
        &self,
        conversation: Option<Conversation>,
        (checked, forgotten): (u64, u64),
        user: UserId,
        id: ConversationId,
    ) -> Result<Seen, ConversationError> {
        let (wall, monotonic) = (self.clock.now(), self.clock.monotonic());
        let conversation = conversation.ok_or(ConversationError::NotFound)?;
        let Some(member) = self.conversations.member(id, user).await? else {
            self.known.remove(&(id, user));
            return Err(ConversationError::NotFound);
        };
        let Conversation { kind, retention, blocks, .. } = conversation;
        let standing = blocks::standing(&blocks, user);
        let seen = Seen { kind, role: member.role, retention, standing, checked };
        self.known.insert((id, user), Remembered { seen, wall, monotonic });
        if self.forgotten.load(Ordering::SeqCst) != forgotten {
            self.known.remove(&(id, user));
        }
        Ok(seen)
    }

    /// By the clock that says longer: one may jump, the other stands still while the machine sleeps.
    fn age(&self, known: &Remembered) -> Duration {
        let monotonic = self.clock.monotonic().saturating_sub(known.monotonic);
        self.clock.now().since(known.wall).max(monotonic)
    }
}

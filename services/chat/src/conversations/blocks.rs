//! What it means for a direct conversation that one of the two blocks the other: what the other writes is taken as ever and
//! withheld from the one who blocks, who does not write either, and whose ticks stand still.

use kernel::{ConversationId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use super::Switch;
use super::create::direct_id;
use super::error::ConversationError;
use super::switches::Setting;
use crate::chat::Chat;
use crate::store::StoreError;

/// Somebody's block of the other in their direct conversation, or what is left of it once it is over: the other must not see
/// from ticks what was withheld.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Who blocks.
    pub by: UserId,
    /// When they said so last. Of two the later one holds.
    pub at: Timestamp,
    /// The end of the log when the block ended; `None` while it is there.
    pub until: Option<u64>,
    /// How far they had stored when it came.
    pub delivered: u64,
    /// How far they had read when it came.
    pub read: u64,
}

impl Block {
    /// Whether it is still there.
    pub const fn stands(&self) -> bool {
        self.until.is_none()
    }

    /// How far the other may see that the person has stored, who has stored up to `seq`.
    pub fn delivered(&self, seq: u64) -> u64 {
        if self.is_behind(seq) { seq } else { seq.min(self.delivered) }
    }

    /// How far the other may see that the person has read, who has read up to `seq`.
    pub fn read(&self, seq: u64) -> u64 {
        if self.is_behind(seq) { seq } else { seq.min(self.read) }
    }

    /// Whether it was over before the entry at `seq` came.
    fn is_behind(&self, seq: u64) -> bool {
        self.until.is_some_and(|until| seq > until)
    }
}

/// What a block means for one of the two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Standing {
    /// There is none.
    #[default]
    Open,
    /// They block the other: they write nothing either.
    Blocks,
    /// The other, who it is, blocks them: what they write is withheld from there.
    Blocked(UserId),
}

/// What the blocks of a conversation mean for that person.
pub fn standing(blocks: &[Block], user: UserId) -> Standing {
    let mut standing = Standing::Open;
    for block in blocks.iter().filter(|block| block.stands()) {
        if block.by == user {
            return Standing::Blocks;
        }
        standing = Standing::Blocked(block.by);
    }
    standing
}

/// The block of that person, if there is one or there was.
pub fn of(blocks: &[Block], by: UserId) -> Option<&Block> {
    blocks.iter().find(|block| block.by == by)
}

/// Somebody has blocked the other, or does not any more, as the user service says. May come twice, and late.
#[tracing::instrument(skip_all, fields(user_id = %by, stands))]
pub async fn set(
    chat: &Chat,
    (by, other): (UserId, UserId),
    stands: bool,
    at: Timestamp,
) -> Result<(), StoreError> {
    let id = direct_id(by, other);
    let Some(conversation) = chat.conversations.get(id).await? else { return Ok(()) };
    let before = of(&conversation.blocks, by).copied();
    let block = match before {
        Some(before) if before.stands() && stands => Block { at, ..before },
        before if stands => begin(chat, id, (by, at), before).await?,
        before => {
            let heads = chat.log.heads(&[id]).await?;
            let until = heads.first().map(|head| head.seq).or(Some(0));
            let none = Block { by, at, until: Some(0), delivered: 0, read: 0 };
            before.filter(Block::stands).map_or(none, |before| Block { at, until, ..before })
        }
    };
    if chat.conversations.set_block(id, &block).await? {
        tracing::info!(conversation_id = %id, "a block was set");
    }
    Ok(())
}

/// The caller opens a conversation that may be new to both: its blocks are those that the two have already. Called before
/// anybody is told of it.
pub async fn learn(
    chat: &Chat,
    id: ConversationId,
    user: UserId,
    other: UserId,
) -> Result<(), ConversationError> {
    let relations = chat.people.relations_now(user).await?;
    if !relations.blocked_by.contains(&other) {
        return Ok(());
    }
    // Whatever was said of it counts more: it may have ended since the question was answered.
    let at = Timestamp::from_millis(0);
    let block = Block { by: other, at, until: None, delivered: 0, read: 0 };
    chat.conversations.set_block(id, &block).await?;
    // Not in the list of the one who blocks, and below whatever they will ever say of it.
    let hide = Setting { switches: vec![(Switch::Hidden, true)], seq: 0, messages: 0 };
    chat.conversations.set_switches(other, id, &hide).await?;
    Ok(())
}

async fn begin(
    chat: &Chat,
    id: ConversationId,
    (by, at): (UserId, Timestamp),
    before: Option<Block>,
) -> Result<Block, StoreError> {
    let standings = chat.delivery.standings(&[id]).await?;
    let delivered = standings.get(&id).map_or(0, |standing| standing.delivered_to(by));
    let read = chat.conversations.reads(&[(id, by)]).await?.get(&(id, by)).copied().unwrap_or(0);
    let shown =
        before.map_or((delivered, read), |before| (before.delivered(delivered), before.read(read)));
    Ok(Block { by, at, until: None, delivered: shown.0, read: shown.1 })
}

#[cfg(test)]
mod tests {
    use kernel::SeededRandom;

    use super::*;

    fn user(seed: u64) -> UserId {
        UserId::new_v7(Timestamp::from_millis(1), &SeededRandom::new(seed))
    }

    fn block(by: UserId, until: Option<u64>) -> Block {
        Block { by, at: Timestamp::from_millis(1), until, delivered: 4, read: 2 }
    }

    #[test]
    fn ticks_stand_still_until_they_are_of_something_later() {
        let stands = block(user(1), None);
        assert_eq!([3, 4, 5, 9].map(|seq| stands.delivered(seq)), [3, 4, 4, 4]);
        assert_eq!([1, 2, 9].map(|seq| stands.read(seq)), [1, 2, 2]);
        let over = block(user(1), Some(9));
        assert_eq!([4, 9, 10].map(|seq| over.delivered(seq)), [4, 4, 10]);
    }

    #[test]
    fn who_blocks_writes_nothing_and_who_is_blocked_writes_to_nobody() {
        let (ann, bob) = (user(1), user(2));
        assert_eq!(standing(&[], ann), Standing::Open);
        assert_eq!(standing(&[block(bob, Some(7))], ann), Standing::Open);
        let one = [block(bob, None)];
        assert_eq!(standing(&one, ann), Standing::Blocked(bob));
        assert_eq!(standing(&one, bob), Standing::Blocks);
        let both = [block(bob, None), block(ann, None)];
        assert_eq!([ann, bob].map(|user| standing(&both, user)), [Standing::Blocks; 2]);
    }
}

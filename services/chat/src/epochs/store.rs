//! Where conversations get a new epoch.

use std::fmt;
use std::ops::AddAssign;

use async_trait::async_trait;
use kernel::ConversationId;

use crate::log::store::Head;
use crate::store::StoreError;

/// What was found, or changed, in some conversations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Survey {
    /// Conversations.
    pub conversations: u64,
    /// Cursors of devices: each device is told of each of its conversations anew.
    pub cursors: u64,
    /// Cursors and floors above the end of their log.
    pub above: u64,
    /// Read positions above the end of their log.
    pub read_above: u64,
}

impl AddAssign for Survey {
    fn add_assign(&mut self, other: Self) {
        self.conversations += other.conversations;
        self.cursors += other.cursors;
        self.above += other.above;
        self.read_above += other.read_above;
    }
}

/// Epochs of all conversations. No instance may run meanwhile: it would go on by what it remembers.
#[async_trait]
pub trait EpochStore: Send + Sync + fmt::Debug {
    /// Conversations in the order of their ids, those behind `after`, at most `limit`; none that is gone for all.
    async fn page(
        &self,
        after: Option<ConversationId>,
        limit: u32,
    ) -> Result<Vec<ConversationId>, StoreError>;

    /// What [`EpochStore::renew`] would find in these conversations, whose logs end there. Changes nothing.
    async fn survey(&self, ends: &[(ConversationId, Head)]) -> Result<Survey, StoreError>;

    /// Gives these conversations, whose logs end there, that epoch; says what it found.
    ///
    /// Cursors, floors and read positions above the end come down to it. All cursors of devices, and those that devices get
    /// from now on, are outdated until the device acknowledges: it is told to begin anew, and floors wait for it. The epoch
    /// comes last, so that nobody meets it with a cursor that is not. After an error some of it may be done; repeating the
    /// call does the rest and nothing twice.
    async fn renew(
        &self,
        ends: &[(ConversationId, Head)],
        epoch: &str,
    ) -> Result<Survey, StoreError>;
}

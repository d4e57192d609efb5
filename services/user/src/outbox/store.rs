use std::fmt;

use async_trait::async_trait;
use bus::Message;
use uuid::Uuid;

use crate::store::StoreError;

/// Messages written together with what they tell, waiting to be published.
///
/// Other ports of the service add to it in their own transactions.
#[async_trait]
pub(crate) trait Outbox: Send + Sync + fmt::Debug {
    /// The oldest messages, `limit` at most. What one person did one after another comes in that order.
    async fn waiting(&self, limit: u32) -> Result<Vec<Message>, StoreError>;

    /// Forgets a message that is durable on the bus. One that is not there any more is no error.
    async fn remove(&self, message: Uuid) -> Result<(), StoreError>;
}

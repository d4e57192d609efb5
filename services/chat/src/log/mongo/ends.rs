//! The ends of many logs at the price of two reads.

use std::collections::{HashMap, HashSet};

use bson::{Binary, doc};
use futures::{StreamExt, TryStreamExt, stream};
use kernel::ConversationId;
use serde::Deserialize;

use super::row::{End, key};
use super::{AT_ONCE, MongoLog};
use crate::log::store::Head;
use crate::mongo::{CONVERSATIONS, id as read_id, uuid, within};
use crate::store::StoreError;

/// Logs whose ends are read in one go.
const ENDS: usize = 500;
/// More than that: they come in one reply.
const BATCH: u32 = 1_000;

#[derive(Debug, Deserialize)]
struct Counted {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    #[serde(flatten)]
    end: End,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Next {
    conversation_id: bson::Uuid,
}

impl MongoLog {
    /// The ends of the logs, in the order asked. A log has no holes, so it ends where the conversation counts unless it has
    /// the position right after that; only then, while its head is being raised, it is read on its own.
    pub(super) async fn heads_of(&self, ids: &[ConversationId]) -> Result<Vec<Head>, StoreError> {
        let mut heads = Vec::with_capacity(ids.len());
        for ids in ids.chunks(ENDS) {
            let counted = self.counted(ids).await?;
            let counted: Vec<(ConversationId, Head)> =
                ids.iter().map(|id| (*id, counted.get(id).copied().unwrap_or_default())).collect();
            let ahead = self.that_go_on(&counted).await?;
            let ahead = &ahead;
            let ends = stream::iter(counted).map(|(id, head)| async move {
                if ahead.contains(&id) { self.head(id).await } else { Ok(head) }
            });
            heads.extend(ends.buffered(AT_ONCE).try_collect::<Vec<Head>>().await?);
        }
        Ok(heads)
    }

    /// What the conversations count.
    async fn counted(
        &self,
        ids: &[ConversationId],
    ) -> Result<HashMap<ConversationId, Head>, StoreError> {
        let ids: Vec<bson::Uuid> = ids.iter().copied().map(uuid).collect();
        let conversations = self.db.collection::<Counted>(CONVERSATIONS);
        let find = conversations.find(doc! { "_id": { "$in": ids } });
        let find = find.projection(doc! { "headSeq": 1, "headCount": 1, "headMseq": 1 });
        let find = find.batch_size(BATCH);
        let rows: Vec<Counted> = within(async move { find.await?.try_collect().await }).await?;
        rows.into_iter().map(|row| Ok((read_id(row.id), row.end.head()?))).collect()
    }

    /// Those of the logs that have the position after this one.
    async fn that_go_on(
        &self,
        ends: &[(ConversationId, Head)],
    ) -> Result<HashSet<ConversationId>, StoreError> {
        let ids: Vec<bson::Uuid> = ends.iter().map(|(id, _)| uuid(*id)).collect();
        let next: Vec<Binary> = ends.iter().map(|(id, head)| key(*id, head.seq + 1)).collect();
        // Named on its own too: it is the shard key.
        let filter = doc! { "conversationId": { "$in": ids }, "_id": { "$in": next } };
        let entries = self.entries.clone_with_type::<Next>();
        let find = entries
            .find(filter)
            .projection(doc! { "_id": 0, "conversationId": 1 })
            .batch_size(BATCH);
        let rows: Vec<Next> = within(async move { find.await?.try_collect().await }).await?;
        Ok(rows.into_iter().map(|row| read_id(row.conversation_id)).collect())
    }
}

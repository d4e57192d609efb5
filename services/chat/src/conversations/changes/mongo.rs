//! Changes of members and conversations in MongoDB. The mark is `pending` in the member's row, or in the conversation's.

mod rows;

use async_trait::async_trait;
use bson::{Document, doc};
use futures::TryStreamExt;
use kernel::{ConversationId, DeviceId, Timestamp, UserId};
use mongodb::options::ReturnDocument;
use mongodb::{Collection, Database};

use self::rows::{MarkedMember, MarkedTurn, mark, turn_mark};
use super::store::{Begun, Change, ChangeStore, Fate, Op, Turn};
use crate::conversations::mongo::rows::{first_view, is_in, member_key, own};
use crate::conversations::mongo::wrote;
use crate::delivery::store::Progress;
use crate::mongo::{
    CONVERSATIONS, MEMBERS, MEMBERSHIPS, date, delete_each, integer, is_duplicate, pairs_of,
    update_each, uuid, within,
};
use crate::store::StoreError;

/// How often an upsert is tried that another one was faster with.
const TRIES: u32 = 5;

/// Changes of members and conversations, in one database.
#[derive(Debug)]
pub struct MongoChanges {
    db: Database,
    members: Collection<MarkedMember>,
    conversations: Collection<MarkedTurn>,
}

impl MongoChanges {
    /// Keeps them in this database, which [`crate::mongo::open`] opened.
    pub fn new(db: &Database) -> Self {
        let (members, conversations) = (db.collection(MEMBERS), db.collection(CONVERSATIONS));
        Self { db: db.clone(), members, conversations }
    }

    /// Marks the member's row, unless there is nothing to mark or another mark.
    async fn mark(&self, change: &Change) -> Result<Begun<Change>, StoreError> {
        let key = member_key(change.conversation, change.user);
        let marked = if change.op == Op::Joined {
            self.mark_new(change, &key).await?
        } else {
            self.mark_there(change, &key).await?
        };
        if let Some(marked) = marked {
            return Ok(Begun::Yes(marked));
        }
        let Some(row) = within(self.members.find_one(key)).await? else {
            return Ok(Begun::Nothing);
        };
        Ok(match row.change(change.conversation)? {
            Some(pending) if pending.entry == change.entry => Begun::Yes(pending),
            Some(_) => Begun::Busy,
            None => Begun::Nothing,
        })
    }

    async fn mark_new(
        &self,
        change: &Change,
        key: &Document,
    ) -> Result<Option<Change>, StoreError> {
        let row = doc! {
            "userId": uuid(change.user),
            "role": change.role.as_str(),
            "joinedAt": date(change.at),
            "pending": mark(change),
        };
        for _ in 0..TRIES {
            let upsert = self.members.update_one(key.clone(), doc! { "$setOnInsert": &row });
            match within(async move { Ok(upsert.upsert(true).await) }).await? {
                Ok(done) => return Ok(done.upserted_id.is_some().then(|| change.clone())),
                Err(error) if is_duplicate(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Unavailable("another one was faster each time".to_owned()))
    }

    async fn mark_there(
        &self,
        change: &Change,
        key: &Document,
    ) -> Result<Option<Change>, StoreError> {
        let mut there = key.clone();
        there.insert("pending", doc! { "$exists": false });
        // The old role goes into the mark by the update that sets the new one.
        let mark = doc! { "$mergeObjects": [{ "$literal": mark(change) }, { "was": "$role" }] };
        let mut stages = vec![doc! { "$set": { "pending": mark } }];
        if change.op == Op::Role {
            there.insert("role", doc! { "$ne": change.role.as_str() });
            stages.push(doc! { "$set": { "role": change.role.as_str() } });
        }
        let update = self.members.find_one_and_update(there, stages);
        let row = within(update.return_document(ReturnDocument::After)).await?;
        Ok(row.map(|row| row.change(change.conversation)).transpose()?.flatten())
    }

    /// Takes the row of a change away, or the mark off it.
    async fn unmark(&self, change: &Change, set: Option<Document>) -> Result<bool, StoreError> {
        let mut marked = member_key(change.conversation, change.user);
        marked.insert("pending.entry", uuid(change.entry));
        let Some(set) = set else {
            return Ok(within(self.members.delete_one(marked)).await?.deleted_count > 0);
        };
        let mut update = doc! { "$unset": { "pending": "" } };
        if !set.is_empty() {
            update.insert("$set", set);
        }
        Ok(within(self.members.update_one(marked, update)).await?.matched_count > 0)
    }

    /// The cursors, the own view, then the row itself: the row is what a repeat finds.
    async fn take_out(&self, change: &Change) -> Result<Option<Progress>, StoreError> {
        let (id, user) = (change.conversation, change.user);
        let progress = crate::delivery::mongo::leave(&self.db, id, user).await?;
        delete_each(&self.db, MEMBERSHIPS, &[own(user, id)]).await?;
        let unwrite = doc! { "$unset": { wrote::path(user): "" } };
        update_each(&self.db, CONVERSATIONS, &[doc! { "q": { "_id": uuid(id) }, "u": unwrite }])
            .await?;
        self.unmark(change, None).await?;
        Ok(progress)
    }

    async fn is_marked(&self, change: &Change) -> Result<bool, StoreError> {
        let mut marked = member_key(change.conversation, change.user);
        marked.insert("pending.entry", uuid(change.entry));
        Ok(within(self.members.find_one(marked)).await?.is_some())
    }

    /// Notes how many are in, unless that was done behind a later entry.
    async fn count(&self, id: ConversationId, seq: u64) -> Result<(), StoreError> {
        let members = self.members.clone_with_type::<Document>();
        let keys = members.find(is_in(id)).projection(doc! { "_id": 1 });
        let keys: Vec<_> = within(async move { keys.await?.try_collect().await }).await?;
        let count = u64::try_from(keys.len()).unwrap_or(u64::MAX);
        let older = doc! { "_id": uuid(id), "countedAt": { "$not": { "$gt": integer(seq) } } };
        let counted = doc! { "memberCount": integer(count), "countedAt": integer(seq) };
        update_each(&self.db, CONVERSATIONS, &[doc! { "q": older, "u": { "$set": counted } }]).await
    }
}

#[async_trait]
impl ChangeStore for MongoChanges {
    /// The member's row comes first: from there on no other change of the person meddles.
    #[tracing::instrument(name = "changes_begin", level = "debug", skip_all, fields(conversation_id = %change.conversation, user_id = %change.user))]
    async fn begin(
        &self,
        change: &Change,
        devices: &[DeviceId],
    ) -> Result<Begun<Change>, StoreError> {
        let begun = self.mark(change).await?;
        let Begun::Yes(change) = &begun else { return Ok(begun) };
        let (id, user) = (change.conversation, change.user);
        match change.op {
            Op::Joined => {
                crate::delivery::mongo::join(&self.db, id, user, devices).await?;
                let view = doc! { "$setOnInsert": first_view(id) };
                let view = doc! { "q": own(user, id), "u": view, "upsert": true };
                update_each(&self.db, MEMBERSHIPS, &[view]).await?;
            }
            Op::Left | Op::Removed => {
                let leaving = doc! { "$set": { "leaving": true } };
                let leaving = doc! { "q": own(user, id), "u": leaving };
                update_each(&self.db, MEMBERSHIPS, &[leaving]).await?;
            }
            Op::Role => {}
        }
        Ok(begun)
    }

    #[tracing::instrument(name = "changes_finish", level = "debug", skip_all, fields(conversation_id = %change.conversation, user_id = %change.user))]
    async fn finish(&self, change: &Change, seq: u64) -> Result<Option<Progress>, StoreError> {
        if !self.is_marked(change).await? {
            return Ok(None);
        }
        self.count(change.conversation, seq).await?;
        if change.op.takes_out() {
            return self.take_out(change).await;
        }
        self.unmark(change, Some(doc! {})).await?;
        Ok(None)
    }

    #[tracing::instrument(name = "changes_undo", level = "debug", skip_all, fields(conversation_id = %change.conversation, user_id = %change.user))]
    async fn undo(&self, change: &Change) -> Result<(), StoreError> {
        if !self.is_marked(change).await? {
            return Ok(());
        }
        match change.op {
            Op::Joined => self.take_out(change).await.map(drop),
            Op::Left | Op::Removed => {
                let stays = doc! { "$unset": { "leaving": "" } };
                let stays = doc! { "q": own(change.user, change.conversation), "u": stays };
                update_each(&self.db, MEMBERSHIPS, &[stays]).await?;
                self.unmark(change, Some(doc! {})).await.map(drop)
            }
            Op::Role => {
                let role = doc! { "role": change.was.as_str() };
                self.unmark(change, Some(role)).await.map(drop)
            }
        }
    }

    #[tracing::instrument(name = "changes_pending", level = "debug", skip_all, fields(conversation_id = %id, user_id = %user))]
    async fn pending(
        &self,
        id: ConversationId,
        user: UserId,
    ) -> Result<Option<Change>, StoreError> {
        let row = within(self.members.find_one(member_key(id, user))).await?;
        Ok(row.map(|row| row.change(id)).transpose()?.flatten())
    }

    #[tracing::instrument(name = "changes_unfinished", level = "debug", skip_all, fields(limit = limit))]
    async fn unfinished(&self, before: Timestamp, limit: u32) -> Result<Vec<Change>, StoreError> {
        let find = self.members.find(doc! { "pending.at": { "$lt": date(before) } });
        let find = find.limit(i64::from(limit.max(1)));
        let rows: Vec<MarkedMember> =
            within(async move { find.await?.try_collect().await }).await?;
        let changes = rows.iter().map(|row| row.change(row.conversation()));
        Ok(changes.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    #[tracing::instrument(name = "changes_begin_turn", level = "debug", skip_all, fields(conversation_id = %turn.conversation))]
    async fn begin_turn(&self, turn: &Turn) -> Result<Begun<Turn>, StoreError> {
        let mut there = doc! { "_id": uuid(turn.conversation), "gone": { "$ne": true } };
        let mut set = doc! { "pending": turn_mark(turn) };
        match turn.fate {
            Fate::Title(_) => there.insert("pending", doc! { "$exists": false }),
            Fate::Gone => set.insert("gone", true),
        };
        let marked = self.conversations.update_one(there, doc! { "$set": set });
        if within(marked).await?.matched_count > 0 {
            return Ok(Begun::Yes(turn.clone()));
        }
        let row = self.conversations.find_one(doc! { "_id": uuid(turn.conversation) });
        let pending = within(row).await?.map(MarkedTurn::turn).transpose()?.flatten();
        Ok(match pending {
            Some(pending) if pending.entry == turn.entry => Begun::Yes(pending),
            Some(pending) if pending.fate != Fate::Gone => Begun::Busy,
            _ => Begun::Nothing,
        })
    }

    #[tracing::instrument(name = "changes_finish_turn", level = "debug", skip_all, fields(conversation_id = %turn.conversation))]
    async fn finish_turn(&self, turn: &Turn, seq: u64) -> Result<(), StoreError> {
        let id = uuid(turn.conversation);
        let marked = doc! { "_id": id, "pending.entry": uuid(turn.entry) };
        if let Fate::Title(title) = &turn.fate {
            let named = doc! { "title": title, "titleSeq": integer(seq) };
            let older = doc! {
                "_id": id,
                "gone": { "$ne": true },
                "titleSeq": { "$not": { "$gt": integer(seq) } },
            };
            within(self.conversations.update_one(older, doc! { "$set": named })).await?;
        } else {
            crate::delivery::mongo::end(&self.db, turn.conversation).await?;
        }
        let mut off = doc! { "pending": "" };
        if turn.fate == Fate::Gone {
            off.insert("title", "");
        }
        within(self.conversations.update_one(marked, doc! { "$unset": off })).await.map(drop)
    }

    #[tracing::instrument(name = "changes_undo_turn", level = "debug", skip_all, fields(conversation_id = %turn.conversation))]
    async fn undo_turn(&self, turn: &Turn) -> Result<(), StoreError> {
        let marked = doc! { "_id": uuid(turn.conversation), "pending.entry": uuid(turn.entry) };
        let off = doc! { "$unset": { "pending": "" } };
        within(self.conversations.update_one(marked, off)).await.map(drop)
    }

    #[tracing::instrument(name = "changes_unfinished_turns", level = "debug", skip_all, fields(limit = limit))]
    async fn unfinished_turns(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<Turn>, StoreError> {
        let find = self.conversations.find(doc! { "pending.at": { "$lt": date(before) } });
        let find = find.limit(i64::from(limit.max(1)));
        let rows: Vec<MarkedTurn> = within(async move { find.await?.try_collect().await }).await?;
        let turns = rows.into_iter().map(MarkedTurn::turn);
        Ok(turns.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    #[tracing::instrument(name = "changes_everyone", level = "debug", skip_all, fields(conversation_id = %id, limit = limit))]
    async fn everyone(&self, id: ConversationId, limit: u32) -> Result<Vec<UserId>, StoreError> {
        let all = doc! { "conversationId": uuid(id), "_id": pairs_of(id) };
        let find = self.members.find(all).limit(i64::from(limit.max(1)));
        let rows: Vec<MarkedMember> =
            within(async move { find.await?.try_collect().await }).await?;
        Ok(rows.iter().map(MarkedMember::user).collect())
    }

    #[tracing::instrument(name = "changes_clear", level = "debug", skip_all, fields(conversation_id = %id, people = users.len()))]
    async fn clear(&self, id: ConversationId, users: &[UserId]) -> Result<(), StoreError> {
        let views: Vec<Document> = users.iter().map(|user| own(*user, id)).collect();
        delete_each(&self.db, MEMBERSHIPS, &views).await?;
        // Last: by these rows a repeat finds who is left.
        let rows: Vec<Document> = users.iter().map(|user| member_key(id, *user)).collect();
        delete_each(&self.db, MEMBERS, &rows).await
    }
}

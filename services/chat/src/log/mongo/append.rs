//! Carries out what the numbering of one conversation's drafts asks for.

use std::time::Duration;

use bson::{RawDocumentBuf, doc};
use futures::future::try_join;
use kernel::{ConversationId, EntryId};
use mongodb::error::{Error, ErrorKind, IndexedWriteError};
use tokio::time::{Instant, timeout, timeout_at};

use super::heads::Moment;
use super::row::{End, Row, range};
use super::{MongoLog, read_all};
use crate::log::entry::Entry;
use crate::log::numbering::{Command, Inserted, Numbering};
use crate::log::store::{AFTER_CAP, Appended, Draft, Head};
use crate::mongo::{CONVERSATIONS, DUPLICATE, uuid, within};
use crate::store::StoreError;

/// The largest document that the server takes, in bytes.
const LARGEST: usize = 16 * 1024 * 1024;
/// Codes for a document that will be refused however often it comes: bad value, bad BSON, against the validation of the
/// collection, too large.
const PERMANENT: [i32; 4] = [2, 22, 121, 10_334];

impl MongoLog {
    /// Appends drafts of one conversation.
    #[tracing::instrument(name = "log_append", level = "debug", skip_all, fields(conversation_id = %id, drafts = drafts.len()))]
    pub(super) async fn append_to(&self, id: ConversationId, drafts: Vec<Draft>) -> Vec<Appended> {
        let clock = self.clock.as_ref();
        let began = Moment::now(clock);
        let deadline = Instant::now() + self.limits.append_timeout;
        let mut confirmed = began;
        let mut numbering = Numbering::new(drafts, self.heads.get(id, clock));
        loop {
            let command = numbering.command();
            // The machine may have slept, which the deadline does not see.
            if command != Command::Finish && began.age(clock) > self.limits.append_timeout {
                numbering.give_up();
                continue;
            }
            match command {
                Command::LoadHead => {
                    self.pause(numbering.tries()).await;
                    match in_time(deadline, self.head(id)).await {
                        Ok(head) => numbering.head(head),
                        Err(error) => abandon(&mut numbering, &error),
                    }
                }
                Command::Insert(entries) => {
                    confirmed = Moment::now(clock);
                    numbering.inserted(self.insert(&entries, deadline).await);
                }
                Command::LookUp(ids) => match in_time(deadline, self.look_up(id, &ids)).await {
                    Ok(entries) => numbering.found(&entries),
                    Err(error) => abandon(&mut numbering, &error),
                },
                Command::Finish => break,
            }
        }
        metrics::histogram!("log_append_retries").record(numbering.tries());
        let (appended, head) = numbering.finish();
        match head {
            Some(head) => self.heads.confirm(id, head, confirmed),
            None => self.heads.forget(id),
        }
        appended
    }

    /// The end of the log: its last entry, or what the conversation counts if entries at the end are gone already.
    pub(super) async fn head(&self, id: ConversationId) -> Result<Head, StoreError> {
        let conversations = self.db.collection::<End>(CONVERSATIONS);
        let counted = doc! { "headSeq": 1, "headCount": 1, "headMseq": 1 };
        let counted = conversations.find_one(doc! { "_id": uuid(id) }).projection(counted);
        let entries = self.entries.clone_with_type::<End>();
        let last = entries.find_one(range(id, 0, u64::MAX)).sort(doc! { "_id": -1 });
        let last = last.projection(doc! { "seq": 1, "count": 1, "mseq": 1 });
        let both = try_join(counted.into_future(), last.into_future());
        let (counted, last) = within(both).await?;
        let counted = counted.map(End::head).transpose()?.unwrap_or_default();
        let last = last.map(End::head).transpose()?.unwrap_or_default();
        Ok(if counted.seq > last.seq { counted } else { last })
    }

    async fn insert(&self, entries: &[Entry], deadline: Instant) -> Inserted {
        let keep = Some(self.limits.cap + AFTER_CAP);
        let rows = entries.iter().map(|entry| {
            let row = bson::serialize_to_raw_document_buf(&Row::new(entry, keep)).ok()?;
            (row.as_bytes().len() <= LARGEST).then_some(row)
        });
        let rows: Vec<RawDocumentBuf> = rows.map_while(|row| row).collect();
        let fitting = rows.len();
        let inserted =
            if rows.is_empty() { Inserted::All } else { self.insert_rows(rows, deadline).await };
        match inserted {
            Inserted::All if fitting < entries.len() => Inserted::Refused(fitting),
            other => other,
        }
    }

    async fn insert_rows(&self, rows: Vec<RawDocumentBuf>, deadline: Instant) -> Inserted {
        // Leaves time to look up what became of them.
        let patience = deadline.saturating_duration_since(Instant::now()) / 2;
        let entries = self.entries.clone_with_type::<RawDocumentBuf>();
        match timeout(patience, entries.insert_many(rows).into_future()).await {
            Ok(Ok(_)) => Inserted::All,
            Ok(Err(error)) => how(&error),
            Err(_) => Inserted::Prefix(0),
        }
    }

    async fn look_up(&self, id: ConversationId, ids: &[EntryId]) -> Result<Vec<Entry>, StoreError> {
        let mids: Vec<bson::Uuid> = ids.iter().copied().map(uuid).collect();
        let filter = doc! { "conversationId": uuid(id), "mid": { "$in": mids } };
        read_all(self.entries.find(filter)).await
    }

    /// Those who were too slow together are not to be so again.
    async fn pause(&self, tries: u32) {
        if tries > 0 {
            let most = 2_u64 << tries.min(6);
            tokio::time::sleep(Duration::from_millis(self.random.below(most))).await;
        }
    }
}

/// What an error of an ordered insert says about what is stored.
fn how(error: &Error) -> Inserted {
    let ErrorKind::InsertMany(failure) = &*error.kind else { return unknown(error) };
    let first = failure.write_errors.as_ref().and_then(|errors| errors.first());
    match first {
        // Without the majority's word even what comes before the error is not certain.
        _ if failure.write_concern_error.is_some() => unknown(error),
        Some(IndexedWriteError { index, code: DUPLICATE, .. }) => Inserted::Prefix(*index),
        Some(IndexedWriteError { index, code, .. }) if PERMANENT.contains(code) => {
            tracing::error!(code, "the database refused an entry for good");
            Inserted::Refused(*index)
        }
        _ => unknown(error),
    }
}

fn unknown(error: &Error) -> Inserted {
    tracing::warn!(%error, "not known whether entries were stored; looking");
    Inserted::Prefix(0)
}

fn abandon(numbering: &mut Numbering, error: &StoreError) {
    tracing::warn!(%error, "gave up on appending entries");
    numbering.give_up();
}

async fn in_time<T>(
    deadline: Instant,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let late = |_| StoreError::Unavailable("the append took too long".to_owned());
    timeout_at(deadline, call).await.map_err(late)?
}

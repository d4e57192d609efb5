//! Reads stretches of logs so that what is missing in them is known to be gone.
//!
//! A position is gone when the conversation counts it and the log does not have it. That is only sound if the log was read
//! as it stood when the position was counted, or later. Two majority reads one after the other do not promise that: right
//! after a fail-over the new primary may answer from an older majority-committed view than the old one did, and then what
//! is not in that view yet would be called gone, and every device would pass over it for good. So the second read is made
//! causally dependent on the first one (`afterClusterTime`): whichever member answers it, it waits until its
//! majority-committed view has everything that the first one showed. A head is raised after its entry is on a majority, and
//! so are all before it; so whatever the head counts is in that view, unless it was removed.
//!
//! Above the counted head nothing is called gone, except below an entry of the same view: a log has no holes, and the
//! entries of one conversation are in one server's history in their order.

use std::collections::HashMap;

use bson::{Timestamp, doc};
use futures::{StreamExt, TryStreamExt, stream};
use kernel::ConversationId;
use mongodb::error::Result as Answer;
use mongodb::{ClientSession, Collection, Database};
use serde::Deserialize;

use super::row::{Row, range};
use crate::log::store::{Tail, Wanted};
use crate::mongo::{CONVERSATIONS, id as read_id, number, uuid, within};
use crate::store::StoreError;

/// Logs read at once.
const AT_ONCE: usize = 8;
/// Entries that the server sends at a time: what is too much for the answer is not sent.
const BATCH: u32 = 50;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counted {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    head_seq: i64,
}

/// What is wanted of each log, in the order asked.
pub(super) async fn read(
    db: &Database,
    entries: &Collection<Row>,
    wanted: &[Wanted],
) -> Result<Vec<Tail>, StoreError> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let (heads, moment) = within(counted(db, wanted)).await?;
    let heads: HashMap<ConversationId, i64> =
        heads.into_iter().map(|head| (read_id(head.id), head.head_seq)).collect();
    let tails = wanted.iter().copied().map(|wanted| {
        let head = heads.get(&wanted.conversation).copied().unwrap_or(0);
        async move {
            let (rows, full) = within(above(db, entries, wanted, moment)).await?;
            let entries = rows.into_iter().map(Row::entry).collect::<Result<_, _>>()?;
            Ok(Tail { head: number(head)?, entries, full })
        }
    });
    stream::iter(tails).buffered(AT_ONCE).try_collect().await
}

/// The heads that the conversations count, and the moment of which that is true.
async fn counted(db: &Database, wanted: &[Wanted]) -> Answer<(Vec<Counted>, Option<Timestamp>)> {
    let ids: Vec<bson::Uuid> = wanted.iter().map(|wanted| uuid(wanted.conversation)).collect();
    let mut session = causal(db, None).await?;
    let conversations = db.collection::<Counted>(CONVERSATIONS);
    let size = u32::try_from(ids.len()).unwrap_or(u32::MAX);
    let find = conversations.find(doc! { "_id": { "$in": ids } });
    let find = find.projection(doc! { "headSeq": 1 }).batch_size(size.saturating_add(1));
    let mut found = find.session(&mut session).await?;
    let found: Vec<Counted> = found.stream(&mut session).try_collect().await?;
    Ok((found, session.operation_time()))
}

/// Entries from there on, as they stood at that moment or later, and whether there may be more.
async fn above(
    db: &Database,
    entries: &Collection<Row>,
    wanted: Wanted,
    moment: Option<Timestamp>,
) -> Answer<(Vec<Row>, bool)> {
    let Wanted { conversation, after, to, entries: most, bytes } = wanted;
    if most == 0 || after >= to {
        return Ok((Vec::new(), false)); // no limit at all, to the server
    }
    let mut session = causal(db, moment).await?;
    let find = entries.find(range(conversation, after, to)).sort(doc! { "_id": 1 });
    let find = find.limit(i64::from(most)).batch_size(BATCH.min(most));
    let mut found = find.session(&mut session).await?;
    let (mut rows, mut weight) = (Vec::new(), 0);
    while let Some(row) = found.next(&mut session).await {
        let row = row?;
        weight += row.weight();
        rows.push(row);
        if weight > bytes {
            return Ok((rows, true));
        }
    }
    let full = rows.len() >= most as usize;
    Ok((rows, full))
}

/// A session whose reads see at least what others saw at that moment.
async fn causal(db: &Database, moment: Option<Timestamp>) -> Answer<ClientSession> {
    let mut session = db.client().start_session().causal_consistency(true).await?;
    if let Some(moment) = moment {
        session.advance_operation_time(moment);
    }
    Ok(session)
}

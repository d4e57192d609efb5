//! How far people have read by writing. It stands in the conversation, as `wrote.USER: [seq, count]`, and is raised by the
//! statement that raises the head: a send costs one document less than with the sender's own membership. What
//! somebody has read is the higher of the two. One field of about 70 bytes for each member who has written.

use std::collections::HashMap;

use bson::{Bson, Document, doc};
use futures::TryStreamExt;
use kernel::{ConversationId, Timestamp, UserId};
use mongodb::{Collection, Database};
use serde::Deserialize;

use crate::conversations::Membership;
use crate::conversations::store::Counted;
use crate::log::store::Head;
use crate::mongo::{CONVERSATIONS, date, id as read_id, integer, number, uuid, within};
use crate::store::StoreError;

/// Position and user-visible messages up to there.
pub(crate) type Reached = (u64, u64);

/// By person, as it stands in the document.
pub(super) type Wrote = HashMap<String, (i64, i64)>;

#[derive(Debug, Deserialize)]
struct WroteRow {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    #[serde(default)]
    wrote: Wrote,
}

/// Where a person's part stands.
pub(crate) fn path(user: UserId) -> String {
    format!("wrote.{user}")
}

/// The statement that counts what was written.
pub(super) fn count(counted: &Counted, now: Timestamp) -> Document {
    let Counted { id, head, wrote } = counted;
    let mut raised = raise(*head);
    raised.insert("activeAt", date(now));
    for (user, seq, count) in wrote {
        // Of two lists the one whose first number is higher is the greater; both numbers only rise together.
        raised.insert(path(*user), vec![integer(*seq), integer(*count)]);
    }
    doc! { "q": { "_id": uuid(*id) }, "u": { "$max": raised } }
}

/// What a head raises.
pub(crate) fn raise(head: Head) -> Document {
    doc! {
        "headSeq": integer(head.seq),
        "headCount": integer(head.count),
        "headMseq": integer(head.mseq),
    }
}

/// What everybody wrote in these conversations.
pub(crate) async fn all(
    db: &Database,
    ids: &[ConversationId],
) -> Result<HashMap<(ConversationId, UserId), Reached>, StoreError> {
    let mut found = HashMap::new();
    for row in rows(db, ids, "wrote".to_owned()).await? {
        for (user, reached) in &row.wrote {
            let corrupt = |_| StoreError::Corrupt(format!("{user:?} is no person"));
            let user: UserId = user.parse().map_err(corrupt)?;
            found.insert((read_id(row.id), user), numbers(*reached)?);
        }
    }
    Ok(found)
}

/// What the person wrote in the conversation.
pub(super) async fn one(
    db: &Database,
    id: ConversationId,
    user: UserId,
) -> Result<Reached, StoreError> {
    let row = rows(db, &[id], path(user)).await?.pop();
    row.map_or(Ok((0, 0)), |row| of(&row.wrote, user))
}

/// The person's part.
pub(super) fn of(wrote: &Wrote, user: UserId) -> Result<Reached, StoreError> {
    wrote.get(&user.to_string()).copied().map_or(Ok((0, 0)), numbers)
}

/// The view of somebody who has read at least so far.
pub(super) fn read_by_writing(view: Membership, (seq, count): Reached) -> Membership {
    Membership { read_seq: view.read_seq.max(seq), read_count: view.read_count.max(count), ..view }
}

/// Brings down to the end of the log what lies above it.
pub(crate) fn lower(end: Head) -> Document {
    let part = |at: i32, end: u64| {
        doc! { "$min": [{ "$arrayElemAt": ["$$this.v", at] }, Bson::from(integer(end))] }
    };
    let lowered = doc! { "k": "$$this.k", "v": [part(0, end.seq), part(1, end.count)] };
    let parts = doc! { "$objectToArray": { "$ifNull": ["$wrote", {}] } };
    doc! { "$arrayToObject": { "$map": { "input": parts, "in": lowered } } }
}

async fn rows(
    db: &Database,
    ids: &[ConversationId],
    field: String,
) -> Result<Vec<WroteRow>, StoreError> {
    let ids: Vec<bson::Uuid> = ids.iter().copied().map(uuid).collect();
    let conversations: Collection<WroteRow> = db.collection(CONVERSATIONS);
    let find = conversations.find(doc! { "_id": { "$in": ids } }).projection(doc! { field: 1 });
    within(async move { find.await?.try_collect().await }).await
}

fn numbers((seq, count): (i64, i64)) -> Result<Reached, StoreError> {
    Ok((number(seq)?, number(count)?))
}

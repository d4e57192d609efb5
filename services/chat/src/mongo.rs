//! What the MongoDB stores of this service share: how the database is opened, its indexes, and how ids, numbers and times
//! stand in it.

use std::future::IntoFuture;
use std::time::Duration;

use bson::spec::BinarySubtype;
use bson::{Binary, DateTime, Document, doc};
use kernel::{Id, Timestamp};
use mongodb::error::{Error, ErrorKind, WriteFailure};
use mongodb::options::{
    Acknowledgment, ClientOptions, ReadConcern, ReadPreference, SelectionCriteria, WriteConcern,
};
use mongodb::{Client, Database};
use tokio::time::timeout;

use crate::store::StoreError;

/// One call to the database, all its statements included.
const CALL: Duration = Duration::from_secs(10);
/// Finding the primary; longer than an election takes.
const SELECTION: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(5);
/// Connections to one server, unless the URL says `maxPoolSize`.
const CONNECTIONS: u32 = 64;
/// Statements in one command of [`update_each`].
const STATEMENTS: usize = 1_000;

pub(crate) const ENTRIES: &str = "messages";
pub(crate) const CONVERSATIONS: &str = "conversations";
pub(crate) const MEMBERS: &str = "members";
pub(crate) const MEMBERSHIPS: &str = "memberships";
pub(crate) const DELIVERY: &str = "delivery";
/// Not `devices`: the user service may live in the same database.
pub(crate) const DEVICES: &str = "deliveryDevices";

/// Why a database cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is not one that the driver understands.
    #[error("chat.store is not a usable MongoDB URL: {0}")]
    Url(String),
    /// The URL names a server and no database.
    #[error("chat.store names no database; write mongodb://HOST/DATABASE")]
    NoDatabase,
}

/// Opens the database that the URL names; connects when it is first used.
///
/// Writes are acknowledged by a majority with their journals, reads are majority reads from the primary, whatever the URL
/// says: the log is only right with both.
pub async fn open(url: &str, app: &str) -> Result<Database, OpenError> {
    connect(options(url, app).await?)
}

/// What the driver is told; the URL may set the rest.
pub(crate) async fn options(url: &str, app: &str) -> Result<ClientOptions, OpenError> {
    let unusable = |error: Error| OpenError::Url(error.to_string());
    let mut options = ClientOptions::parse(url).await.map_err(unusable)?;
    options.app_name.get_or_insert_with(|| app.to_owned());
    options.server_selection_timeout = Some(SELECTION);
    options.connect_timeout = Some(CONNECT);
    options.max_pool_size.get_or_insert(CONNECTIONS);
    let durable = WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build();
    options.write_concern = Some(durable);
    options.read_concern = Some(ReadConcern::majority());
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    options.retry_writes = Some(true);
    options.retry_reads = Some(true);
    Ok(options)
}

pub(crate) fn connect(options: ClientOptions) -> Result<Database, OpenError> {
    let client =
        Client::with_options(options).map_err(|error| OpenError::Url(error.to_string()))?;
    client.default_database().ok_or(OpenError::NoDatabase)
}

/// How each collection is spread over the shards of a cluster: by the hash of this field. Every command that is asked
/// often names it, so that one shard answers.
pub const SHARD_KEYS: &[(&str, &str)] = &[
    (ENTRIES, "conversationId"),
    (CONVERSATIONS, "_id"),
    (MEMBERS, "conversationId"),
    (MEMBERSHIPS, "userId"),
    (DELIVERY, "_id"),
    (DEVICES, "_id"),
];

/// How the data lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// In one replica set. A statement that names a document by nothing but its `_id` costs the server less than half of one
    /// that names more, and one statement may be about many conversations.
    Whole,
    /// In shards behind a router. Each statement names the shard key, and is about one conversation: one over several is not
    /// safe while a shard hands conversations over.
    Sharded,
}

impl Layout {
    /// Asks the server whether it is a router.
    pub async fn of(db: &Database) -> Result<Self, StoreError> {
        let hello = within(db.run_command(doc! { "hello": 1 })).await?;
        let routed = hello.get_str("msg").is_ok_and(|message| message == "isdbgrid");
        Ok(if routed { Self::Sharded } else { Self::Whole })
    }
}

/// The commands that make the indexes; each changes nothing where its indexes are there.
pub fn index_commands() -> Vec<Document> {
    let index = |name: &str, keys: Document, how: Document| {
        let mut index = doc! { "key": keys, "name": name };
        index.extend(how);
        index
    };
    let only = |which: Document| doc! { "partialFilterExpression": which };
    let entries = [
        index(
            "conversationId_1_mid_1",
            doc! { "conversationId": 1, "mid": 1 },
            doc! { "unique": true },
        ),
        index("expiresAt_1", doc! { "expiresAt": 1 }, doc! { "expireAfterSeconds": 0 }),
        // Only what is about another entry, so that other messages do not pay for it.
        index(
            "conversationId_1_target_1_seq_1",
            doc! { "conversationId": 1, "target": 1, "seq": 1 },
            only(doc! { "target": { "$exists": true } }),
        ),
        index("unfinished_1", doc! { "unfinished": 1 }, only(doc! { "unfinished": true })),
    ];
    let delivery = [
        index("dirty_1__id_1", doc! { "dirty": 1, "_id": 1 }, only(doc! { "dirty": true })),
        index(
            "turning.entry_1",
            doc! { "turning.entry": 1 },
            only(doc! { "turning.entry": { "$exists": true } }),
        ),
    ];
    let pending = [index(
        "pending.at_1",
        doc! { "pending.at": 1 },
        only(doc! { "pending.at": { "$exists": true } }),
    )];
    vec![
        doc! { "createIndexes": MEMBERS, "indexes": pending.to_vec() },
        doc! { "createIndexes": CONVERSATIONS, "indexes": pending.to_vec() },
        doc! { "createIndexes": ENTRIES, "indexes": entries.to_vec() },
        doc! { "createIndexes": DELIVERY, "indexes": delivery.to_vec() },
    ]
}

/// Makes the indexes that are not there yet. Run it before any of the stores is used; several may at once.
pub async fn create_indexes(db: &Database) -> Result<(), StoreError> {
    for mut command in index_commands() {
        command.insert("writeConcern", doc! { "w": "majority" });
        within(db.run_command(command)).await?;
    }
    Ok(())
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match *error.kind {
            ErrorKind::Bson(_)
            | ErrorKind::BsonDeserialization(_)
            | ErrorKind::InvalidResponse { .. } => Self::Corrupt(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

/// Waits for the answer, but no longer than [`CALL`].
pub(crate) async fn within<T>(
    call: impl IntoFuture<Output = mongodb::error::Result<T>>,
) -> Result<T, StoreError> {
    let answer = timeout(CALL, call.into_future()).await;
    let answer = answer.map_err(|_| {
        StoreError::Unavailable(format!("no answer within {} ms", CALL.as_millis()))
    })?;
    Ok(answer?)
}

/// Whether something with the same key is there already.
pub(crate) fn is_duplicate(error: &Error) -> bool {
    matches!(&*error.kind, ErrorKind::Write(WriteFailure::WriteError(error)) if error.code == DUPLICATE)
}

/// The server's code for a key that is taken.
pub(crate) const DUPLICATE: i32 = 11_000;

/// Runs update statements, each on one document, as few commands as possible. After an error some may have been applied.
/// An upsert that another was faster with counts as done.
pub(crate) async fn update_each(
    db: &Database,
    collection: &str,
    updates: &[Document],
) -> Result<(), StoreError> {
    for updates in updates.chunks(STATEMENTS) {
        // Commands run as such do not take over the write concern of the client.
        let command = doc! {
            "update": collection,
            "updates": updates.to_vec(),
            "ordered": false,
            "writeConcern": { "w": "majority", "j": true },
        };
        let reply = within(db.run_command(command)).await?;
        check(&reply)?;
    }
    Ok(())
}

/// Runs delete statements, each of one document, as few commands as possible. What is not there is as good as deleted.
pub(crate) async fn delete_each(
    db: &Database,
    collection: &str,
    filters: &[Document],
) -> Result<(), StoreError> {
    for filters in filters.chunks(STATEMENTS) {
        let one = |filter: &Document| doc! { "q": filter.clone(), "limit": 1 };
        let command = doc! {
            "delete": collection,
            "deletes": filters.iter().map(one).collect::<Vec<_>>(),
            "ordered": false,
            "writeConcern": { "w": "majority", "j": true },
        };
        let reply = within(db.run_command(command)).await?;
        check(&reply)?;
    }
    Ok(())
}

fn check(reply: &Document) -> Result<(), StoreError> {
    let errors = reply.get_array("writeErrors").map(Vec::as_slice).unwrap_or_default();
    let codes = errors.iter().filter_map(|error| error.as_document()?.get_i32("code").ok());
    if let Some(code) = codes.into_iter().find(|code| *code != DUPLICATE) {
        return Err(StoreError::Unavailable(format!("an update was refused with code {code}")));
    }
    if reply.contains_key("writeConcernError") {
        return Err(StoreError::Unavailable("an update did not reach a majority".to_owned()));
    }
    Ok(())
}

/// The id as it stands in a document.
pub(crate) fn uuid<K>(id: Id<K>) -> bson::Uuid {
    bson::Uuid::from_bytes(id.uuid().into_bytes())
}

/// Reads an id.
pub(crate) fn id<K>(stored: bson::Uuid) -> Id<K> {
    Id::from_uuid(uuid::Uuid::from_bytes(stored.bytes()))
}

/// Bytes as they stand in a document; those of one length are in the order of the bytes.
pub(crate) const fn binary(bytes: Vec<u8>) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes }
}

/// The key of what belongs to two things.
pub(crate) fn pair<A, B>(first: Id<A>, second: Id<B>) -> Binary {
    binary([first.uuid().into_bytes(), second.uuid().into_bytes()].concat())
}

/// Matches the keys of all pairs that begin with `first`.
pub(crate) fn pairs_of<A>(first: Id<A>) -> Document {
    let key = |rest: u8| binary([first.uuid().into_bytes(), [rest; 16]].concat());
    doc! { "$gte": key(0), "$lte": key(u8::MAX) }
}

/// The number as it stands in a document. None that we hand out comes near the limit.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Reads a number.
pub(crate) fn number(stored: i64) -> Result<u64, StoreError> {
    u64::try_from(stored).map_err(|_| StoreError::Corrupt(format!("{stored} is below zero")))
}

/// Reads a name out of a closed set.
pub(crate) fn name<T>(
    stored: &str,
    from_name: impl FnOnce(&str) -> Option<T>,
) -> Result<T, StoreError> {
    from_name(stored).ok_or_else(|| StoreError::Corrupt(format!("unknown name {stored:?}")))
}

/// The time as it stands in a document.
pub(crate) const fn date(time: Timestamp) -> DateTime {
    DateTime::from_millis(time.as_millis())
}

/// Reads a time.
pub(crate) const fn time(stored: DateTime) -> Timestamp {
    Timestamp::from_millis(stored.timestamp_millis())
}

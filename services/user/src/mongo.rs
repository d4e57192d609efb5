//! What the MongoDB adapters of this service share: how the database is opened, its indexes, transactions, and how ids and
//! times stand in it.

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use bson::{DateTime, Document, doc};
use futures::future::BoxFuture;
use kernel::{Id, Timestamp};
use mongodb::error::{Error, ErrorKind, WriteFailure};
use mongodb::options::{
    Acknowledgment, ClientOptions, ReadConcern, ReadPreference, SelectionCriteria, WriteConcern,
};
use mongodb::{Client, ClientSession, Collection, Database};
use tokio::time::timeout;

use crate::contacts::KEYS_KEPT;
use crate::store::StoreError;

/// One operation, all its statements and tries included.
const DEADLINE: Duration = Duration::from_secs(10);
/// Finding the primary; longer than an election takes.
const SELECTION: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(5);
/// Connections to one server, unless the URL says `maxPoolSize`.
const CONNECTIONS: u32 = 32;
/// Tries of a transaction that finds a key taken that was free when it looked.
const TRIES: u32 = 5;
/// Expired sessions stay this long, so that a late refresh token is told from a made-up one in the log.
const EXPIRED_KEPT: Duration = Duration::from_hours(24);

/// The database. Clones share its connections.
#[derive(Clone)]
pub(crate) struct Mongo {
    client: Client,
    db: Database,
}

impl fmt::Debug for Mongo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mongo").field("database", &self.db.name()).finish_non_exhaustive()
    }
}

impl Mongo {
    /// Opens the database that the URL names and makes the indexes that are not there yet.
    ///
    /// Writes are acknowledged by a majority with their journals, reads are majority reads from the primary, whatever the
    /// URL says: an ended session must be seen as ended.
    pub(crate) async fn open(url: &str) -> Result<Self, StoreError> {
        let unusable = |error: Error| StoreError(format!("not a usable MongoDB URL: {error}"));
        let mut options = ClientOptions::parse(url).await.map_err(unusable)?;
        options.app_name.get_or_insert_with(|| "restante-user".to_owned());
        options.server_selection_timeout = Some(SELECTION);
        options.connect_timeout = Some(CONNECT);
        options.max_pool_size.get_or_insert(CONNECTIONS);
        let durable = WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build();
        options.write_concern = Some(durable);
        options.read_concern = Some(ReadConcern::majority());
        options.selection_criteria =
            Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
        options.retry_writes = Some(true);
        options.retry_reads = Some(true);
        let client = Client::with_options(options).map_err(unusable)?;
        let nameless = "the URL names no database; write mongodb://HOST/DATABASE".to_owned();
        let db = client.default_database().ok_or(StoreError(nameless))?;
        let mongo = Self { client, db };
        mongo.create_indexes().await?;
        Ok(mongo)
    }

    /// A collection with rows of this shape.
    pub(crate) fn rows<T: Send + Sync>(&self, name: &str) -> Collection<T> {
        self.db.collection(name)
    }

    /// A collection as it is.
    pub(crate) fn documents(&self, name: &str) -> Collection<Document> {
        self.db.collection(name)
    }

    /// Runs a command that no method stands for.
    #[cfg(test)]
    pub(crate) async fn run(&self, command: Document) -> Result<Document, StoreError> {
        within(self.db.run_command(command)).await
    }

    /// Answers if the server is in reach.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        within(self.db.run_command(doc! { "ping": 1 })).await.map(drop)
    }

    /// Runs `job` in a transaction, again if it met another one. The job must look before it inserts a unique key, so that
    /// the second time it finds who was faster.
    pub(crate) async fn transaction<C, T, F>(&self, context: C, job: F) -> Result<T, StoreError>
    where
        C: Clone + Send,
        T: Send,
        F: for<'b> Fn(&'b mut ClientSession, &'b mut C) -> BoxFuture<'b, mongodb::error::Result<T>>
            + Send
            + Sync,
    {
        let tries = async {
            let mut left = TRIES;
            loop {
                left -= 1;
                let mut session = self.client.start_session().await?;
                let run = session.start_transaction().and_run(context.clone(), &job).await;
                match run {
                    Err(error) if left > 0 && is_duplicate(&error) => {}
                    other => return other,
                }
            }
        };
        within(tries).await
    }

    /// Collections cannot be made inside a transaction that meets another, so they are made here, with their indexes.
    async fn create_indexes(&self) -> Result<(), StoreError> {
        for mut command in index_commands() {
            command.insert("writeConcern", doc! { "w": "majority" });
            within(self.db.run_command(command)).await?;
        }
        Ok(())
    }
}

/// How each collection is spread over the shards of a cluster: by the hash of this field, by which what is asked most is
/// found. The outbox is not: it is short, and read in its order.
pub const SHARD_KEYS: &[(&str, &str)] = &[
    (USERS, "_id"),
    (LOGINS, "_id"),
    (USERNAMES, "_id"),
    (DEVICES, "_id"),
    (SESSIONS, "_id"),
    (CONTACTS, "userId"),
    (CONTACT_KEYS, "_id"),
];

/// The commands that make the indexes; each changes nothing where its indexes are there.
pub fn index_commands() -> Vec<Document> {
    let index = |keys: Document| {
        let parts: Vec<String> = keys.iter().map(|(field, way)| format!("{field}_{way}")).collect();
        doc! { "name": parts.join("_"), "key": keys }
    };
    let expiry = |field, kept: Duration| {
        let mut expiry = index(doc! { field: 1 });
        let seconds = i64::try_from(kept.as_secs()).unwrap_or(i64::MAX);
        expiry.insert("expireAfterSeconds", seconds);
        expiry
    };
    let listed = doc! { "userId": 1, "standing": 1, "since": 1, "otherId": 1 };
    let indexes = [
        (USERS, vec![index(doc! { "words": 1, "_id": 1 })]),
        (LOGINS, vec![index(doc! { "userId": 1 })]),
        (USERNAMES, vec![index(doc! { "userId": 1 })]),
        (
            DEVICES,
            vec![
                index(doc! { "userId": 1 }),
                index(doc! { "lastSeenAt": 1 }),
                index(doc! { "platform": 1, "lastSeenAt": 1 }),
            ],
        ),
        (
            SESSIONS,
            vec![
                index(doc! { "userId": 1 }),
                index(doc! { "deviceId": 1 }),
                expiry("expiresAt", EXPIRED_KEPT),
            ],
        ),
        (CONTACTS, vec![index(listed)]),
        (CONTACT_KEYS, vec![expiry("at", KEYS_KEPT)]),
        (OUTBOX, vec![index(doc! { "at": 1, "order": 1 })]),
    ];
    let command = |(collection, indexes)| doc! { "createIndexes": collection, "indexes": indexes };
    indexes.map(command).to_vec()
}

/// `_id` is the person.
pub(crate) const USERS: &str = "users";
/// `_id` is the mail address.
pub(crate) const LOGINS: &str = "logins";
/// `_id` is the username.
pub(crate) const USERNAMES: &str = "usernames";
/// `_id` is the device.
pub(crate) const DEVICES: &str = "devices";
/// `_id` is the session.
pub(crate) const SESSIONS: &str = "sessions";
/// `_id` is the person and the other; each pair has two, one for each.
pub(crate) const CONTACTS: &str = "contacts";
/// `_id` is the person and the key of a request that they made.
pub(crate) const CONTACT_KEYS: &str = "contactKeys";
/// `_id` is the message. Not `outbox`: other services may live in the same database.
pub(crate) const OUTBOX: &str = "userOutbox";

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}

/// Waits for the answer, but no longer than [`DEADLINE`].
pub(crate) async fn within<T>(
    call: impl IntoFuture<Output = mongodb::error::Result<T>>,
) -> Result<T, StoreError> {
    let answer = timeout(DEADLINE, call.into_future()).await;
    let late = |_| StoreError(format!("no answer within {} ms", DEADLINE.as_millis()));
    Ok(answer.map_err(late)??)
}

fn is_duplicate(error: &Error) -> bool {
    /// The server's code for a key that is taken.
    const DUPLICATE: i32 = 11_000;
    match &*error.kind {
        ErrorKind::Write(WriteFailure::WriteError(error)) => error.code == DUPLICATE,
        ErrorKind::Command(error) => error.code == DUPLICATE,
        _ => false,
    }
}

/// The id as it stands in a document.
pub(crate) fn uuid<K>(id: Id<K>) -> bson::Uuid {
    bson::Uuid::from_bytes(id.uuid().into_bytes())
}

/// Reads an id.
pub(crate) fn id<K>(stored: bson::Uuid) -> Id<K> {
    Id::from_uuid(uuid::Uuid::from_bytes(stored.bytes()))
}

/// The time as it stands in a document.
pub(crate) const fn date(time: Timestamp) -> DateTime {
    DateTime::from_millis(time.as_millis())
}

/// Reads a time.
pub(crate) const fn time(stored: DateTime) -> Timestamp {
    Timestamp::from_millis(stored.timestamp_millis())
}

//! SQLite in a file of the benchmark's own, and a bare transaction.

use std::sync::Arc;
use std::time::Duration;

use kernel::{ConversationId, SystemClock};
use sqlite::{Connection, Database, Durability, Limits, SqliteError, params};
use tokio::time::Instant;

use super::bed::{Backing, Raw, Stores, draft, id};
use super::cpu::Used;
use super::table::Sorted;
use crate::conversations::sqlite::SqliteConversations;
use crate::delivery::sqlite::SqliteDelivery;
use crate::log::sqlite::SqliteLog;
use crate::log::store::Draft;
use crate::sqlite::blob;

/// Rows in one transaction, transactions.
const BULK: (usize, usize) = (1_000, 50);
const LONE: usize = 1_000;

pub(super) async fn open(durability: Durability) -> Stores {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { durability, ..Limits::default() };
    let db = Database::open_within(&folder.path().join("chat.db"), limits).unwrap();
    crate::sqlite::migrate(&db).await.unwrap();
    let clock = Arc::new(SystemClock::default());
    let cap = Duration::from_hours(24 * 30);
    Stores {
        conversations: Arc::new(SqliteConversations::new(db.clone())),
        log: Arc::new(SqliteLog::new(db.clone(), Duration::ZERO, cap, clock)),
        delivery: Arc::new(SqliteDelivery::new(db.clone())),
        server: None,
        backing: Backing::Sqlite(db, folder),
    }
}

/// Rows as the log has them, in its own table.
pub(super) async fn raw(db: &Database) -> Raw {
    let (rows, transactions) = BULK;
    let conversations: Vec<ConversationId> = (0..1_000).map(|_| id()).collect();
    let batch = |round: usize| -> Vec<(Draft, usize)> {
        (0..rows).map(|at| (draft(conversations[at], id()), round)).collect()
    };
    let batches: Vec<_> = (1..=transactions).map(batch).collect();
    let (before, start) = (Used::now(None), Instant::now());
    for batch in batches {
        db.write(move |tx| insert(tx, &batch)).await.unwrap();
    }
    let (elapsed, messages) = (start.elapsed(), rows * transactions);
    let cpu = before.each(None, messages);
    let mut lone = Vec::with_capacity(LONE);
    for conversation in conversations.into_iter().take(LONE) {
        let one = vec![(draft(conversation, id()), transactions + 1)];
        let start = Instant::now();
        db.write(move |tx| insert(tx, &one)).await.unwrap();
        lone.push(start.elapsed());
    }
    let rate = f64::from(u32::try_from(messages).unwrap()) / elapsed.as_secs_f64();
    Raw { rate, cpu, lone_ms: Sorted::new(lone).at(50), counted: None }
}

fn insert(tx: &Connection, batch: &[(Draft, usize)]) -> Result<(), SqliteError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO chat_entries (conversation_id, seq, mid, count, mseq, type, sender, created_at,
           digest, data, expires_at) VALUES (?1, ?2, ?3, ?2, 0, 'message', ?4, ?5, ?6, ?7, ?8)",
    )?;
    for (draft, seq) in batch {
        insert.execute(params![
            blob(draft.conversation),
            i64::try_from(*seq).unwrap(),
            blob(draft.id),
            blob(draft.sender),
            draft.created_at.as_millis(),
            draft.digest,
            draft.data.get(),
            i64::MAX,
        ])?;
    }
    Ok(())
}

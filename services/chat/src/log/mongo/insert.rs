//! The two inserts of a round, and what their errors say about what is stored.

use bson::RawDocumentBuf;
use mongodb::error::{Error, ErrorKind, InsertManyError};
use tokio::time::{Instant, timeout_at};

use super::MongoLog;
use super::row::Row;
use crate::conversations::Retention;
use crate::log::entry::Entry;
use crate::log::numbering::Inserted;
use crate::log::store::{AFTER_CAP, Draft};
use crate::mongo::DUPLICATE;

/// The largest document that the server takes, in bytes.
const LARGEST: usize = 16 * 1024 * 1024;
/// Codes for a document that will be refused however often it comes: bad value, bad BSON, against the validation of the
/// collection, too large.
const PERMANENT: [i32; 4] = [2, 22, 121, 10_334];

impl MongoLog {
    /// Inserts entries of one conversation up to the first that fails.
    pub(super) async fn insert_ordered(
        &self,
        entries: &[(Entry, &Draft)],
        deadline: Instant,
    ) -> Inserted {
        let rows: Vec<RawDocumentBuf> =
            entries.iter().map_while(|(entry, draft)| self.row(entry, draft)).collect();
        let fitting = rows.len();
        let inserted = if rows.is_empty() {
            Inserted::All
        } else {
            match self.insert_rows(rows, true, deadline).await {
                Ok(()) => Inserted::All,
                Err(failure) => first_failure(failure.as_ref()),
            }
        };
        match inserted {
            Inserted::All if fitting < entries.len() => Inserted::Refused(fitting),
            other => other,
        }
    }

    /// Inserts entries of as many conversations; says of each on its own what became of it.
    pub(super) async fn insert_unordered(
        &self,
        entries: &[(Entry, &Draft)],
        deadline: Instant,
    ) -> Vec<Inserted> {
        let rows: Vec<Option<RawDocumentBuf>> =
            entries.iter().map(|(entry, draft)| self.row(entry, draft)).collect();
        let sent: Vec<usize> = (0..rows.len()).filter(|at| rows[*at].is_some()).collect();
        let mut stored = vec![Inserted::Refused(0); rows.len()];
        if sent.is_empty() {
            return stored;
        }
        let result = self.insert_rows(rows.into_iter().flatten().collect(), false, deadline).await;
        for (index, at) in sent.into_iter().enumerate() {
            stored[at] = match &result {
                Ok(()) => Inserted::All,
                Err(failure) => failure_at(failure.as_ref(), index),
            };
        }
        stored
    }

    /// `None`: larger than the server takes.
    fn row(&self, entry: &Entry, draft: &Draft) -> Option<RawDocumentBuf> {
        let keep = (draft.retention == Retention::Relay).then_some(self.limits.cap + AFTER_CAP);
        let row = bson::serialize_to_raw_document_buf(&Row::new(entry, keep)).ok()?;
        (row.as_bytes().len() <= LARGEST).then_some(row)
    }

    /// The error tells what failed on its own; without one nothing is known of any row.
    async fn insert_rows(
        &self,
        rows: Vec<RawDocumentBuf>,
        ordered: bool,
        deadline: Instant,
    ) -> Result<(), Option<InsertManyError>> {
        let entries = self.entries.clone_with_type::<RawDocumentBuf>();
        let insert = entries.insert_many(rows).ordered(ordered);
        match timeout_at(deadline, insert.into_future()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(failures(&error)),
            Err(_) => {
                tracing::warn!("no word on whether entries were stored; looking");
                Err(None)
            }
        }
    }
}

/// What failed, row by row. Without the majority's word even the others are not certain.
fn failures(error: &Error) -> Option<InsertManyError> {
    if let ErrorKind::InsertMany(failure) = &*error.kind
        && failure.write_concern_error.is_none()
        && failure.write_errors.is_some()
    {
        return Some(failure.clone());
    }
    tracing::warn!(%error, "not known whether entries were stored; looking");
    None
}

fn first_failure(failure: Option<&InsertManyError>) -> Inserted {
    let errors = failure.and_then(|failure| failure.write_errors.as_ref());
    let Some(error) = errors.and_then(|errors| errors.first()) else { return Inserted::Prefix(0) };
    judged(error.code, error.index)
}

fn failure_at(failure: Option<&InsertManyError>, index: usize) -> Inserted {
    let Some(failure) = failure else { return Inserted::Prefix(0) };
    let mut errors = failure.write_errors.iter().flatten();
    errors.find(|error| error.index == index).map_or(Inserted::All, |error| judged(error.code, 0))
}

/// What the code of the error at that place says.
fn judged(code: i32, at: usize) -> Inserted {
    match code {
        DUPLICATE => Inserted::Prefix(at),
        code if PERMANENT.contains(&code) => {
            tracing::error!(code, "the database refused an entry for good");
            Inserted::Refused(at)
        }
        code => {
            tracing::warn!(code, "the database did not take an entry; looking");
            Inserted::Prefix(0)
        }
    }
}

use std::collections::HashMap;

use kernel::{Page, PageLimit, Timestamp, UserId};

use super::error::ContactError;
use super::store::{Contact, List, Place};
use super::view::ContactView;
use crate::ports::Ports;

/// Which page of a list.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) list: List,
    pub(super) limit: Option<u32>,
    pub(super) cursor: Option<String>,
}

/// A page of one of the caller's lists, the newest first. People who do not exist any more are left out.
#[tracing::instrument(skip(ports, wanted), fields(list = ?wanted.list), err(level = "info"))]
pub(super) async fn list(
    ports: &Ports,
    caller: UserId,
    wanted: Wanted,
) -> Result<Page<ContactView>, ContactError> {
    let limit = PageLimit::new(wanted.limit).ok_or_else(|| {
        let rule = format!("must be from 1 to {}", PageLimit::MAX);
        ContactError::Page { field: "limit", rule }
    })?;
    let after = wanted.cursor.as_deref().map(place).transpose()?;
    // One more than asked for tells whether there is another page.
    let mut rows = ports.contacts.list(caller, wanted.list, after, limit.rows() + 1).await?;
    let shown = usize::try_from(limit.rows()).unwrap_or(usize::MAX);
    let more = rows.len() > shown;
    rows.truncate(shown);
    let next_cursor = rows.last().filter(|_| more).map(cursor);
    let ids: Vec<UserId> = rows.iter().map(|row| row.other).collect();
    let people = ports.profiles.people(&ids).await?;
    let mut profiles: HashMap<UserId, _> =
        people.into_iter().map(|person| (person.profile.id, person.profile)).collect();
    let view = |row: Contact| Some(ContactView::listed(profiles.remove(&row.other)?, row));
    Ok(Page { data: rows.into_iter().filter_map(view).collect(), next_cursor })
}

fn cursor(last: &Contact) -> String {
    format!("{}_{}", last.since.as_millis(), last.other)
}

fn place(cursor: &str) -> Result<Place, ContactError> {
    let read = || {
        let (since, other) = cursor.split_once('_')?;
        Some(Place {
            since: Timestamp::from_millis(since.parse().ok()?),
            other: other.parse().ok()?,
        })
    };
    let rule = "must be a nextCursor of this list".to_owned();
    read().ok_or(ContactError::Page { field: "cursor", rule })
}

use contracts::Profile;
use kernel::{Page, UserId, WireError};

use super::{Search, words};
use crate::limits::{self, TooOften};
use crate::login::Address;
use crate::ports::Ports;
use crate::store::StoreError;
use crate::text;

/// A search needs so many characters at least, so that it cannot list everybody.
pub(crate) const SHORTEST: usize = 2;
/// Longer queries are nobody's name.
const LONGEST: usize = 254;
/// People on one page at most, and unless asked for otherwise.
pub(crate) const MOST: u32 = 50;
const USUAL: u32 = 20;

#[derive(Debug, thiserror::Error)]
pub(super) enum LookUpError {
    #[error("{field} {rule}")]
    Invalid { field: &'static str, rule: String },
    #[error("no such person")]
    NotFound,
    #[error(transparent)]
    TooOften(#[from] TooOften),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<LookUpError> for WireError {
    fn from(error: LookUpError) -> Self {
        match error {
            LookUpError::Invalid { field, rule } => Self::invalid(field, rule),
            LookUpError::NotFound => Self::not_found("user"),
            LookUpError::TooOften(error) => error.into(),
            LookUpError::Store(error) => error.into(),
        }
    }
}

/// One person's public profile.
pub(super) async fn one(ports: &Ports, user: UserId) -> Result<Profile, LookUpError> {
    let found = ports.profiles.people(&[user]).await?;
    found.into_iter().next().map(|person| person.profile).ok_or(LookUpError::NotFound)
}

/// Whom somebody looks for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) query: String,
    pub(super) limit: Option<u32>,
    pub(super) cursor: Option<String>,
}

/// People whose name (any word of it) or username begins with the query, or who let themselves be found by exactly this
/// address. Never a list of all.
#[tracing::instrument(skip(ports, wanted), err(level = "info"))]
pub(super) async fn search(
    ports: &Ports,
    caller: UserId,
    wanted: Wanted,
) -> Result<Page<Profile>, LookUpError> {
    let (query, limit, after) = check(&wanted)?;
    let per_minute = ports.settings.user.limits.searches_per_minute;
    limits::count(ports, "search", caller, per_minute).await?;
    if query.contains('@') {
        let address = Address::parse(query);
        let found = match &address {
            Some(address) => ports.profiles.by_address(address.as_str()).await?,
            None => None,
        };
        return Ok(Page { data: found.into_iter().collect(), next_cursor: None });
    }
    let prefixes = words::of_query(query);
    if prefixes.iter().map(|prefix| prefix.chars().count()).max() < Some(SHORTEST) {
        return Ok(Page { data: Vec::new(), next_cursor: None });
    }
    // One more than asked for tells whether there is another page.
    let search = Search { prefixes, after, limit: limit + 1 };
    let mut data = ports.profiles.search(&search).await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = data.len() > shown;
    data.truncate(shown);
    let next_cursor = data.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Page { data, next_cursor })
}

fn check(wanted: &Wanted) -> Result<(&str, u32, Option<UserId>), LookUpError> {
    let invalid = |field, rule: String| LookUpError::Invalid { field, rule };
    let query = text::line(&wanted.query, LONGEST);
    let query = query.filter(|query| query.chars().count() >= SHORTEST).ok_or_else(|| {
        invalid("q", format!("must have {SHORTEST} to {LONGEST} characters, all of them plain"))
    })?;
    let limit = wanted.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(invalid("limit", format!("must be 1 to {MOST}")));
    }
    let after = wanted.cursor.as_deref().map(str::parse).transpose();
    let after = after
        .map_err(|_| invalid("cursor", "must be a nextCursor of an earlier page".to_owned()))?;
    Ok((query, limit, after))
}

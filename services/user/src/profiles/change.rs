use contracts::Profile;
use kernel::{ErrorCode, UserId, WireError};

use super::{Changed, Edit, ProfileChange};
use crate::ports::Ports;
use crate::store::StoreError;
use crate::text;

/// Code points of a name, a username, and words about oneself.
pub(crate) const NAME: usize = 64;
pub(crate) const USERNAME: std::ops::RangeInclusive<usize> = 3..=32;
pub(crate) const BIO: usize = 280;

#[derive(Debug, thiserror::Error)]
pub(super) enum ChangeError {
    #[error("{field} {rule}")]
    Invalid { field: &'static str, rule: String },
    #[error("the username is taken")]
    UsernameTaken,
    #[error("no such person")]
    NotFound,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ChangeError> for WireError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Invalid { field, rule } => Self::invalid(field, rule),
            ChangeError::UsernameTaken => {
                Self::new(ErrorCode::Conflict, "somebody else has this username")
                    .at("username", "is taken; choose another")
            }
            ChangeError::NotFound => Self::not_found("user"),
            ChangeError::Store(error) => error.into(),
        }
    }
}

/// Changes one's own profile. Others are told if anything became different.
#[tracing::instrument(skip(ports, change), err(level = "info"))]
pub(super) async fn change(
    ports: &Ports,
    user: UserId,
    change: ProfileChange,
) -> Result<Profile, ChangeError> {
    let change = ProfileChange {
        name: check(change.name, check_name)?,
        username: check(change.username, check_username)?,
        bio: check(change.bio, check_bio)?,
    };
    match ports.profiles.change(user, change, &ports.cause()).await? {
        Changed::Done(profile) => {
            ports.nudge.now();
            Ok(profile)
        }
        Changed::UsernameTaken => Err(ChangeError::UsernameTaken),
        Changed::NoSuchUser => Err(ChangeError::NotFound),
    }
}

fn check(edit: Edit, rule: fn(&str) -> Result<String, ChangeError>) -> Result<Edit, ChangeError> {
    match edit {
        Edit::Set(value) => rule(&value).map(Edit::Set),
        other => Ok(other),
    }
}

fn check_name(name: &str) -> Result<String, ChangeError> {
    let rule =
        format!("must have 1 to {NAME} characters and no control characters; null clears it");
    text::line(name, NAME).map(str::to_owned).ok_or(ChangeError::Invalid { field: "name", rule })
}

fn check_username(username: &str) -> Result<String, ChangeError> {
    let username = username.trim().to_ascii_lowercase();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '.';
    if USERNAME.contains(&username.len()) && username.chars().all(fits) {
        return Ok(username);
    }
    let (least, most) = (USERNAME.start(), USERNAME.end());
    let rule =
        format!("must have {least} to {most} characters of a-z, 0-9, _ and .; null clears it");
    Err(ChangeError::Invalid { field: "username", rule })
}

fn check_bio(bio: &str) -> Result<String, ChangeError> {
    let bio = bio.trim();
    let control = bio.chars().any(|c| c.is_control() && c != '\n');
    let good = (1..=BIO).contains(&bio.chars().count()) && !control;
    let rule = format!(
        "must have 1 to {BIO} characters and no control characters but line breaks; null clears it"
    );
    if good { Ok(bio.to_owned()) } else { Err(ChangeError::Invalid { field: "bio", rule }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_has_one_spelling() {
        assert_eq!(check_username("Ada_King.1").unwrap(), "ada_king.1");
        for name in ["ab", "ada king", "ada-king", "ädä", "{\"$ne\":\"\"}", &"a".repeat(33)] {
            assert!(check_username(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn words_about_oneself_may_have_lines() {
        assert_eq!(check_bio("one\ntwo").unwrap(), "one\ntwo");
        for bio in ["", "a\tb", "a\0", &"a".repeat(BIO + 1)] {
            assert!(check_bio(bio).is_err(), "{bio:?}");
        }
    }
}

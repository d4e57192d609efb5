use kernel::{ErrorCode, WireError};

use super::rules::Refusal;
use crate::limits::TooOften;
use crate::store::StoreError;

/// Why contacts and blocks cannot be had or changed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ContactError {
    /// About oneself.
    #[error("about oneself")]
    Oneself,
    /// Nobody has the id.
    #[error("no such person")]
    NoSuchPerson,
    /// The other has not asked.
    #[error("no such request")]
    NoRequest,
    /// One blocks the other.
    #[error("one blocks the other")]
    Blocking,
    /// One has as many contacts as one may have.
    #[error("too many contacts")]
    ContactsFull,
    /// As many people as may wait for the other's answer already.
    #[error("too many requests wait for the other")]
    RequestsFull,
    /// One blocks as many people as one may.
    #[error("too many blocks")]
    BlocksFull,
    /// The key belongs to another request.
    #[error("the key is taken")]
    KeyTaken,
    /// The page is none.
    #[error("{field} {rule}")]
    Page { field: &'static str, rule: String },
    /// Too often.
    #[error(transparent)]
    TooOften(#[from] TooOften),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Refusal> for ContactError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoRequest => Self::NoRequest,
            Refusal::Blocking => Self::Blocking,
            Refusal::ContactsFull => Self::ContactsFull,
            Refusal::RequestsFull => Self::RequestsFull,
            Refusal::BlocksFull => Self::BlocksFull,
            Refusal::KeyTaken => Self::KeyTaken,
        }
    }
}

impl From<ContactError> for WireError {
    fn from(error: ContactError) -> Self {
        let full = |message| Self::new(ErrorCode::ValidationError, message);
        match error {
            ContactError::Oneself => Self::invalid("userId", "must be somebody else's id"),
            ContactError::NoSuchPerson => {
                Self::not_found("person").at("userId", "nobody has this id")
            }
            ContactError::NoRequest => {
                Self::not_found("request").at("userId", "this person has not asked you")
            }
            ContactError::Blocking => {
                Self::new(ErrorCode::Forbidden, "you block this person; unblock them first")
            }
            ContactError::ContactsFull => full(
                "you have, and have asked, as many contacts as a person can have; remove one first",
            ),
            ContactError::RequestsFull => {
                full("as many people as possible wait for this person's answer already; ask later")
            }
            ContactError::BlocksFull => {
                full("you block as many people as a person can; unblock one first")
            }
            ContactError::KeyTaken => {
                Self::new(ErrorCode::Conflict, "this Idempotency-Key belongs to another request")
            }
            ContactError::Page { field, rule } => Self::invalid(field, rule),
            ContactError::TooOften(error) => error.into(),
            ContactError::Store(error) => error.into(),
        }
    }
}

//! Why a conversation cannot be had.

use kernel::{ErrorCode, WireError};

use crate::delivery::devices::DevicesError;
use crate::own::note::NoteError;
use crate::people::directory::PeopleError;
use crate::store::StoreError;

/// Why a conversation cannot be made, read or listed.
#[derive(Debug, thiserror::Error)]
pub enum ConversationError {
    /// Does not exist, or the caller is not in it: one answer for both.
    #[error("no such conversation")]
    NotFound,
    /// The other person does not exist.
    #[error("no such person")]
    NoSuchPerson,
    /// A direct conversation needs two people.
    #[error("a direct conversation with oneself")]
    WithOneself,
    /// The other person does not want to be written to by the caller.
    #[error("the other person may not be written to")]
    NotAllowed,
    /// One of the two has as many conversations as one may have.
    #[error("too many conversations")]
    TooMany,
    /// The caller may not do that.
    #[error("{0}")]
    Forbidden(&'static str),
    /// Something in the request makes no sense.
    #[error("{0}")]
    Invalid(WireError),
    /// More people than a group takes.
    #[error("a group has at most {0} people")]
    GroupFull(u32),
    /// The person is not in the conversation.
    #[error("no such member")]
    NoSuchMember,
    /// The id belongs to another request.
    #[error("the id is taken")]
    Conflict,
    /// Another change of the same person or conversation is under way.
    #[error("another change is under way")]
    Busy,
    /// Not known to be done.
    #[error("not known to be done")]
    Unavailable,
    /// Too often.
    #[error("too many changes; next in {0} s")]
    TooOften(u64),
    /// The cursor of a page makes no sense.
    #[error("the page's cursor makes no sense")]
    Cursor,
    /// The caller's other devices could not be told.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The user service.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// The caller's device.
    #[error(transparent)]
    Devices(#[from] DevicesError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ConversationError> for WireError {
    fn from(error: ConversationError) -> Self {
        match error {
            ConversationError::NotFound => Self::not_found("conversation"),
            ConversationError::NoSuchPerson => {
                Self::not_found("person").at("userId", "nobody has this id")
            }
            ConversationError::Forbidden(why) => Self::new(ErrorCode::Forbidden, why),
            ConversationError::Invalid(error) => error,
            ConversationError::GroupFull(most) => {
                Self::invalid("userIds", format!("a group has at most {most} people"))
            }
            ConversationError::NoSuchMember => Self::not_found("member"),
            ConversationError::Conflict => {
                Self::new(ErrorCode::Conflict, "this id belongs to another request; use a new one")
            }
            ConversationError::Busy => Self::unavailable().retry_after(1),
            ConversationError::Unavailable => Self::unavailable(),
            ConversationError::WithOneself => Self::invalid("userId", "must be somebody else's id"),
            ConversationError::NotAllowed => {
                Self::new(ErrorCode::Forbidden, "this person does not take messages from you")
            }
            ConversationError::TooMany => Self::new(
                ErrorCode::ValidationError,
                "one of you is in as many conversations as a person can be; leave one first",
            ),
            ConversationError::TooOften(seconds) => {
                Self::new(ErrorCode::RateLimitExceeded, "too many changes; slow down")
                    .retry_after(seconds)
            }
            ConversationError::Cursor => {
                Self::invalid("cursor", "must be a nextCursor of this list")
            }
            ConversationError::Note(error) => error.into(),
            ConversationError::People(error) => error.into(),
            ConversationError::Devices(error) => error.into(),
            ConversationError::Store(error) => error.into(),
        }
    }
}

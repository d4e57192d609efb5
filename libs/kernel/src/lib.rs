//! What every part of Restante agrees on: ids, time, randomness, pages and the closed set of error codes.
//!
//! Nothing here does I/O and nothing here knows a feature.

mod ascending;
mod clock;
mod error;
mod id;
mod page;
mod random;

pub use ascending::Ascending;
pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use error::{ErrorCode, FieldError, WireError};
pub use id::{ConversationId, DeviceId, EntryId, Id, IdError, SessionId, UserId, kinds};
pub use page::{Page, PageLimit};
pub use random::{Random, SeededRandom, SystemRandom};

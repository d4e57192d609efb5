//! What people tell of themselves, and finding them by it.

mod change;
#[cfg(test)]
mod contract;
pub(crate) mod http;
mod look_up;
mod mongo;
mod sqlite;
mod store;
mod view;
mod words;

pub(crate) use change::{BIO, NAME, USERNAME};
pub(crate) use look_up::SHORTEST;
pub(crate) use mongo::{MongoProfiles, UserRow};
pub(crate) use sqlite::SqliteProfiles;
pub(crate) use store::{Changed, Edit, Person, ProfileChange, Profiles, Search};
pub(crate) use view::UserView;

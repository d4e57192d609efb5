//! What people tell of themselves, and finding them by it.

mod change;
#[cfg(test)]
mod contract;
//HTTP pub(crate) mod http;
mod look_up;
//MONGO mod mongo;
mod sqlite;
mod store;
mod words;

//MONGO pub(crate) use mongo::MongoProfiles;
pub(crate) use sqlite::SqliteProfiles;
pub(crate) use store::{Changed, Edit, Person, ProfileChange, Profiles, Search};

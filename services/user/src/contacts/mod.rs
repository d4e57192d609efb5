//! Who knows whom: requests, contacts, and whom somebody blocks.

mod accept;
mod block;
#[cfg(test)]
mod contract;
mod error;
pub(crate) mod http;
mod list;
mod mongo;
mod person;
mod remove;
mod request;
mod rules;
mod sqlite;
mod store;
#[cfg(test)]
mod tests;
mod unblock;
mod view;

pub(crate) use mongo::MongoContacts;
pub(crate) use sqlite::SqliteContacts;
#[cfg(test)]
pub(crate) use store::{Answer, Change, Most, Wanted};
pub(crate) use store::{Contacts, KEYS_KEPT, Standing};

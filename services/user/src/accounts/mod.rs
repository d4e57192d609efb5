//! Who may come in: addresses, the people behind them, their devices and sessions. One port, because log-in, refresh and
//! log-out each change several of these at once.

#[cfg(test)]
mod contract;
mod mongo;
mod sqlite;
mod store;

pub(crate) use mongo::MongoAccounts;
pub(crate) use sqlite::SqliteAccounts;
pub(crate) use store::{
    Accounts, Device, Ended, Most, NewSession, Owned, Room, Rotation, SeenSince, Session, SignIn,
    SignedIn,
};

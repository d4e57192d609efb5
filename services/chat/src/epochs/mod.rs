//! New epochs for all conversations, after an older copy of the store was put back.

pub mod mongo;
pub mod renew;
pub mod sqlite;
pub mod store;

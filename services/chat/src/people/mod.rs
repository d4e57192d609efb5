//! People, as the user service knows them.

pub mod directory;
pub mod queue;

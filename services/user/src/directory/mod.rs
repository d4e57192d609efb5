//! What other services ask about people.

mod local;
#[cfg(test)]
mod tests;

pub(crate) use local::LocalUserDirectory;

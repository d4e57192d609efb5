//! What other services ask about people.

mod local;
//T #[cfg(test)]
//T mod tests;

pub(crate) use local::LocalUserDirectory;

//! Ways for a mail to leave this service.

#[cfg(test)]
mod contract;
pub(crate) mod folder;
pub(crate) mod smtp;
pub(crate) mod store;

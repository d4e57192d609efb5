//! The user service: who you are. Log-in by mailed code, tokens, sessions, devices, profiles.

mod accounts;
mod devices;
mod directory;
mod limits;
mod login;
mod outbox;
mod pepper;
mod ports;
mod preferences;
mod profiles;
mod sessions;
mod sqlite;
mod store;
#[cfg(test)]
mod testing;

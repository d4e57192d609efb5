//! Coming in with a code sent by mail.

mod address;
mod begin;
mod challenges;
mod device_token;
pub(crate) mod http;
//T #[cfg(test)]
//T mod tests;
mod verify;

pub(crate) use address::Address;

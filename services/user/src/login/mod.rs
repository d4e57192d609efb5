//! Coming in with a code sent by mail.

mod address;
mod begin;
mod challenges;
mod device_token;
pub(crate) mod http;
#[cfg(test)]
mod tests;
mod verify;

pub(crate) use address::Address;

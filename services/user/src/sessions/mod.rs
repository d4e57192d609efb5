//! Staying in and going out: refresh tokens, the list of sessions, log-out.

mod end;
pub(crate) mod http;
mod refresh;
#[cfg(test)]
mod tests;
mod token;

pub(crate) use end::tell_ended;
pub(crate) use refresh::{Tokens, issue};

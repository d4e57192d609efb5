//! The installations a person has logged in on.

//HTTP pub(crate) mod http;
mod remove;

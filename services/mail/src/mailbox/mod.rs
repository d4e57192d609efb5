//! The mails in the folder, as a page. For development only.

pub(crate) mod http;
mod latest;

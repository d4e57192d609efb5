//! HTTP as every service speaks it, on actix: the error envelope, who is calling, request ids, limits, health, docs.
//!
//! A service's `http.rs` uses the extractors ([`Json`], [`Query`], [`Path`], [`Caller`], …) and answers with
//! `Result<_, WebError>`; [`serve()`] puts the services of a process behind one listener.
//!
//! Errors, the framework's own included, are always the envelope of the wire contract. A method that a path does not know
//! is a `NOT_FOUND`, like a path that nobody knows: the contract has no code for it.

mod body;
mod caller;
mod docs;
mod envelope;
mod extract;
mod headers;
mod network;
mod observe;
mod origin;
mod reject;
mod serve;
mod site;

pub use caller::Caller;
pub use docs::openapi;
pub use envelope::{Envelope, EnvelopeDetail, EnvelopeError, WebError};
pub use extract::{Json, Path, Query, parse_json};
pub use headers::{IdempotencyKey, RequestId};
pub use network::{ClientNetwork, client_address};
pub use serve::{Server, serve};

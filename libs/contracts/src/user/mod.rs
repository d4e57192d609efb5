mod client;
mod convert;
mod directory;
mod error;
mod keys;
mod server;

/// Carries the W3C trace context, as in HTTP.
const TRACEPARENT: &str = "traceparent";

pub use client::GrpcUserDirectory;
pub use directory::{Discretion, LiveDevice, MAX_IDS, Profile, Relations, UserDirectory};
pub use error::DirectoryError;
pub use keys::DirectoryKeys;
pub use server::serve_user_directory;

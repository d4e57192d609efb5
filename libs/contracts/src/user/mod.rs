mod client;
mod convert;
mod directory;
mod error;
mod server;

pub use client::GrpcUserDirectory;
pub use directory::{LiveDevice, MAX_IDS, Profile, PublicKey, UserDirectory};
pub use error::DirectoryError;
pub use server::serve_user_directory;

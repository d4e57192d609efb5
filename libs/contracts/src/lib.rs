//! What services know of each other: the traits they are called by, in a local and a gRPC form that callers cannot tell
//! apart, and the events that travel between them. The wire types are generated from `proto/`.

pub mod events;
mod generated;
mod user;

pub use auth::PublicKey;
pub use user::{
    DirectoryError, DirectoryKeys, Discretion, GrpcUserDirectory, LiveDevice, MAX_IDS, Profile,
    Relations, UserDirectory, serve_user_directory,
};

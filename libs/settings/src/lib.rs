//! Settings: one annotated default file, a file over it, the environment over that, the command line over all.
//!
//! [`Settings::load`] refuses unknown keys and bad values; [`Settings::check`] refuses what does not go together. Every
//! refusal names the key, where it was set, and what would be right.

mod check;
mod error;
mod layers;
mod load;
mod model;
mod nearest;
mod profile;
mod secrets;
mod values;

pub use error::{Origin, SettingsError};
pub use load::{CONFIG_VARIABLE, DEFAULTS, Overrides};
pub use model::{
    Blobs, Bus, Chat, ChatLimits, Contacts, Delivery, Devices, Environment, Fanout, Kv, Live, Log,
    LogFormat, Login, Mail, Presence, Receipts, Server, Settings, Sockets, Telemetry, Tokens,
    Typing, User, UserLimits,
};
pub use profile::{Profile, ServiceName, Shape};
pub use secrets::{SAMPLE_SECRETS, Secrets};
pub use values::{BackendUrl, SecretKey, redis_nodes};

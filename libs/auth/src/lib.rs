//! Who is asking: tokens issued by the user service, and their check everywhere else. No web types.
//!
//! Only the holder of the signing key can issue ([`Issuer`]); everybody else learns its public half ([`KeySource`]) and
//! admits ([`Gate`]). Also here: the box that a code travels in to the mail service ([`Sealer`]).

mod claims;
mod error;
mod gate;
mod issuer;
mod keyring;
mod revocations;
mod sealer;

pub use error::{AuthError, CryptoError, KeySourceError};
pub use gate::{Gate, Identity};
pub use issuer::{Issuer, jwks_json};
pub use keyring::{KeySource, PublicKey};
pub use revocations::Revocations;
pub use sealer::Sealer;

use kernel::{DeviceId, SessionId, UserId};
use serde::{Deserialize, Serialize};

/// What kind of token it is, so that no other that we may sign one day passes as this.
pub(crate) const ACCESS: &str = "access";

/// The body of an access token. Times are seconds since 1970 UTC.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) aud: String,
    pub(crate) sub: UserId,
    pub(crate) sid: SessionId,
    pub(crate) did: DeviceId,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    pub(crate) typ: String,
}

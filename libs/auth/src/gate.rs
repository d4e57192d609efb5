use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use kernel::{Clock, DeviceId, SessionId, Timestamp, UserId};
use kv::Kv;

use crate::claims::{ACCESS, Claims};
use crate::keyring::Keyring;
use crate::revocations::is_revoked;
use crate::{AuthError, KeySource};

/// Longer texts are no token of ours; refused before any work.
const TOKEN_BYTES: usize = 2_048;

/// Who is asking, as a verified token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The person.
    pub user: UserId,
    /// The log-in.
    pub session: SessionId,
    /// The installation.
    pub device: DeviceId,
    /// When the token ends.
    pub expires_at: Timestamp,
}

/// Checks access tokens.
#[derive(Debug)]
pub struct Gate {
    keys: Keyring,
    validation: Validation,
    kv: Arc<dyn Kv>,
    clock: Arc<dyn Clock>,
}

impl Gate {
    /// Admits tokens of this issuer for this audience, signed with a key of `source`. `kv` holds the list of ended sessions.
    pub fn new(
        source: Arc<dyn KeySource>,
        issuer: &str,
        audience: &str,
        kv: Arc<dyn Kv>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        // The algorithm is ours to say, whatever a token's header claims.
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Expiry is checked by the clock that was passed in.
        validation.validate_exp = false;
        Self { keys: Keyring::new(source, Arc::clone(&clock)), validation, kv, clock }
    }

    /// Who bears this token. It must be signed with EdDSA by a known key, for us, be an access token, not be expired, and
    /// its session must not have been ended.
    ///
    /// When the list of ended sessions cannot be read, the token is admitted: ended sessions then live on until their
    /// token expires, which is better than everybody being locked out.
    pub async fn admit(&self, token: &str) -> Result<Identity, AuthError> {
        let key = self.key_of(token).await?;
        let claims = self.verify(token, &key)?;
        match is_revoked(self.kv.as_ref(), claims.sid).await {
            Ok(false) => {}
            Ok(true) => return Err(AuthError::Revoked),
            Err(error) => {
                metrics::counter!("auth_revocation_unchecked_total").increment(1);
                tracing::warn!(%error, session = %claims.sid, "ended sessions cannot be read; admitted");
            }
        }
        Ok(Identity {
            user: claims.sub,
            session: claims.sid,
            device: claims.did,
            expires_at: Timestamp::from_millis(claims.exp.saturating_mul(1_000)),
        })
    }

    async fn key_of(&self, token: &str) -> Result<DecodingKey, AuthError> {
        if token.len() > TOKEN_BYTES {
            return Err(AuthError::Invalid);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| AuthError::Invalid)?;
        if header.alg != Algorithm::EdDSA {
            return Err(AuthError::Invalid);
        }
        self.keys.get(&header.kid.ok_or(AuthError::Invalid)?).await
    }

    fn verify(&self, token: &str, key: &DecodingKey) -> Result<Claims, AuthError> {
        let claims = jsonwebtoken::decode::<Claims>(token, key, &self.validation)
            .map_err(|_| AuthError::Invalid)?
            .claims;
        if claims.typ != ACCESS {
            return Err(AuthError::Invalid);
        }
        if claims.exp <= self.clock.now().as_seconds() {
            return Err(AuthError::Expired);
        }
        Ok(claims)
    }
}

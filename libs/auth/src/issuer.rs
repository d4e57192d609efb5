use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kernel::{DeviceId, SessionId, Timestamp, UserId};

use crate::claims::{ACCESS, Claims};
use crate::{CryptoError, KeySource, KeySourceError, PublicKey};

/// What stands before a 32-byte seed in the PKCS #8 form of an Ed25519 key.
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// Issues access tokens. One exists, in the user service.
pub struct Issuer {
    key: EncodingKey,
    public: PublicKey,
    iss: String,
    aud: String,
    ttl: Duration,
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("kid", &self.public.kid).finish_non_exhaustive()
    }
}

impl Issuer {
    /// Makes the key pair of a seed; the same seed gives the same keys. Tokens are good for `ttl`.
    pub fn new(
        seed: [u8; 32],
        issuer: &str,
        audience: &str,
        ttl: Duration,
    ) -> Result<Self, CryptoError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed)
            .map_err(|error| CryptoError(error.to_string()))?;
        let x: [u8; 32] = pair
            .public_key()
            .as_ref()
            .try_into()
            .map_err(|_| CryptoError("the public key is not 32 bytes".to_owned()))?;
        Ok(Self {
            key: EncodingKey::from_ed_der(&[&PKCS8_PREFIX[..], &seed].concat()),
            public: PublicKey { kid: kid(&x), x },
            iss: issuer.to_owned(),
            aud: audience.to_owned(),
            ttl,
        })
    }

    /// A token for this person on this device, good from `now` on.
    pub fn issue(
        &self,
        user: UserId,
        session: SessionId,
        device: DeviceId,
        now: Timestamp,
    ) -> Result<String, CryptoError> {
        let claims = Claims {
            iss: self.iss.clone(),
            aud: self.aud.clone(),
            sub: user,
            sid: session,
            did: device,
            iat: now.as_seconds(),
            exp: now.plus(self.ttl).as_seconds(),
            typ: ACCESS.to_owned(),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.public.kid.clone());
        jsonwebtoken::encode(&header, &claims, &self.key)
            .map_err(|error| CryptoError(error.to_string()))
    }

    /// How long a token is good.
    pub const fn ttl(&self) -> Duration {
        self.ttl
    }

    /// The keys that tokens can be checked with.
    pub fn public_keys(&self) -> Vec<PublicKey> {
        vec![self.public.clone()]
    }

    /// The same as a JSON Web Key Set (RFC 7517).
    pub fn jwks_json(&self) -> String {
        jwks_json(&self.public_keys())
    }
}

#[async_trait]
impl KeySource for Issuer {
    async fn public_keys(&self) -> Result<Vec<PublicKey>, KeySourceError> {
        Ok(Self::public_keys(self))
    }
}

/// Keys as a JSON Web Key Set (RFC 7517).
pub fn jwks_json(keys: &[PublicKey]) -> String {
    let keys: Vec<_> = keys
        .iter()
        .map(|key| {
            serde_json::json!({
                "kty": "OKP",
                "crv": "Ed25519",
                "x": URL_SAFE_NO_PAD.encode(key.x),
                "kid": key.kid,
                "alg": "EdDSA",
                "use": "sig",
            })
        })
        .collect();
    serde_json::json!({ "keys": keys }).to_string()
}

/// The name of a key: the first 16 hexadecimal digits of its SHA-256.
fn kid(x: &[u8; 32]) -> String {
    digest(&SHA256, x).as_ref()[..8]
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(hex)
        .collect()
}

fn hex(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).unwrap_or('0')
}

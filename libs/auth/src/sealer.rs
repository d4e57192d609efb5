use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use kernel::Random;

use crate::CryptoError;

/// Seals what travels through the broker and must not be read there (AES-256-GCM). A random nonce of 12 bytes comes first.
///
/// One key is good for some billions of boxes; codes are far fewer.
pub struct Sealer(LessSafeKey);

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// Takes the key that both ends share.
    pub fn new(key: [u8; 32]) -> Result<Self, CryptoError> {
        let key = UnboundKey::new(&AES_256_GCM, &key);
        key.map(|key| Self(LessSafeKey::new(key))).map_err(|error| CryptoError(error.to_string()))
    }

    /// Seals `plain`. It opens only together with the same `aad`, which is not secret and not in the box.
    pub fn seal(
        &self,
        random: &dyn Random,
        aad: &[u8],
        plain: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let mut nonce = [0_u8; NONCE_LEN];
        random.fill(&mut nonce);
        let mut body = plain.to_vec();
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(aad),
                &mut body,
            )
            .map_err(|error| CryptoError(error.to_string()))?;
        Ok([&nonce[..], &body].concat())
    }

    /// What was sealed; `None` if the box was changed, sealed with another key, or for other `aad`.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut body = body.to_vec();
        let plain = self.0.open_in_place(nonce, Aad::from(aad), &mut body).ok()?;
        Some(plain.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use kernel::SeededRandom;

    use super::*;

    #[test]
    fn opens_only_what_was_sealed_with_the_same_key_for_the_same_purpose() {
        let random = SeededRandom::new(1);
        let key = Sealer::new([7; 32]).unwrap();
        let sealed = key.seal(&random, b"challenge-1", b"123456").unwrap();
        assert!(!sealed.windows(6).any(|bytes| bytes == b"123456"));
        assert_eq!(key.open(b"challenge-1", &sealed).unwrap(), b"123456");
        assert_eq!(key.open(b"challenge-2", &sealed), None);
        assert_eq!(Sealer::new([8; 32]).unwrap().open(b"challenge-1", &sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(b"challenge-1", &changed), None, "byte {at}");
            assert_eq!(key.open(b"challenge-1", &sealed[..at]), None, "cut at {at}");
        }
        let again = key.seal(&random, b"challenge-1", b"123456").unwrap();
        assert_ne!(again, sealed, "no nonce is used twice");
    }
}

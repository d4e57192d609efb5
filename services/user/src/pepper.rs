//! Keyed hashes: what is stored or handed out proves what it stands for only together with the pepper.

use std::fmt;

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign, verify};

/// The key of all hashes of this service. Purposes keep their uses apart.
pub(crate) struct Pepper(Key);

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper")
    }
}

/// What a hash is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// Names an address without telling it.
    Address,
    /// Checks a mailed code.
    Code,
    /// Proves that a refresh token was issued.
    Refresh,
    /// Proves that a device has logged in with an address before.
    Device,
}

impl Pepper {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(Key::new(HMAC_SHA256, key))
    }

    /// The hash of `parts`, each of which counts with its length.
    pub(crate) fn hash(&self, purpose: Purpose, parts: &[&[u8]]) -> [u8; 32] {
        let mut hash = [0_u8; 32];
        hash.copy_from_slice(sign(&self.0, &message(purpose, parts)).as_ref());
        hash
    }

    /// Whether `hash` is that of `parts`. Takes as long either way.
    pub(crate) fn check(&self, purpose: Purpose, parts: &[&[u8]], hash: &[u8]) -> bool {
        verify(&self.0, &message(purpose, parts), hash).is_ok()
    }
}

fn message(purpose: Purpose, parts: &[&[u8]]) -> Vec<u8> {
    let mut message = format!("{purpose:?}").into_bytes();
    for part in parts {
        message.push(0);
        message.extend_from_slice(&part.len().to_be_bytes());
        message.extend_from_slice(part);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_good_for_its_purpose_and_parts_alone() {
        let pepper = Pepper::new(&[1; 32]);
        let hash = pepper.hash(Purpose::Code, &[b"12", b"3"]);
        assert!(pepper.check(Purpose::Code, &[b"12", b"3"], &hash));
        assert!(!pepper.check(Purpose::Code, &[b"1", b"23"], &hash));
        assert!(!pepper.check(Purpose::Device, &[b"12", b"3"], &hash));
        assert!(!pepper.check(Purpose::Code, &[b"12", b"3"], &hash[..31]));
        assert!(!Pepper::new(&[2; 32]).check(Purpose::Code, &[b"12", b"3"], &hash));
    }
}

//! Digests of what clients send.

use std::fmt;

use aws_lc_rs::hmac;
use kernel::EntryId;

use crate::log::entry::{Digest, EntryType};

/// Makes keyed digests: they outlive the content, and without the key nobody can test a guess of it against one.
pub struct Digester(hmac::Key);

impl Digester {
    /// Uses this key; every instance has the same.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The digest of these bytes.
    pub fn digest(&self, bytes: &[u8]) -> Digest {
        let mut digest = Digest::default();
        digest.copy_from_slice(hmac::sign(&self.0, bytes).as_ref());
        digest
    }

    /// The digest of an entry: of what it is, which message it is about, and what it says.
    pub fn entry(&self, kind: EntryType, target: Option<EntryId>, data: &str) -> Digest {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(kind.as_str().as_bytes());
        context.update(&target.map_or([0; 16], |target| target.uuid().into_bytes()));
        context.update(data.as_bytes());
        let mut digest = Digest::default();
        digest.copy_from_slice(context.sign().as_ref());
        digest
    }
}

impl fmt::Debug for Digester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digester")
    }
}

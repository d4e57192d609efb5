use std::fmt;
use std::ops::Deref;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer};

/// The URL of a store, broker or mail server. Its scheme picks the adapter. May hold a password, so it is never shown whole.
#[derive(Clone, PartialEq, Eq)]
pub struct BackendUrl(String);

impl BackendUrl {
    /// What stands before the first colon.
    pub fn scheme(&self) -> &str {
        self.0.split_once(':').map_or("", |(scheme, _)| scheme)
    }

    /// What stands after the first colon: the path of `sqlite:`, `folder:` and `file:`.
    pub fn path(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, path)| path)
    }

    /// The whole URL, its password included.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The servers that a URL of Redis names: one, or those of a cluster if it lists several of them, separated by commas.
///
/// `redis://user:secret@a:1,b:2` is `redis://user:secret@a:1` and `redis://user:secret@b:2`.
pub fn redis_nodes(url: &str) -> Vec<String> {
    if !url.contains(',') {
        return vec![url.to_owned()];
    }
    let (scheme, rest) = url.split_once("://").unwrap_or(("redis", url));
    let (login, hosts) = match rest.rsplit_once('@') {
        Some((login, hosts)) => (format!("{login}@"), hosts),
        None => (String::new(), rest),
    };
    let hosts = hosts.trim_end_matches('/').split(',').filter(|host| !host.is_empty());
    hosts.map(|host| format!("{scheme}://{login}{host}")).collect()
}

impl From<String> for BackendUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl Deref for BackendUrl {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BackendUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:…", self.scheme())
    }
}

impl<'de> Deserialize<'de> for BackendUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// A key of 32 bytes, or none. Never shown.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct SecretKey(Option<[u8; 32]>);

impl SecretKey {
    /// Takes base64 of 32 bytes; empty text is "not set".
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self(None));
        }
        STANDARD.decode(text).ok()?.try_into().ok().map(|bytes| Self(Some(bytes)))
    }

    /// The bytes, if set.
    pub const fn bytes(self) -> Option<[u8; 32]> {
        self.0
    }

    /// Whether no key was set.
    pub const fn is_empty(self) -> bool {
        self.0.is_none()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "not set" } else { "set" })
    }
}

impl<'de> Deserialize<'de> for SecretKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("must be 32 bytes in base64"))
    }
}

#[cfg(test)]
mod tests {
    use super::redis_nodes;

    #[test]
    fn a_url_of_several_hosts_is_a_cluster() {
        let nodes = redis_nodes("rediss://me:s@cret@a:1,b:2,c/");
        assert_eq!(
            nodes,
            ["rediss://me:s@cret@a:1", "rediss://me:s@cret@b:2", "rediss://me:s@cret@c"]
        );
        assert_eq!(redis_nodes("redis://a,b"), ["redis://a", "redis://b"]);
        assert_eq!(redis_nodes("redis://a,"), ["redis://a"]);
        assert_eq!(redis_nodes("redis://a:1/2"), ["redis://a:1/2"]);
    }
}

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::Random;

/// Names a client's connection to a namespace: 120 random bits, written as 20 characters. Two never share one, on whatever
/// instance.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId([u8; 15]);

impl SocketId {
    pub(crate) fn draw(random: &dyn Random) -> Self {
        let mut bytes = [0; 15];
        random.fill(&mut bytes);
        Self(bytes)
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SocketId({self})")
    }
}

/// Names a session of the transport. Who knows it can speak for the client, so it is never the id of a socket, and never
/// in a log.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Sid([u8; 15]);

impl Sid {
    pub(crate) fn draw(random: &dyn Random) -> Self {
        Self(SocketId::draw(random).0)
    }

    /// As the client writes it: behind the dot stands the instance that holds the session, for gateways to find it by.
    pub(crate) fn written(self, instance: &str) -> String {
        let id = URL_SAFE_NO_PAD.encode(self.0);
        if instance.is_empty() { id } else { format!("{id}.{instance}") }
    }

    /// Reads what [`Sid::written`] wrote. `None`: no session of this instance has that name.
    pub(crate) fn read(text: &str, instance: &str) -> Option<Self> {
        let id = match instance {
            "" => text,
            instance => text.strip_suffix(instance)?.strip_suffix('.')?,
        };
        let bytes = URL_SAFE_NO_PAD.decode(id).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sid")
    }
}

#[cfg(test)]
mod tests {
    use kernel::SeededRandom;

    use super::*;

    #[test]
    fn a_session_is_found_by_its_own_instance_only() {
        let sid = Sid::draw(&SeededRandom::new(1));
        let written = sid.written("chat-1");
        assert_eq!(written.len(), 27);
        assert!(written.ends_with(".chat-1"));
        assert_eq!(Sid::read(&written, "chat-1"), Some(sid));
        assert_eq!(Sid::read(&sid.written(""), ""), Some(sid));
        for other in ["", "chat-2", "1", ".chat-1"] {
            assert_eq!(Sid::read(&written, other), None, "{other:?}");
        }
        for text in
            ["", ".chat-1", "x.chat-1", "chat-1", "AAAAAAAAAAAAAAAAAAAAA.chat-1", "é.chat-1"]
        {
            assert_eq!(Sid::read(text, "chat-1"), None, "{text:?}");
        }
    }
}

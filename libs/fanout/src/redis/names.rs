use std::sync::Arc;

use redis_nodes::slot_of;

use super::channels::{CHANNELS, Channel};

/// What channels are called on the server.
#[derive(Debug, Clone)]
pub(super) struct Names {
    namespace: Arc<str>,
    /// Whose heartbeat it is.
    listener: u64,
}

impl Names {
    pub(super) fn new(namespace: Arc<str>, listener: u64) -> Self {
        Self { namespace, listener }
    }

    /// A heartbeat is in the slot of its channel, because that one's name is all that counts of it: `{chat:7}:beat:…` is where
    /// `chat:7` is.
    pub(super) fn of(&self, channel: Channel) -> String {
        match channel.checked_sub(CHANNELS) {
            None => event(&self.namespace, channel),
            Some(slot) => {
                format!("{{{}}}:beat:{:016x}", event(&self.namespace, slot), self.listener)
            }
        }
    }

    /// Where each channel is, in their order.
    pub(super) fn slots(&self) -> Vec<u16> {
        (0..CHANNELS).map(|channel| slot_of(&event(&self.namespace, channel))).collect()
    }

    /// The channel of a name that was made here.
    pub(super) fn parse(&self, name: &[u8]) -> Option<Channel> {
        let name = std::str::from_utf8(name).ok()?;
        let (name, beat) = match name.strip_prefix('{') {
            Some(rest) => (rest.split_once('}')?.0, CHANNELS),
            None => (name, 0),
        };
        let number = name.strip_prefix(&*self.namespace)?.strip_prefix(':')?;
        number.parse::<Channel>().ok().filter(|number| *number < CHANNELS)?.checked_add(beat)
    }
}

pub(super) fn event(namespace: &str, channel: Channel) -> String {
    format!("{namespace}:{channel}")
}

/// Whether this is a heartbeat's channel; a namespace has no braces.
pub(super) fn is_beat(name: &[u8]) -> bool {
    name.first() == Some(&b'{')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_channel() {
        let names = Names::new("chat".into(), 255);
        assert_eq!(names.of(7), "chat:7");
        assert_eq!(names.of(CHANNELS + 7), "{chat:7}:beat:00000000000000ff");
        for channel in 0..2 * CHANNELS {
            let name = names.of(channel);
            assert_eq!(names.parse(name.as_bytes()), Some(channel), "{name}");
            assert_eq!(is_beat(name.as_bytes()), channel >= CHANNELS);
            assert_eq!(slot_of(&name), names.slots()[usize::from(channel % CHANNELS)], "{name}");
        }
        for foreign in ["chat:1024", "chat:", "other:1", "{chat:7", "chat:-1", ""] {
            assert_eq!(names.parse(foreign.as_bytes()), None, "{foreign}");
        }
    }
}

//! Engine.IO v4 packets in a websocket text frame: a digit, then the payload.

use bytes::Bytes;
use serde_json::json;

use crate::{Config, SocketId};

/// What the server sends to see whether the client is there.
pub(crate) const PING: Bytes = Bytes::from_static(b"2");

/// The type of an Engine.IO packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Open,
    Close,
    Ping,
    Pong,
    Message,
    Upgrade,
    Noop,
}

/// Splits a text frame into type and payload. `None`: not a packet.
pub(crate) fn split(frame: &str) -> Option<(Kind, &str)> {
    let kind = match frame.as_bytes().first()? {
        b'0' => Kind::Open,
        b'1' => Kind::Close,
        b'2' => Kind::Ping,
        b'3' => Kind::Pong,
        b'4' => Kind::Message,
        b'5' => Kind::Upgrade,
        b'6' => Kind::Noop,
        _ => return None,
    };
    frame.get(1..).map(|payload| (kind, payload))
}

/// The first packet of a session: its id and the terms.
pub(crate) fn open(sid: SocketId, config: &Config) -> Bytes {
    let terms = json!({
        "sid": sid.to_string(),
        "upgrades": [],
        "pingInterval": millis(config.ping_interval),
        "pingTimeout": millis(config.ping_timeout),
        "maxPayload": config.max_payload_bytes,
    });
    Bytes::from(format!("0{terms}"))
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use kernel::SeededRandom;

    use super::*;

    #[test]
    fn a_frame_is_a_digit_and_a_payload() {
        assert_eq!(split("4hello"), Some((Kind::Message, "hello")));
        assert_eq!(split("3"), Some((Kind::Pong, "")));
        assert_eq!(split("3probe"), Some((Kind::Pong, "probe")));
        for bad in ["", "7", "abc", "é", "-4", " 4"] {
            assert_eq!(split(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn opening_states_the_terms_in_milliseconds() {
        let open = open(SocketId::draw(&SeededRandom::new(1)), &Config::default());
        assert_eq!(open[0], b'0');
        let terms: serde_json::Value = serde_json::from_slice(&open[1..]).unwrap();
        assert_eq!(terms["sid"].as_str().unwrap().len(), 20);
        assert_eq!(terms["pingInterval"], 25_000);
        assert_eq!(terms["pingTimeout"], 20_000);
        assert_eq!(terms["maxPayload"], 65_536);
        assert_eq!(terms["upgrades"], json!([]));
    }
}

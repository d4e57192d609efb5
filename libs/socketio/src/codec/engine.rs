//! Engine.IO v4 packets: a digit, then the payload; in a websocket frame each, or joined in the body of a request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::json;

use crate::Config;

/// What the server sends to see whether the client is there.
pub(crate) const PING: Bytes = Bytes::from_static(b"2");
/// The session is over.
pub(crate) const CLOSE: &[u8] = b"1";
/// Nothing: sends a GET back.
pub(crate) const NOOP: &[u8] = b"6";
/// The answer to a client that tries a websocket.
pub(crate) const PROBED: Bytes = Bytes::from_static(b"3probe");

/// Between two packets in a body.
const SEPARATOR: u8 = 0x1e;
/// Before a packet of bytes in a body.
const BINARY: u8 = b'b';

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

/// Splits a text packet into type and payload. `None`: not a packet.
pub(crate) fn split(packet: &str) -> Option<(Kind, &str)> {
    let kind = match packet.as_bytes().first()? {
        b'0' => Kind::Open,
        b'1' => Kind::Close,
        b'2' => Kind::Ping,
        b'3' => Kind::Pong,
        b'4' => Kind::Message,
        b'5' => Kind::Upgrade,
        b'6' => Kind::Noop,
        _ => return None,
    };
    packet.get(1..).map(|payload| (kind, payload))
}

/// One packet out of the body of a POST.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Not yet known to be UTF-8.
    Text(Bytes),
    Binary(Bytes),
}

/// The packets of a body, one after the other. `None` for bytes that are not base64.
pub(crate) fn parts(body: &Bytes) -> impl Iterator<Item = Option<Part>> {
    body.split(|byte| *byte == SEPARATOR).map(|packet| match packet.strip_prefix(&[BINARY]) {
        Some(coded) => STANDARD.decode(coded).ok().map(|bytes| Part::Binary(Bytes::from(bytes))),
        None => Some(Part::Text(body.slice_ref(packet))),
    })
}

/// Adds a text packet to a body.
pub(crate) fn join_text(body: &mut Vec<u8>, packet: &[u8]) {
    separate(body);
    body.extend_from_slice(packet);
}

/// Adds a packet of bytes to a body.
pub(crate) fn join_binary(body: &mut Vec<u8>, bytes: &[u8]) {
    separate(body);
    body.push(BINARY);
    body.extend_from_slice(STANDARD.encode(bytes).as_bytes());
}

fn separate(body: &mut Vec<u8>) {
    if !body.is_empty() {
        body.push(SEPARATOR);
    }
}

/// The first packet of a session: its id and the terms.
pub(crate) fn open(sid: &str, upgrades: &[&str], config: &Config) -> Bytes {
    let terms = json!({
        "sid": sid,
        "upgrades": upgrades,
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
#[path = "engine_tests.rs"]
mod tests;

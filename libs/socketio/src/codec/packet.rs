//! Socket.IO v5 packets:
//! `type [attachments "-"] [namespace ","] [acknowledgement id] [JSON]`, inside an Engine.IO message.

use bytes::{BufMut, Bytes, BytesMut};
use serde_json::value::RawValue;

use crate::Refusal;

/// The namespace that is meant when none is named.
pub(crate) const ROOT: &str = "/";

/// Names that the official parser refuses as events, since the client library raises them itself.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// A packet from a client.
#[derive(Debug)]
pub(crate) struct Incoming<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) body: Body,
}

/// What a client says.
#[derive(Debug)]
pub(crate) enum Body {
    Connect(Option<Box<RawValue>>),
    Disconnect,
    Event {
        ack: Option<u64>,
        name: String,
        args: Vec<Box<RawValue>>,
    },
    Ack,
    /// An event or acknowledgement whose attachments would follow in frames of their own.
    Binary,
}

/// The text is not a packet that a client may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a socket.io packet")]
pub(crate) struct ParseError;

/// Reads a packet.
pub(crate) fn decode(text: &str) -> Result<Incoming<'_>, ParseError> {
    let kind = *text.as_bytes().first().ok_or(ParseError)?;
    let rest = text.get(1..).ok_or(ParseError)?;
    let binary = matches!(kind, b'5' | b'6');
    let rest = if binary { attachments(rest)?.1 } else { rest };
    let (namespace, rest) = namespace(rest);
    let (ack, data) = digits(rest)?;
    let body = match kind {
        b'0' if ack.is_none() => Body::Connect(connect_payload(data)?),
        b'1' if ack.is_none() && data.is_empty() => Body::Disconnect,
        b'2' => event_body(ack, data)?,
        b'3' if ack.is_some() => array(data).map(|_| Body::Ack)?,
        b'5' => array(data).map(|_| Body::Binary)?,
        b'6' if ack.is_some() => array(data).map(|_| Body::Binary)?,
        _ => return Err(ParseError),
    };
    Ok(Incoming { namespace, body })
}

fn attachments(text: &str) -> Result<(u64, &str), ParseError> {
    let (count, rest) = digits(text)?;
    let rest = rest.strip_prefix('-').ok_or(ParseError)?;
    Ok((count.ok_or(ParseError)?, rest))
}

fn namespace(text: &str) -> (&str, &str) {
    if !text.starts_with('/') {
        return (ROOT, text);
    }
    text.split_once(',').unwrap_or((text, ""))
}

/// Takes the number that the text starts with, if it does.
fn digits(text: &str) -> Result<(Option<u64>, &str), ParseError> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    if end == 0 {
        return Ok((None, text));
    }
    let (digits, rest) = text.split_at(end);
    Ok((Some(digits.parse().map_err(|_| ParseError)?), rest))
}

fn connect_payload(data: &str) -> Result<Option<Box<RawValue>>, ParseError> {
    if data.is_empty() {
        return Ok(None);
    }
    let payload: Box<RawValue> = serde_json::from_str(data).map_err(|_| ParseError)?;
    if payload.get().starts_with('{') { Ok(Some(payload)) } else { Err(ParseError) }
}

fn array(data: &str) -> Result<Vec<&RawValue>, ParseError> {
    serde_json::from_str(data).map_err(|_| ParseError)
}

fn event_body(ack: Option<u64>, data: &str) -> Result<Body, ParseError> {
    let values = array(data)?;
    let (first, args) = values.split_first().ok_or(ParseError)?;
    let name: String = serde_json::from_str(first.get()).map_err(|_| ParseError)?;
    if RESERVED.contains(&name.as_str()) {
        return Err(ParseError);
    }
    let args = args.iter().map(|value| (*value).to_owned()).collect();
    Ok(Body::Event { ack, name, args })
}

/// An event with one argument, in its Engine.IO message.
pub(crate) fn event(name: &str, json: &[u8]) -> Bytes {
    let name = serde_json::Value::from(name).to_string();
    let mut out = BytesMut::with_capacity(name.len() + json.len() + 5);
    out.put_slice(b"42[");
    out.put_slice(name.as_bytes());
    out.put_u8(b',');
    out.put_slice(json);
    out.put_u8(b']');
    out.freeze()
}

/// The answer to an accepted CONNECT.
pub(crate) fn connected(sid: &str) -> Bytes {
    Bytes::from(format!("40{}", serde_json::json!({ "sid": sid })))
}

/// The answer to a refused CONNECT.
pub(crate) fn connect_error(namespace: &str, refusal: &Refusal) -> Bytes {
    let mut payload = serde_json::json!({ "message": refusal.message });
    if !refusal.data.is_null() {
        payload["data"] = refusal.data.clone();
    }
    let namespace = if namespace == ROOT { String::new() } else { format!("{namespace},") };
    Bytes::from(format!("44{namespace}{payload}"))
}

/// The acknowledgement of the event with that id.
pub(crate) fn ack(id: u64, value: &RawValue) -> Bytes {
    Bytes::from(format!("43{id}[{}]", value.get()))
}

/// The server ends the session.
pub(crate) const fn disconnect() -> Bytes {
    Bytes::from_static(b"41")
}

#[cfg(test)]
#[path = "packet_tests.rs"]
mod tests;

//! Socket.IO v5 packets:
//! `type [attachments "-"] [namespace ","] [acknowledgement id] [JSON]`, inside an Engine.IO message.

use std::borrow::Cow;

use bytes::{BufMut, Bytes, BytesMut};
use serde_json::value::RawValue;

use super::placeholder;
use crate::Refusal;

/// The namespace that is meant when none is named.
pub(crate) const ROOT: &str = "/";

/// Names that the official parser refuses as events, since the client library raises them itself.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// A packet from a client.
#[derive(Debug)]
pub(crate) struct Incoming<'a> {
    pub(crate) namespace: Cow<'a, str>,
    pub(crate) body: Body,
    /// How many binary messages belong to it and follow.
    pub(crate) attachments: usize,
}

/// What a client says.
#[derive(Debug)]
pub(crate) enum Body {
    Connect(Option<Box<RawValue>>),
    Disconnect,
    Event { ack: Option<u64>, name: String, args: Vec<Box<RawValue>> },
    Ack { id: u64, args: Vec<Box<RawValue>> },
}

/// The text is not a packet that a client may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a socket.io packet")]
pub(crate) struct ParseError;

impl Incoming<'_> {
    /// The same without the text that it was read from.
    pub(crate) fn into_owned(self) -> Incoming<'static> {
        Incoming { namespace: Cow::Owned(self.namespace.into_owned()), ..self }
    }

    pub(crate) const fn is_event(&self) -> bool {
        matches!(self.body, Body::Event { .. })
    }
}

/// Reads a packet.
pub(crate) fn decode(text: &str) -> Result<Incoming<'_>, ParseError> {
    let kind = *text.as_bytes().first().ok_or(ParseError)?;
    let rest = text.get(1..).ok_or(ParseError)?;
    let (attachments, rest) =
        if matches!(kind, b'5' | b'6') { attachments(rest)? } else { (0, rest) };
    let (namespace, rest) = namespace(rest);
    let (ack, data) = digits(rest)?;
    let body = match (kind, ack) {
        (b'0', None) => Body::Connect(connect_payload(data)?),
        (b'1', None) if data.is_empty() => Body::Disconnect,
        (b'2' | b'5', ack) => event_body(ack, data)?,
        (b'3' | b'6', Some(id)) => Body::Ack { id, args: array(data)? },
        _ => return Err(ParseError),
    };
    if let Body::Event { args, .. } | Body::Ack { args, .. } = &body
        && matches!(kind, b'5' | b'6')
        && !placeholder::are_sound(args, attachments)
    {
        return Err(ParseError);
    }
    Ok(Incoming { namespace: Cow::Borrowed(namespace), body, attachments })
}

fn attachments(text: &str) -> Result<(usize, &str), ParseError> {
    let (count, rest) = digits(text)?;
    let rest = rest.strip_prefix('-').ok_or(ParseError)?;
    let count = count.and_then(|count| usize::try_from(count).ok()).ok_or(ParseError)?;
    Ok((count, rest))
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
    // No client counts further than a signed number goes.
    let number: i64 = digits.parse().map_err(|_| ParseError)?;
    Ok((Some(number.unsigned_abs()), rest))
}

fn connect_payload(data: &str) -> Result<Option<Box<RawValue>>, ParseError> {
    if data.is_empty() {
        return Ok(None);
    }
    let payload: Box<RawValue> = serde_json::from_str(data).map_err(|_| ParseError)?;
    if payload.get().starts_with('{') { Ok(Some(payload)) } else { Err(ParseError) }
}

fn array<'a, T: serde::Deserialize<'a>>(data: &'a str) -> Result<Vec<T>, ParseError> {
    serde_json::from_str(data).map_err(|_| ParseError)
}

fn event_body(ack: Option<u64>, data: &str) -> Result<Body, ParseError> {
    let values: Vec<&RawValue> = array(data)?;
    let (first, args) = values.split_first().ok_or(ParseError)?;
    let name: String = serde_json::from_str(first.get()).map_err(|_| ParseError)?;
    if RESERVED.contains(&name.as_str()) {
        return Err(ParseError);
    }
    let args = args.iter().map(|value| (*value).to_owned()).collect();
    Ok(Body::Event { ack, name, args })
}

/// What stands before the JSON of an event or acknowledgement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header<'a> {
    pub(crate) is_ack: bool,
    pub(crate) attachments: usize,
    pub(crate) namespace: &'a str,
    pub(crate) id: Option<u64>,
}

impl Header<'_> {
    fn write(&self, out: &mut BytesMut) {
        out.put_u8(b'4');
        match (self.is_ack, self.attachments) {
            (false, 0) => out.put_u8(b'2'),
            (true, 0) => out.put_u8(b'3'),
            (false, count) => out.put_slice(format!("5{count}-").as_bytes()),
            (true, count) => out.put_slice(format!("6{count}-").as_bytes()),
        }
        if self.namespace != ROOT {
            out.put_slice(self.namespace.as_bytes());
            out.put_u8(b',');
        }
        if let Some(id) = self.id {
            out.put_slice(id.to_string().as_bytes());
        }
    }

    /// The packet with that JSON, in its Engine.IO message.
    pub(crate) fn with(&self, json: &[u8]) -> Bytes {
        let mut out = BytesMut::with_capacity(json.len() + self.namespace.len() + 32);
        self.write(&mut out);
        out.put_slice(json);
        out.freeze()
    }
}

/// The JSON of an event: its name and its arguments, each of them JSON already.
pub(crate) fn event_json<'a>(name: &str, args: impl Iterator<Item = &'a [u8]> + Clone) -> BytesMut {
    let name = serde_json::Value::from(name).to_string();
    let bytes = args.clone().map(|arg| arg.len() + 1).sum::<usize>();
    let mut out = BytesMut::with_capacity(name.len() + bytes + 2);
    out.put_u8(b'[');
    out.put_slice(name.as_bytes());
    for arg in args {
        out.put_u8(b',');
        out.put_slice(arg);
    }
    out.put_u8(b']');
    out
}

/// The JSON of an acknowledgement.
pub(crate) fn ack_json(args: &[Box<RawValue>]) -> BytesMut {
    let mut out =
        BytesMut::with_capacity(args.iter().map(|arg| arg.get().len() + 1).sum::<usize>() + 2);
    out.put_u8(b'[');
    for (index, arg) in args.iter().enumerate() {
        if index > 0 {
            out.put_u8(b',');
        }
        out.put_slice(arg.get().as_bytes());
    }
    out.put_u8(b']');
    out
}

/// The answer to an accepted CONNECT.
pub(crate) fn connected(namespace: &str, sid: &str) -> Bytes {
    control('0', namespace, &serde_json::json!({ "sid": sid }).to_string())
}

/// The answer to a refused CONNECT.
pub(crate) fn connect_error(namespace: &str, refusal: &Refusal) -> Bytes {
    let mut payload = serde_json::json!({ "message": refusal.message });
    if !refusal.data.is_null() {
        payload["data"] = refusal.data.clone();
    }
    control('4', namespace, &payload.to_string())
}

/// The server ends the session of a namespace.
pub(crate) fn disconnect(namespace: &str) -> Bytes {
    control('1', namespace, "")
}

fn control(kind: char, namespace: &str, payload: &str) -> Bytes {
    Bytes::from(if namespace == ROOT {
        format!("4{kind}{payload}")
    } else {
        format!("4{kind}{namespace},{payload}")
    })
}

#[cfg(test)]
#[path = "packet_tests.rs"]
mod tests;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::codec::packet::{self, Header, ROOT};

/// Where the JSON of a packet to the root begins: behind `42`.
const ROOT_HEADER_BYTES: usize = 2;

/// One event, encoded as it goes over the wire to clients of one namespace. A clone shares the bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Packet {
    text: Bytes,
    /// Where the JSON begins in the text.
    json_at: usize,
    /// `None` is the root.
    namespace: Option<Arc<str>>,
    attachments: Option<Arc<[Bytes]>>,
}

impl Packet {
    /// An event with one argument, for clients of `/`.
    pub fn event(name: &str, payload: &impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(Self::event_from_json(name, &serde_json::to_vec(payload)?))
    }

    /// An event with one argument that is already JSON. The caller answers for its being valid: nothing looks at it again
    /// before the client does.
    pub fn event_from_json(name: &str, json: &[u8]) -> Self {
        let json = packet::event_json(name, std::iter::once(json));
        let header = Header { is_ack: false, attachments: 0, namespace: ROOT, id: None };
        Self {
            text: header.with(&json),
            json_at: ROOT_HEADER_BYTES,
            namespace: None,
            attachments: None,
        }
    }

    /// An event with any number of arguments and attachments. An argument `{"_placeholder":true,"num":0}` stands for the
    /// first attachment.
    pub fn event_with(name: &str, args: &[Box<RawValue>], attachments: Vec<Bytes>) -> Self {
        let json = packet::event_json(name, args.iter().map(|arg| arg.get().as_bytes()));
        let header =
            Header { is_ack: false, attachments: attachments.len(), namespace: ROOT, id: None };
        let text = header.with(&json);
        let json_at = text.len() - json.len();
        let attachments = (!attachments.is_empty()).then(|| Arc::from(attachments));
        Self { text, json_at, namespace: None, attachments }
    }

    /// The same event for clients of another namespace. [`crate::Socket::send`] does this by itself, for each socket; do it
    /// before if there are many.
    #[must_use]
    pub fn in_namespace(&self, namespace: &str) -> Self {
        let text = self.encode(namespace, None);
        Self {
            json_at: text.len() - self.json().len(),
            text,
            namespace: (namespace != ROOT).then(|| Arc::from(namespace)),
            attachments: self.attachments.clone(),
        }
    }

    /// Bytes on the wire, without headers of frames.
    pub fn len(&self) -> usize {
        self.text.len() + self.attachments().iter().map(Bytes::len).sum::<usize>()
    }

    /// Never: an event has a name.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The text for a client of that namespace, asking for an acknowledgement under that number.
    pub(crate) fn encode(&self, namespace: &str, id: Option<u64>) -> Bytes {
        if id.is_none() && self.namespace() == namespace {
            return self.text.clone();
        }
        let attachments = self.attachments().len();
        Header { is_ack: false, attachments, namespace, id }.with(self.json())
    }

    pub(crate) fn attachments(&self) -> &[Bytes] {
        self.attachments.as_deref().unwrap_or_default()
    }

    fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or(ROOT)
    }

    fn json(&self) -> &[u8] {
        self.text.get(self.json_at..).unwrap_or_default()
    }
}

impl fmt::Debug for Packet {
    // What people wrote is in there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet").field("bytes", &self.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_encoding_for_each_namespace() {
        let packet = Packet::event("say", &1).unwrap();
        assert_eq!(packet.encode("/", None), r#"42["say",1]"#);
        assert_eq!(packet.encode("/admin", Some(7)), r#"42/admin,7["say",1]"#);
        let other = packet.in_namespace("/admin");
        assert_eq!(other.encode("/admin", None), r#"42/admin,["say",1]"#);
        assert_eq!(other.encode("/admin", None).as_ptr(), other.encode("/admin", None).as_ptr());
        assert_eq!(other.in_namespace("/"), packet);
        assert_eq!(other.encode("/", Some(0)), r#"420["say",1]"#);
    }

    #[test]
    fn attachments_are_announced() {
        let place = RawValue::from_string(r#"{"_placeholder":true,"num":0}"#.to_owned()).unwrap();
        let packet = Packet::event_with("file", &[place], vec![Bytes::from_static(&[1, 2])]);
        let json = r#"["file",{"_placeholder":true,"num":0}]"#;
        assert_eq!(packet.encode("/", None), format!("451-{json}"));
        assert_eq!(packet.encode("/a", Some(3)), format!("451-/a,3{json}"));
        assert_eq!(packet.in_namespace("/a").encode("/", None), format!("451-{json}"));
        assert_eq!(packet.len(), json.len() + 4 + 2);
    }
}

//! What instances tell each other through the fan-out.
//!
//! One byte of kind, eight each of `seq`, `count` and `mseq`, the trace context and the event's name with a length byte each, then the body. The
//! body of an event is its JSON as clients get it, so that nobody decodes it on the way.

use bytes::{BufMut, Bytes, BytesMut};
use kernel::{ConversationId, UserId};
use serde::Deserialize;

use crate::log::store::Head;

/// Bytes of the kind and the place.
const HEADER: usize = 25;

/// Bytes of one log's end in a body of many.
const HEAD: usize = 24;

/// The event of an entry after which somebody is not in the conversation any more.
const LEFT: &str = "participant:left";

/// An event on its way between instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What is to be done with it.
    pub kind: FrameKind,
    /// Place in the log, for an entry; its `seq` alone, for a head; else 0.
    pub place: Head,
    /// W3C trace context of whoever caused it; may be empty.
    pub trace: String,
    /// The event's name for clients; empty if clients do not hear it as it is.
    pub event: String,
    /// JSON for clients, or the 16 bytes of an id.
    pub body: Bytes,
}

/// What a frame asks of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum FrameKind {
    /// An entry of the log: to everyone in the conversation, in order, without holes.
    Entry = 1,
    /// Something that may be lost (receipts): to everyone in the conversation.
    Signal = 2,
    /// The person is in a new conversation, whose id is the body.
    Added = 3,
    /// The person's session, whose id is the body, is over.
    Revoked = 4,
    /// The profile of the person, whose id is the body, has changed.
    Profile = 5,
    /// The log reaches up to `seq`: news of it may have been lost.
    Head = 6,
    /// The person is no longer in the conversation whose id is the body.
    Removed = 7,
    /// The person whose id is the body writes something in the conversation (`seq` is 1), or does not any more (0).
    Typing = 8,
    /// How the person is seen: to those who look.
    Presence = 9,
    /// The two people whose ids are the body are something else to each other than before.
    Relations = 10,
    /// The logs in the body reach up to the places beside them: news of some may have been lost.
    Heads = 11,
}

impl FrameKind {
    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Entry),
            2 => Some(Self::Signal),
            3 => Some(Self::Added),
            4 => Some(Self::Revoked),
            5 => Some(Self::Profile),
            6 => Some(Self::Head),
            7 => Some(Self::Removed),
            8 => Some(Self::Typing),
            9 => Some(Self::Presence),
            10 => Some(Self::Relations),
            11 => Some(Self::Heads),
            _ => None,
        }
    }
}

impl Frame {
    /// As bytes for the fan-out.
    pub fn encode(&self) -> Bytes {
        let (trace, event) = (short(&self.trace), short(&self.event));
        let mut bytes =
            BytesMut::with_capacity(HEADER + 2 + trace.len() + event.len() + self.body.len());
        bytes.put_u8(self.kind as u8);
        for number in [self.place.seq, self.place.count, self.place.mseq] {
            bytes.put_u64(number);
        }
        for text in [trace, event] {
            bytes.put_u8(u8::try_from(text.len()).unwrap_or(0));
            bytes.put_slice(text.as_bytes());
        }
        bytes.put_slice(&self.body);
        bytes.freeze()
    }

    /// Reads a frame; `None` if an instance of another version made something else of it.
    pub fn decode(bytes: &Bytes) -> Option<Self> {
        let kind = FrameKind::from_byte(*bytes.first()?)?;
        let number = |at| Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
        let place = Head { seq: number(1)?, count: number(9)?, mseq: number(17)? };
        let (trace, at) = text(bytes, HEADER)?;
        let (event, at) = text(bytes, at)?;
        Some(Self { kind, place, trace, event, body: bytes.slice(at..) })
    }

    /// The ends of these logs, as a body.
    pub fn of_heads(heads: &[(ConversationId, u64)]) -> Bytes {
        let mut body = BytesMut::with_capacity(heads.len() * HEAD);
        for (id, seq) in heads {
            body.put_slice(id.uuid().as_bytes());
            body.put_u64(*seq);
        }
        body.freeze()
    }

    /// The ends of logs in the body.
    pub fn heads(&self) -> impl Iterator<Item = (ConversationId, u64)> {
        self.body.chunks_exact(HEAD).filter_map(|head| {
            let (uuid, seq) = head.split_at_checked(16)?;
            Some((id(uuid)?, u64::from_be_bytes(seq.try_into().ok()?)))
        })
    }

    /// Whom the entry in the body says to be gone from its conversation.
    pub fn gone(&self) -> Option<UserId> {
        #[derive(Deserialize)]
        struct Told {
            data: Gone,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Gone {
            user_id: UserId,
        }
        if self.event != LEFT {
            return None;
        }
        serde_json::from_slice::<Told>(&self.body).ok().map(|told| told.data.user_id)
    }

    /// The id in the body, if that is what it holds.
    pub fn id<K>(&self) -> Option<kernel::Id<K>> {
        id(&self.body)
    }

    /// The two ids in the body, if that is what it holds.
    pub fn ids<K>(&self) -> Option<[kernel::Id<K>; 2]> {
        let (one, other) = self.body.split_at_checked(16)?;
        Some([id(one)?, id(other)?])
    }
}

fn id<K>(bytes: &[u8]) -> Option<kernel::Id<K>> {
    Some(kernel::Id::from_uuid(uuid::Uuid::from_slice(bytes).ok()?))
}

/// Neither a trace context nor an event's name is ever longer than a length byte can say.
fn short(text: &str) -> &str {
    if text.len() > usize::from(u8::MAX) { "" } else { text }
}

fn text(bytes: &Bytes, at: usize) -> Option<(String, usize)> {
    let len = usize::from(*bytes.get(at)?);
    let text = bytes.get(at + 1..at + 1 + len)?;
    Some((String::from_utf8(text.to_vec()).ok()?, at + 1 + len))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_frame_survives_the_way(
            kind in 1_u8..=11, place in any::<[u64; 3]>(), trace in "[ -~]{0,60}", event in "[a-z:]{0,20}", body: Vec<u8>,
        ) {
            let kind = FrameKind::from_byte(kind).unwrap();
            let [seq, count, mseq] = place;
            let place = Head { seq, count, mseq };
            let frame = Frame { kind, place, trace, event, body: body.into() };
            prop_assert_eq!(Frame::decode(&frame.encode()), Some(frame));
        }

        #[test]
        fn ends_of_logs_survive_the_way(ends: Vec<(u128, u64)>) {
            let id = |uuid| ConversationId::from_uuid(uuid::Uuid::from_u128(uuid));
            let ends: Vec<_> = ends.into_iter().map(|(uuid, seq)| (id(uuid), seq)).collect();
            let body = Frame::of_heads(&ends);
            let (kind, place) = (FrameKind::Heads, Head::default());
            let frame = Frame { kind, place, trace: String::new(), event: String::new(), body };
            let told = Frame::decode(&frame.encode()).unwrap();
            prop_assert_eq!(told.heads().collect::<Vec<_>>(), ends);
        }

        #[test]
        fn anything_else_is_refused_without_a_panic(bytes: Vec<u8>) {
            let _ = Frame::decode(&bytes.into());
        }
    }
}

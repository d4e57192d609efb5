//! Where a `sync` answer ended: how far each conversation in it was told. Opaque to clients.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::ConversationId;
use uuid::Uuid;

/// Bytes of one conversation: its id, and a position with one bit beside it.
const ROW: usize = 24;
/// Characters of one conversation on the wire.
pub const ROW_CHARS: usize = ROW / 3 * 4;
/// Set beside the position of a conversation of which more is to come.
const UNFINISHED: u64 = 1 << 63;

/// How far one conversation was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Up to this position.
    pub seq: u64,
    /// Whether there was more to tell.
    pub unfinished: bool,
}

/// How far each conversation was told in the answers so far.
pub type Since = HashMap<ConversationId, Told>;

/// As text for the client.
pub fn encode(since: &Since) -> String {
    let mut bytes = Vec::with_capacity(since.len() * ROW);
    for (id, told) in since {
        let bit = if told.unfinished { UNFINISHED } else { 0 };
        bytes.extend_from_slice(id.uuid().as_bytes());
        bytes.extend_from_slice(&(told.seq | bit).to_be_bytes());
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads what [`encode`] made; `None` if it is something else.
pub fn decode(text: &str) -> Option<Since> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let rows = bytes.chunks_exact(ROW);
    if !rows.remainder().is_empty() {
        return None;
    }
    let row = |row: &[u8]| {
        let id = Uuid::from_slice(row.get(..16)?).ok()?;
        let number = u64::from_be_bytes(row.get(16..)?.try_into().ok()?);
        let told = Told { seq: number & !UNFINISHED, unfinished: number & UNFINISHED != 0 };
        Some((ConversationId::from_uuid(id), told))
    };
    rows.map(row).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn survives_the_way(
            rows in proptest::collection::hash_map(any::<u128>(), (0..UNFINISHED, any::<bool>()), 0..20),
        ) {
            let since: Since = rows
                .into_iter()
                .map(|(id, (seq, unfinished))| {
                    (ConversationId::from_uuid(Uuid::from_u128(id)), Told { seq, unfinished })
                })
                .collect();
            prop_assert_eq!(decode(&encode(&since)), Some(since));
        }

        #[test]
        fn anything_else_is_refused_without_a_panic(text in ".{0,80}") {
            let _ = decode(&text);
        }
    }
}

//! Where a `sync` answer ended: how far each conversation in it was told. Opaque to clients.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::ConversationId;
use uuid::Uuid;

/// Bytes of one conversation: its id and a position.
const ROW: usize = 24;

/// How far each conversation was told in the answers so far.
pub type Told = HashMap<ConversationId, u64>;

/// As text for the client.
pub fn encode(told: &Told) -> String {
    let mut bytes = Vec::with_capacity(told.len() * ROW);
    for (id, seq) in told {
        bytes.extend_from_slice(id.uuid().as_bytes());
        bytes.extend_from_slice(&seq.to_be_bytes());
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads what [`encode`] made; `None` if it is something else.
pub fn decode(text: &str) -> Option<Told> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let rows = bytes.chunks_exact(ROW);
    if !rows.remainder().is_empty() {
        return None;
    }
    let row = |row: &[u8]| {
        let id = Uuid::from_slice(row.get(..16)?).ok()?;
        let seq = u64::from_be_bytes(row.get(16..)?.try_into().ok()?);
        Some((ConversationId::from_uuid(id), seq))
    };
    rows.map(row).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn survives_the_way(rows in proptest::collection::hash_map(any::<u128>(), any::<u64>(), 0..20)) {
            let told: Told = rows
                .into_iter()
                .map(|(id, seq)| (ConversationId::from_uuid(Uuid::from_u128(id)), seq))
                .collect();
            prop_assert_eq!(decode(&encode(&told)), Some(told));
        }

        #[test]
        fn anything_else_is_refused_without_a_panic(text in ".{0,80}") {
            let _ = decode(&text);
        }
    }
}

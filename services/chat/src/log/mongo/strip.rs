//! Names the entries to be forgotten.

use bson::{Binary, Document, doc};

use super::row::{key, range};
use crate::log::store::Part;
use crate::mongo::Layout;

/// Entries that are named one by one in one statement.
const NAMED: usize = 1_000;
/// Entries of one conversation that are named one by one; a range of more costs less.
const SHORT: u64 = 16;

/// Filters that together match the entries of all parts, as few as the layout allows.
pub(super) fn which(layout: Layout, parts: &[Part]) -> Vec<Document> {
    let is_short = |part: &&Part| layout == Layout::Whole && part.to - part.from <= SHORT;
    let (short, long): (Vec<&Part>, Vec<&Part>) = parts.iter().partition(is_short);
    let keys = short.iter().flat_map(|part| (part.from + 1..=part.to).map(|seq| key(part.id, seq)));
    let keys: Vec<Binary> = keys.collect();
    let named = keys.chunks(NAMED).map(|keys| doc! { "_id": { "$in": keys.to_vec() } });
    named.chain(long.iter().map(|part| range(part.id, part.from, part.to))).collect()
}

#[cfg(test)]
mod tests {
    use kernel::{ConversationId, SeededRandom, Timestamp};

    use super::*;

    fn part(seed: u64, from: u64, to: u64) -> Part {
        Part {
            id: ConversationId::new_v7(Timestamp::default(), &SeededRandom::new(seed)),
            from,
            to,
        }
    }

    #[test]
    fn short_parts_of_many_conversations_share_a_statement() {
        let mut parts: Vec<Part> = (0..999).map(|seed| part(seed, 4, 5)).collect();
        parts.push(part(1_000, 0, 3));
        parts.push(part(1_001, 0, 17));
        let filters = which(Layout::Whole, &parts);
        let named =
            |filter: &Document| Some(filter.get_document("_id").ok()?.get_array("$in").ok()?.len());
        assert_eq!(filters.iter().map(named).collect::<Vec<_>>(), [Some(1_000), Some(2), None]);
        let routed = which(Layout::Sharded, &parts);
        assert_eq!(routed.len(), parts.len());
        assert!(routed.iter().all(|filter| filter.contains_key("conversationId")));
    }
}

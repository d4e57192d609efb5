//! Where a `sync` answer ended: how far each conversation was told that the device has not acknowledged since. Opaque to
//! clients.
//!
//! Few conversations are named by their ids. Many would not fit, so they are named by their place among the person's
//! conversations: these fall into buckets by their ids, and each bucket carries a keyed digest of the conversations in it
//! and of their epochs. A bucket that is not the same any more when the token comes back (the person joined or left one of
//! them, a backup was restored) is passed over: then its conversations are told from the device's own cursors, which is more
//! than needed and never less. 2 000 conversations take about 6 KB.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::ConversationId;
use uuid::Uuid;

use crate::messages::digest::Digester;

/// Told conversations that are named by their ids; of more the buckets are shorter.
const NAMED: usize = 100;
/// Conversations in a bucket, about.
const BUCKET: usize = 32;
/// Bytes of a digest: enough that no two conversations or epochs are ever taken for one another.
const SEAL: usize = 6;

const BY_NAME: u8 = 1;
const BY_PLACE: u8 = 2;

/// How far one conversation was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Up to this position.
    pub seq: u64,
    /// Whether there was more to tell.
    pub unfinished: bool,
}

/// How far conversations were told in the answers so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Since {
    /// Those that the person is in.
    pub told: HashMap<ConversationId, Told>,
    /// Those that the person was in when they were told.
    pub left: Vec<ConversationId>,
    /// What was said last of how far others have come.
    pub receipts: [u8; SEAL],
}

/// A conversation of the person and its epoch.
pub type Place<'a> = (ConversationId, &'a str);

/// Makes the digests of a token.
#[derive(Debug, Clone, Copy)]
pub struct Seal<'a>(pub &'a Digester);

impl Seal<'_> {
    /// A short digest of these bytes.
    pub fn of(self, bytes: &[u8]) -> [u8; SEAL] {
        let mut seal = [0; SEAL];
        seal.copy_from_slice(&self.0.digest(bytes)[..SEAL]);
        seal
    }

    fn of_places(self, places: &[Place<'_>]) -> [u8; SEAL] {
        let mut bytes = Vec::with_capacity(places.len() * 32);
        for (id, epoch) in places {
            bytes.extend_from_slice(id.uuid().as_bytes());
            bytes.extend_from_slice(epoch.as_bytes());
            bytes.push(0);
        }
        self.of(&bytes)
    }
}

/// Characters that a token takes at the most for so many told conversations of so many, unless logs are very long.
pub const fn longest(told: usize, places: usize) -> usize {
    let bytes = if told <= NAMED { told * (16 + SEAL + 4) } else { told * 4 + places };
    (bytes + 200) * 4 / 3
}

/// As text for the client. `places` are all conversations of the person.
pub fn encode(since: &Since, places: &[Place<'_>], seal: Seal<'_>) -> String {
    let told: Vec<(Place<'_>, Told)> = places
        .iter()
        .filter_map(|place| since.told.get(&place.0).map(|told| (*place, *told)))
        .collect();
    let mut bytes = Vec::new();
    if told.len() <= NAMED {
        bytes.push(BY_NAME);
        bytes.extend_from_slice(&since.receipts);
        for (place, told) in &told {
            bytes.extend_from_slice(place.0.uuid().as_bytes());
            bytes.extend_from_slice(&seal.of_places(&[*place]));
            put_told(&mut bytes, *told);
        }
    } else {
        let count = (places.len() / BUCKET).next_power_of_two().clamp(1, 128);
        bytes.push(BY_PLACE);
        bytes.extend_from_slice(&since.receipts);
        bytes.push(u8::try_from(count).unwrap_or(u8::MAX));
        for bucket in buckets(places, count) {
            put_bucket(&mut bytes, &bucket, since, seal);
        }
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

fn put_bucket(bytes: &mut Vec<u8>, bucket: &[Place<'_>], since: &Since, seal: Seal<'_>) {
    put(bytes, bucket.len() as u64);
    let mut bits = vec![0_u8; bucket.len().div_ceil(8)];
    let mut rows = Vec::new();
    for (at, (id, _)) in bucket.iter().enumerate() {
        if let Some(told) = since.told.get(id) {
            bits[at / 8] |= 1 << (at % 8);
            put_told(&mut rows, *told);
        }
    }
    bytes.extend_from_slice(&seal.of_places(bucket));
    bytes.extend_from_slice(&bits);
    bytes.extend_from_slice(&rows);
}

/// Reads what [`encode`] made; `None` if it is something else. What cannot be taken for certain any more is left out.
pub fn decode(text: &str, places: &[Place<'_>], seal: Seal<'_>) -> Option<Since> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (kind, rest) = bytes.split_first()?;
    let (receipts, mut rest) = rest.split_first_chunk::<SEAL>()?;
    let mut since = Since { receipts: *receipts, ..Since::default() };
    match *kind {
        BY_NAME => {
            while !rest.is_empty() {
                take_named(&mut rest, places, seal, &mut since)?;
            }
        }
        BY_PLACE => {
            let (count, mut rest) = rest.split_first()?;
            let count = usize::from(*count);
            if !count.is_power_of_two() {
                return None;
            }
            for bucket in buckets(places, count) {
                take_bucket(&mut rest, &bucket, seal, &mut since)?;
            }
            rest.is_empty().then_some(())?;
        }
        _ => return None,
    }
    Some(since)
}

fn take_named(
    rest: &mut &[u8],
    places: &[Place<'_>],
    seal: Seal<'_>,
    since: &mut Since,
) -> Option<()> {
    let (id, after) = rest.split_first_chunk::<16>()?;
    let (told_of, after) = after.split_first_chunk::<SEAL>()?;
    *rest = after;
    let told = take_told(rest)?;
    let id = ConversationId::from_uuid(Uuid::from_bytes(*id));
    match places.iter().find(|place| place.0 == id) {
        None => since.left.push(id),
        Some(place) if seal.of_places(&[*place]) == *told_of => {
            since.told.insert(id, told);
        }
        Some(_) => {}
    }
    Some(())
}

fn take_bucket(
    rest: &mut &[u8],
    bucket: &[Place<'_>],
    seal: Seal<'_>,
    since: &mut Since,
) -> Option<()> {
    let len = usize::try_from(take(rest)?).ok()?;
    let (sealed, after) = rest.split_first_chunk::<SEAL>()?;
    let (bits, after) = after.split_at_checked(len.div_ceil(8))?;
    *rest = after;
    let same = len == bucket.len() && seal.of_places(bucket) == *sealed;
    for at in 0..len {
        if bits.get(at / 8)? & (1 << (at % 8)) == 0 {
            continue;
        }
        let told = take_told(rest)?;
        if let Some((id, _)) = bucket.get(at).filter(|_| same) {
            since.told.insert(*id, told);
        }
    }
    Some(())
}

/// The last bits of ids are as good as random, whoever made them.
fn buckets<'a>(places: &[Place<'a>], count: usize) -> Vec<Vec<Place<'a>>> {
    let mut buckets = vec![Vec::new(); count];
    for place in places {
        let last = usize::from(place.0.uuid().as_bytes()[15]);
        buckets[last % count].push(*place);
    }
    for bucket in &mut buckets {
        bucket.sort_unstable();
    }
    buckets
}

fn put_told(bytes: &mut Vec<u8>, told: Told) {
    put(bytes, (told.seq << 1) | u64::from(told.unfinished));
}

fn take_told(rest: &mut &[u8]) -> Option<Told> {
    let number = take(rest)?;
    Some(Told { seq: number >> 1, unfinished: number & 1 == 1 })
}

/// Seven bits in a byte, the lowest first.
fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

fn take(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for at in 0..10 {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f).checked_shl(at * 7)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(number: u128) -> ConversationId {
        ConversationId::from_uuid(Uuid::from_u128(number))
    }

    fn all_told(ids: &[ConversationId], seq: u64) -> Since {
        let told = Told { seq, unfinished: false };
        Since { told: ids.iter().map(|id| (*id, told)).collect(), ..Since::default() }
    }

    /// As random as ids are.
    fn ids(count: u128) -> Vec<ConversationId> {
        (0..count)
            .map(|n| id((n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)))
            .collect()
    }

    proptest! {
        #[test]
        fn survives_the_way(
            rows in proptest::collection::hash_map(any::<u128>(), (0..1_u64 << 62, any::<bool>()), 0..300),
            others in proptest::collection::vec(any::<u128>(), 0..100),
            receipts: [u8; SEAL],
        ) {
            let digester = Digester::new(&[1; 32]);
            let seal = Seal(&digester);
            let told = rows.iter().map(|(n, (seq, unfinished))| {
                (id(*n), Told { seq: *seq, unfinished: *unfinished })
            });
            let since = Since { told: told.collect(), left: vec![], receipts };
            let mut places: Vec<_> = rows.keys().chain(&others).map(|n| (id(*n), "e")).collect();
            places.sort_unstable();
            places.dedup();
            let text = encode(&since, &places, seal);
            prop_assert_eq!(decode(&text, &places, seal), Some(since));
        }

        #[test]
        fn anything_else_is_refused_without_a_panic(bytes: Vec<u8>, kind in 0_u8..4) {
            let digester = Digester::new(&[1; 32]);
            let text = URL_SAFE_NO_PAD.encode([&[kind][..], &bytes].concat());
            let places = [(id(1), "e"), (id(2), "e")];
            let _ = decode(&text, &places, Seal(&digester));
            let _ = decode("{\"$ne\":\"\"}", &places, Seal(&digester));
        }
    }

    #[test]
    fn two_thousand_conversations_are_told_in_less_than_eight_kilobytes() {
        let digester = Digester::new(&[1; 32]);
        let ids = ids(2_000);
        let places: Vec<_> = ids.iter().map(|id| (*id, "0123456789ab")).collect();
        for (seq, most) in [(5, 4_000), (8_000, 7_000)] {
            let text = encode(&all_told(&ids, seq), &places, Seal(&digester));
            assert!(text.len() < most, "{} characters", text.len());
        }
    }

    #[test]
    fn what_changed_meanwhile_is_left_out_and_the_rest_stays() {
        let digester = Digester::new(&[1; 32]);
        let seal = Seal(&digester);
        for count in [50, 1_000] {
            let ids = ids(count);
            let since = all_told(&ids, 7);
            let places: Vec<_> = ids.iter().map(|id| (*id, "a")).collect();
            let text = encode(&since, &places, seal);
            let mut restored = places.clone();
            restored[3].1 = "b";
            let back = decode(&text, &restored, seal).unwrap();
            assert!(!back.told.contains_key(&ids[3]), "of another epoch");
            assert!(back.told.len() + 100 > ids.len() && back.told.values().all(|t| t.seq == 7));
            let mut more = places.clone();
            more.push((id(77), "a"));
            let back = decode(&text, &more[1..], seal).unwrap();
            assert!(!back.told.contains_key(&id(77)) && back.told.len() + 150 > ids.len());
            assert_eq!(back.left, if count == 50 { vec![ids[0]] } else { vec![] });
        }
    }
}

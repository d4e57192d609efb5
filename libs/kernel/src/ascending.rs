use uuid::Uuid;

use crate::{EntryId, Random, Timestamp};

/// The bits at the end of a time-ordered id that are drawn at random.
const RANDOM: u128 = (1 << 62) - 1;

/// Makes ids of entries (UUIDv7), each above the one before, also within a millisecond and when the clock was set
/// back: then it counts on, as RFC 9562 §6.2 has it (method 2).
#[derive(Debug, Default)]
pub struct Ascending {
    last: Option<EntryId>,
}

impl Ascending {
    /// Goes on behind that id.
    pub const fn after(last: Option<EntryId>) -> Self {
        Self { last }
    }

    /// The next id.
    pub fn next(&mut self, now: Timestamp, random: &dyn Random) -> EntryId {
        let fresh = EntryId::new_v7(now, random);
        let next = match self.last {
            Some(last) if fresh <= last => following(last, random),
            _ => fresh,
        };
        self.last = Some(next);
        next
    }
}

fn following(id: EntryId, random: &dyn Random) -> EntryId {
    let number = id.uuid().as_u128();
    if number & RANDOM < RANDOM {
        return EntryId::from_uuid(Uuid::from_u128(number + 1));
    }
    let millis = i64::try_from(number >> 80).unwrap_or(i64::MAX);
    EntryId::new_v7(Timestamp::from_millis(millis.saturating_add(1)), random)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededRandom;

    #[test]
    fn the_next_id_is_above_the_one_before_however_the_clock_goes() {
        let (mut ids, random) = (Ascending::default(), SeededRandom::new(1));
        let made = [1_000, 1_000, 1_000, 990, 1_001, 5, 2_000]
            .map(|millis| ids.next(Timestamp::from_millis(millis), &random));
        assert!(made.is_sorted_by(|one, next| one < next), "{made:?}");
        assert!(made.iter().all(|id| id.is_v7()), "{made:?}");
        assert_eq!(
            made.map(|id| id.uuid().as_u128() >> 80),
            [1_000, 1_000, 1_000, 1_000, 1_001, 1_001, 2_000]
        );
    }

    #[test]
    fn after_the_last_of_a_millisecond_comes_the_next_millisecond() {
        let random = SeededRandom::new(1);
        let first = EntryId::new_v7(Timestamp::from_millis(1_000), &random);
        let full = EntryId::from_uuid(Uuid::from_u128(first.uuid().as_u128() | RANDOM));
        let next = Ascending::after(Some(full)).next(Timestamp::from_millis(1_000), &random);
        assert!(next.is_v7() && next > full, "{next} after {full}");
    }
}

use crc16::{State, XMODEM};

use crate::Node;

const SLOTS: u16 = 16_384;

/// Slots that lie side by side, and their master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) first: u16,
    pub(crate) last: u16,
    pub(crate) master: Node,
}

/// Which server has which slot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SlotMap {
    /// In the order of their slots.
    ranges: Vec<Range>,
}

impl SlotMap {
    pub(crate) fn new(mut ranges: Vec<Range>) -> Self {
        ranges.sort_by_key(|range| range.first);
        Self { ranges }
    }

    /// One server that has them all.
    pub(crate) fn of_one(node: Node) -> Self {
        Self { ranges: vec![Range { first: 0, last: SLOTS - 1, master: node }] }
    }

    /// The master of a slot, if it has one.
    pub fn owner(&self, slot: u16) -> Option<&Node> {
        let behind = self.ranges.partition_point(|range| range.first <= slot);
        let range = self.ranges.get(behind.checked_sub(1)?)?;
        (slot <= range.last).then_some(&range.master)
    }

    /// Every server that has a slot, once.
    pub fn nodes(&self) -> Vec<Node> {
        let mut nodes: Vec<_> = self.ranges.iter().map(|range| range.master.clone()).collect();
        nodes.sort();
        nodes.dedup();
        nodes
    }
}

/// The slot of a key or a channel, as servers count it.
pub fn slot_of(name: &str) -> u16 {
    State::<XMODEM>::calculate(tag(name).unwrap_or(name).as_bytes()) % SLOTS
}

/// What stands in a name's first braces: of such a name nothing else counts.
fn tag(name: &str) -> Option<&str> {
    let (_, rest) = name.split_once('{')?;
    let (tag, _) = rest.split_once('}')?;
    (!tag.is_empty()).then_some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: u16, last: u16, name: &str) -> Range {
        Range { first, last, master: Node::new(name, 1) }
    }

    #[test]
    fn a_slot_is_with_its_master_or_with_nobody() {
        let map =
            SlotMap::new(vec![range(9_000, 16_000, "b"), range(1, 100, "a"), range(200, 300, "a")]);
        let owner = |slot| map.owner(slot).map(ToString::to_string);
        for slot in [1, 100, 200, 300] {
            assert_eq!(owner(slot).as_deref(), Some("a:1"), "{slot}");
        }
        for slot in [9_000, 16_000] {
            assert_eq!(owner(slot).as_deref(), Some("b:1"), "{slot}");
        }
        for slot in [0, 101, 199, 301, 16_001, SLOTS - 1] {
            assert_eq!(owner(slot), None, "{slot}");
        }
        assert_eq!(map.nodes(), [Node::new("a", 1), Node::new("b", 1)]);
        let one = SlotMap::of_one(Node::new("a", 1));
        assert!((0..SLOTS).all(|slot| one.owner(slot).is_some()));
    }

    #[test]
    fn of_a_name_with_braces_what_is_in_them_counts() {
        assert_eq!(slot_of("123456789"), 0x31c3);
        assert_eq!(slot_of("a{chat:7}:beat{x}"), slot_of("chat:7"));
        for whole in ["{}{chat:7}", "{chat:7", "}chat:7{"] {
            assert_eq!(tag(whole), None, "{whole}");
        }
    }
}

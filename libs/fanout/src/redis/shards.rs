use std::collections::BTreeMap;

use redis_nodes::Node;

use super::channels::{CHANNELS, Channel, Channels, channel_of};
use crate::Subject;

/// Which server each channel is heard from, and what is wanted from each server.
#[derive(Debug)]
pub(super) struct Shards {
    /// By channel.
    owners: Vec<Option<Node>>,
    nodes: BTreeMap<Node, Shard>,
    /// Channels that no server is responsible for.
    homeless: Channels,
}

#[derive(Debug)]
struct Shard {
    channels: Channels,
    beat: Channel,
}

/// What became of the servers when channels moved.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) started: Vec<Node>,
    pub(super) ended: Vec<Node>,
}

impl Shards {
    pub(super) fn new() -> Self {
        Self {
            owners: vec![None; CHANNELS.into()],
            nodes: BTreeMap::new(),
            homeless: Channels::default(),
        }
    }

    pub(super) fn want(&mut self, subject: Subject) {
        let channel = channel_of(subject);
        self.owner_mut(channel).want(channel);
    }

    pub(super) fn forget(&mut self, subject: Subject) {
        let channel = channel_of(subject);
        self.owner_mut(channel).forget(channel);
    }

    /// Whether everything about these subjects is heard from now on, or a gap will be.
    pub(super) fn covers(&self, subjects: &[Subject]) -> bool {
        subjects.iter().map(|subject| channel_of(*subject)).all(|channel| {
            // Without a server there will be a gap once there is one.
            self.owner(channel).is_none_or(|channels| channels.covers(channel))
        })
    }

    /// Whether events are missed at the moment.
    pub(super) fn is_deaf(&self) -> bool {
        self.homeless.is_wanted() || self.up() < self.nodes.len() || self.nodes.is_empty()
    }

    /// How many servers everything wanted is heard from.
    pub(super) fn up(&self) -> usize {
        self.nodes.values().filter(|shard| shard.channels.is_up()).count()
    }

    /// What is wanted from a server; none if it has no channel any more.
    pub(super) fn of(&mut self, node: &Node) -> Option<&mut Channels> {
        self.nodes.get_mut(node).map(|shard| &mut shard.channels)
    }

    /// The channel of the heartbeat through that server, if it would be heard.
    pub(super) fn beat_of(&self, node: &Node) -> Option<Channel> {
        let shard = self.nodes.get(node)?;
        shard.channels.has_confirmed(shard.beat).then_some(shard.beat)
    }

    /// The servers say that this is how it is.
    pub(super) fn assign(&mut self, owners: &[Option<Node>]) -> Change {
        let mut change = Change::default();
        for (channel, owner) in (0..CHANNELS).zip(owners) {
            if self.owners[usize::from(channel)] == *owner {
                continue;
            }
            if let Some(node) = owner.as_ref().filter(|node| !self.nodes.contains_key(*node)) {
                self.nodes.insert(node.clone(), Shard::new(channel));
                change.started.push(node.clone());
            }
            let count = self.owner_mut(channel).give_away(channel);
            self.owners[usize::from(channel)].clone_from(owner);
            self.owner_mut(channel).take_over(channel, count);
        }
        self.place_beats(&mut change);
        change
    }

    /// A server's heartbeat goes through a slot of its own; a server without one is left.
    fn place_beats(&mut self, change: &mut Change) {
        let mut first: BTreeMap<&Node, Channel> = BTreeMap::new();
        for (channel, owner) in (0..CHANNELS).zip(&self.owners) {
            if let Some(node) = owner {
                first.entry(node).or_insert(channel);
            }
        }
        self.nodes.retain(|node, shard| {
            let channel = first.get(node);
            match channel {
                Some(channel) => shard.beat_through(*channel),
                None => change.ended.push(node.clone()),
            }
            channel.is_some()
        });
    }

    fn owner(&self, channel: Channel) -> Option<&Channels> {
        let node = self.owners[usize::from(channel)].as_ref()?;
        self.nodes.get(node).map(|shard| &shard.channels)
    }

    fn owner_mut(&mut self, channel: Channel) -> &mut Channels {
        let node = self.owners[usize::from(channel)].as_ref();
        match node.and_then(|node| self.nodes.get_mut(node)) {
            Some(shard) => &mut shard.channels,
            None => &mut self.homeless,
        }
    }
}

impl Shard {
    fn new(channel: Channel) -> Self {
        let beat = CHANNELS + channel;
        let mut channels = Channels::default();
        channels.want(beat);
        Self { channels, beat }
    }

    fn beat_through(&mut self, channel: Channel) {
        let beat = CHANNELS + channel;
        if self.beat != beat {
            self.channels.forget(self.beat);
            self.channels.want(beat);
            self.beat = beat;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Subject = Subject([1; 16]); // on channel 414
    const TWO: Subject = Subject([2; 16]); // on channel 312

    fn node(name: &str) -> Node {
        Node::new(name, 1)
    }

    /// Channels below the border are a's, the others b's.
    fn owners(border: u16) -> Vec<Option<Node>> {
        (0..CHANNELS).map(|channel| Some(node(if channel < border { "a" } else { "b" }))).collect()
    }

    /// Confirms all that a server is asked for, and gives the last plan.
    fn settle(shards: &mut Shards, name: &str) -> super::super::channels::Plan {
        let channels = shards.of(&node(name)).unwrap();
        let connection = channels.connection();
        channels.hear_beat(connection);
        loop {
            let plan = channels.plan();
            if plan.subscribe.is_empty() {
                return plan;
            }
            plan.subscribe.iter().for_each(|channel| channels.confirm(*channel, connection));
        }
    }

    #[test]
    fn each_server_is_asked_for_its_own_and_one_that_is_down_leaves_the_others_be() {
        let mut shards = Shards::new();
        assert!(shards.is_deaf());
        let change = shards.assign(&owners(400));
        assert_eq!((change.started.len(), change.ended.len()), (2, 0));
        for subject in [ONE, TWO] {
            shards.want(subject);
            assert!(!shards.covers(&[subject]));
        }
        for name in ["a", "b"] {
            let plan = settle(&mut shards, name);
            assert_eq!((plan.came_up, plan.gap), (true, false), "{name}");
        }
        assert!(shards.covers(&[ONE, TWO]) && !shards.is_deaf());
        assert_eq!(shards.beat_of(&node("b")), Some(CHANNELS + 400));

        shards.of(&node("b")).unwrap().go_down();
        assert!(shards.is_deaf() && shards.up() == 1);
        assert_eq!(shards.beat_of(&node("b")), None);
        let other = (3..=255).map(|id| Subject([id; 16])).find(|other| channel_of(*other) < 400);
        let other = other.unwrap();
        shards.want(other);
        assert!(!shards.covers(&[other]), "a works, and must confirm");
        assert!(settle(&mut shards, "b").gap);
    }

    #[test]
    fn channels_that_move_are_asked_for_where_they_are_and_a_gap_covers_the_move() {
        let mut shards = Shards::new();
        shards.assign(&owners(400));
        shards.want(ONE);
        shards.want(TWO);
        for name in ["a", "b"] {
            settle(&mut shards, name);
        }
        assert_eq!(shards.assign(&owners(400)), Change::default());
        assert!(!shards.is_deaf());

        shards.assign(&owners(500));
        assert!(shards.is_deaf() && shards.covers(&[ONE, TWO]));
        assert!(settle(&mut shards, "a").gap);
        let plan = settle(&mut shards, "b");
        assert!(!plan.gap, "it has lost nothing that it still has");
        assert_eq!(shards.beat_of(&node("b")), Some(CHANNELS + 500));
        shards.forget(ONE);
        assert_eq!(shards.of(&node("a")).unwrap().plan().unsubscribe, [414]);
    }

    #[test]
    fn a_server_without_channels_is_left_and_channels_without_a_server_wait_for_one() {
        let mut shards = Shards::new();
        shards.assign(&owners(400));
        shards.want(ONE);
        let only_a = |owner: Option<Node>| owner.filter(|owner| *owner == node("a"));
        let nobody: Vec<_> = owners(400).into_iter().map(only_a).collect();
        assert_eq!(shards.assign(&nobody).ended, [node("b")]);
        settle(&mut shards, "a");
        assert!(shards.is_deaf() && shards.covers(&[ONE]));
        assert_eq!(shards.assign(&owners(400)).started, [node("b")]);
        assert!(settle(&mut shards, "b").gap);
        assert!(!shards.is_deaf());
    }
}

use std::collections::{BTreeSet, HashMap};

use crate::Subject;

/// Subjects are hashed onto this many channels.
pub(super) const CHANNELS: u16 = 1_024;

/// Below [`CHANNELS`] a channel of events; above it a listener's heartbeat, in the slot of the channel that is as far above 0.
pub(super) type Channel = u16;

/// The channel of a subject: the same on every instance and in every version.
pub(super) fn channel_of(subject: Subject) -> Channel {
    // FNV-1a: ids are random in their tail, so that little mixing is needed.
    let hash = subject.0.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Channel::try_from((hash ^ (hash >> 32)) % u64::from(CHANNELS)).unwrap_or(0)
}

/// Which channels are wanted from one server, and which of them it has confirmed.
#[derive(Debug, Default)]
pub(super) struct Channels {
    /// How many want each.
    wanted: HashMap<Channel, usize>,
    confirmed: BTreeSet<Channel>,
    /// A heartbeat came through this connection.
    alive: bool,
    /// Everything wanted was confirmed on this connection, and it is alive.
    up: bool,
    /// Events may have been lost, and a gap will be heard as soon as it is up. Nobody needs to wait for a confirmation
    /// meanwhile.
    owes_gap: bool,
    /// Counts connections: what was said through an earlier one is not believed.
    connection: u64,
}

/// What to do next so that what is confirmed becomes what is wanted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) subscribe: Vec<Channel>,
    pub(super) unsubscribe: Vec<Channel>,
    /// With this plan it is up, and was not before.
    pub(super) came_up: bool,
    /// … and events may have been lost before.
    pub(super) gap: bool,
}

impl Channels {
    pub(super) fn want(&mut self, channel: Channel) {
        *self.wanted.entry(channel).or_default() += 1;
    }

    pub(super) fn forget(&mut self, channel: Channel) {
        if let Some(count) = self.wanted.get_mut(&channel) {
            *count -= 1;
            if *count == 0 {
                self.wanted.remove(&channel);
            }
        }
    }

    /// Somebody else is to hear this channel: says how many want it.
    pub(super) fn give_away(&mut self, channel: Channel) -> usize {
        self.wanted.remove(&channel).unwrap_or(0)
    }

    /// The channel was heard from elsewhere until now. Those who want it are not asked again, so a gap covers the change.
    pub(super) fn take_over(&mut self, channel: Channel, count: usize) {
        if count > 0 {
            *self.wanted.entry(channel).or_default() += count;
            self.confirmed.remove(&channel);
            self.doubt();
        }
    }

    /// Whether everything on this channel is heard from now on, or a gap will be.
    pub(super) fn covers(&self, channel: Channel) -> bool {
        self.owes_gap || self.confirmed.contains(&channel)
    }

    pub(super) fn has_confirmed(&self, channel: Channel) -> bool {
        self.confirmed.contains(&channel)
    }

    pub(super) fn is_up(&self) -> bool {
        self.up
    }

    pub(super) fn is_wanted(&self) -> bool {
        !self.wanted.is_empty()
    }

    pub(super) fn connection(&self) -> u64 {
        self.connection
    }

    /// Channels to be unsubscribed count as unconfirmed at once, so that who wants one again waits for a new confirmation.
    pub(super) fn plan(&mut self) -> Plan {
        let wanted = |channel: &Channel| self.wanted.contains_key(channel);
        let subscribe: Vec<_> = self
            .wanted
            .keys()
            .filter(|channel| !self.confirmed.contains(channel))
            .copied()
            .collect();
        let unsubscribe: Vec<_> =
            self.confirmed.iter().filter(|channel| !wanted(channel)).copied().collect();
        self.confirmed.retain(wanted);
        let came_up = subscribe.is_empty() && self.alive && !self.up;
        self.up |= came_up;
        let gap = came_up && std::mem::take(&mut self.owes_gap);
        Plan { subscribe, unsubscribe, came_up, gap }
    }

    /// The server has said so, on that connection.
    pub(super) fn confirm(&mut self, channel: Channel, connection: u64) {
        if connection == self.connection {
            self.confirmed.insert(channel);
        }
    }

    /// A heartbeat came through that connection. Says whether it was the first.
    pub(super) fn hear_beat(&mut self, connection: u64) -> bool {
        connection == self.connection && !std::mem::replace(&mut self.alive, true)
    }

    /// The server has ended a subscription. Says whether nobody had asked it to: then the channel's slot has moved away.
    pub(super) fn lose(&mut self, channel: Channel, connection: u64) -> bool {
        let lost = connection == self.connection && self.confirmed.remove(&channel);
        if lost {
            self.doubt();
        }
        lost
    }

    /// The connection is lost, and every subscription with it.
    pub(super) fn go_down(&mut self) {
        self.confirmed.clear();
        self.connection += 1;
        self.alive = false;
        self.doubt();
    }

    fn doubt(&mut self) {
        self.up = false;
        self.owes_gap = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Subject = Subject([1; 16]);
    const TWO: Subject = Subject([2; 16]);

    fn alive() -> Channels {
        let mut channels = Channels::default();
        assert!(channels.hear_beat(0));
        channels
    }

    #[test]
    fn subjects_spread_over_all_channels_and_stay_where_they_are() {
        assert_eq!((channel_of(ONE), channel_of(TWO)), (414, 312));
        let mut used = BTreeSet::new();
        for id in 0..20_000_u32 {
            let mut subject = [0; 16];
            subject[12..].copy_from_slice(&id.to_be_bytes());
            used.insert(channel_of(Subject(subject)));
        }
        assert_eq!(used.len(), 1_024);
    }

    #[test]
    fn a_connection_is_up_only_when_all_that_is_wanted_is_confirmed_and_a_heartbeat_was_heard() {
        let mut channels = Channels::default();
        channels.want(1);
        let plan = channels.plan();
        assert_eq!((&plan.subscribe[..], plan.came_up), (&[1][..], false));
        channels.want(2); // comes while the first is being confirmed
        assert!(!channels.covers(2), "nothing was lost yet, so that no gap would cover it");
        channels.confirm(1, 0);
        let plan = channels.plan();
        assert_eq!((&plan.subscribe[..], plan.came_up), (&[2][..], false));
        channels.confirm(2, 0);
        assert_eq!(channels.plan(), Plan::default());
        assert!(channels.hear_beat(0) && !channels.hear_beat(0) && !channels.hear_beat(1));
        assert_eq!(channels.plan(), Plan { came_up: true, ..Plan::default() });
        assert_eq!(channels.plan(), Plan::default());
    }

    #[test]
    fn a_lost_connection_is_a_gap_when_the_next_one_has_everything() {
        let mut channels = alive();
        channels.want(1);
        channels.confirm(1, 0);
        assert!(channels.plan().came_up);
        channels.go_down();
        assert!(!channels.is_up() && channels.covers(1));
        channels.want(2);
        assert!(channels.covers(2), "relies on the gap");
        assert_eq!(channels.plan().subscribe.len(), 2);
        channels.confirm(1, 0); // said through the connection that is gone
        assert_eq!(channels.plan().subscribe.len(), 2);
        channels.confirm(1, 1);
        channels.confirm(2, 1);
        assert_eq!(channels.plan(), Plan::default());
        assert!(channels.hear_beat(1));
        assert_eq!(channels.plan(), Plan { came_up: true, gap: true, ..Plan::default() });
        assert_eq!(channels.plan(), Plan::default());
    }

    #[test]
    fn a_channel_goes_with_its_last_subject_and_must_be_confirmed_again() {
        let mut channels = alive();
        assert!(channels.plan().came_up);
        channels.want(1);
        channels.want(1);
        assert!(!channels.covers(1));
        channels.confirm(1, 0);
        channels.forget(1);
        assert_eq!(channels.plan(), Plan::default());
        assert!(channels.covers(1));
        channels.forget(1);
        assert_eq!(channels.plan().unsubscribe, [1]);
        assert!(!channels.lose(1, 0), "it was we who asked for that");
        channels.want(1);
        assert!(!channels.covers(1));
        assert_eq!(channels.plan().subscribe, [1]);
    }

    #[test]
    fn a_channel_that_the_server_ends_or_another_one_takes_over_is_a_gap() {
        let (mut old, mut new) = (alive(), alive());
        old.want(1);
        old.want(1);
        old.want(2);
        for channel in [1, 2] {
            old.confirm(channel, 0);
        }
        assert!(old.plan().came_up && new.plan().came_up);
        assert!(old.lose(1, 0));
        assert!(!old.is_up() && old.covers(1));
        assert_eq!(old.plan().subscribe, [1]);
        new.take_over(1, old.give_away(1));
        new.take_over(9, old.give_away(9));
        assert_eq!(old.plan(), Plan { came_up: true, gap: true, ..Plan::default() });
        assert_eq!(new.plan().subscribe, [1]);
        new.confirm(1, 0);
        assert_eq!(new.plan(), Plan { came_up: true, gap: true, ..Plan::default() });
        new.forget(1);
        assert_eq!(new.plan(), Plan::default(), "one of two still wants it");
    }
}

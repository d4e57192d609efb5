use std::collections::{BTreeSet, HashMap};

use crate::Subject;

/// Subjects are hashed onto this many channels.
const CHANNELS: u64 = 1_024;

pub(super) type Channel = u16;

/// The channel of a subject: the same on every instance and in every version.
pub(super) fn channel_of(subject: Subject) -> Channel {
    // FNV-1a: ids are random in their tail, so that little mixing is needed.
    let hash = subject.0.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Channel::try_from((hash ^ (hash >> 32)) % CHANNELS).unwrap_or(0)
}

pub(super) fn name(namespace: &str, channel: Channel) -> String {
    format!("{namespace}:{channel}")
}

/// Which channels are wanted, and which of them the server has confirmed.
#[derive(Debug, Default)]
pub(super) struct Channels {
    /// How many watched subjects are on each.
    wanted: HashMap<Channel, usize>,
    confirmed: BTreeSet<Channel>,
    /// Everything wanted was confirmed on this connection. While it is not, a gap will be heard later, so nobody needs to
    /// wait for a confirmation.
    up: bool,
}

/// What to do next so that what is confirmed becomes what is wanted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) subscribe: Vec<Channel>,
    pub(super) unsubscribe: Vec<Channel>,
    /// With this plan the connection is up for the first time.
    pub(super) came_up: bool,
}

impl Channels {
    pub(super) fn want(&mut self, subject: Subject) {
        *self.wanted.entry(channel_of(subject)).or_default() += 1;
    }

    pub(super) fn forget(&mut self, subject: Subject) {
        let channel = channel_of(subject);
        if let Some(count) = self.wanted.get_mut(&channel) {
            *count -= 1;
            if *count == 0 {
                self.wanted.remove(&channel);
            }
        }
    }

    /// Whether everything about these subjects is heard from now on, or a gap will be.
    pub(super) fn covers(&self, subjects: &[Subject]) -> bool {
        !self.up || subjects.iter().all(|subject| self.confirmed.contains(&channel_of(*subject)))
    }

    pub(super) fn is_up(&self) -> bool {
        self.up
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
        let came_up = subscribe.is_empty() && !self.up;
        self.up |= came_up;
        Plan { subscribe, unsubscribe, came_up }
    }

    pub(super) fn confirm(&mut self, channels: &[Channel]) {
        self.confirmed.extend(channels);
    }

    /// The connection is lost, and every subscription with it.
    pub(super) fn go_down(&mut self) {
        self.up = false;
        self.confirmed.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Subject = Subject([1; 16]);
    const TWO: Subject = Subject([2; 16]);

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
    fn a_connection_is_up_only_when_all_that_is_wanted_is_confirmed() {
        let mut channels = Channels::default();
        channels.want(ONE);
        let plan = channels.plan();
        assert_eq!((plan.subscribe.len(), plan.came_up), (1, false));
        channels.want(TWO); // comes while the first is being confirmed; relies on the gap
        assert!(channels.covers(&[TWO]));
        channels.confirm(&plan.subscribe);
        let plan = channels.plan();
        assert_eq!((&plan.subscribe[..], plan.came_up), (&[channel_of(TWO)][..], false));
        channels.confirm(&plan.subscribe);
        assert_eq!(channels.plan(), Plan { came_up: true, ..Plan::default() });
        assert_eq!(channels.plan(), Plan::default());
        channels.go_down();
        assert_eq!(channels.plan().subscribe.len(), 2);
    }

    #[test]
    fn a_channel_goes_with_its_last_subject_and_must_be_confirmed_again() {
        let mut channels = Channels::default();
        assert!(channels.plan().came_up);
        channels.want(ONE);
        channels.want(ONE);
        assert!(!channels.covers(&[ONE]));
        channels.confirm(&[channel_of(ONE)]);
        channels.forget(ONE);
        assert_eq!(channels.plan(), Plan::default());
        assert!(channels.covers(&[ONE]));
        channels.forget(ONE);
        assert_eq!(channels.plan().unsubscribe, [channel_of(ONE)]);
        channels.want(ONE);
        assert!(!channels.covers(&[ONE]));
        assert_eq!(channels.plan().subscribe, [channel_of(ONE)]);
    }
}

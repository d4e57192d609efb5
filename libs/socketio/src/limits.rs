//! How many connections one address, and one owner, may have.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// There are as many connections as may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there are too many connections; close another first")]
pub struct TooMany;

/// Counts what each holder has, and refuses what is over the limit.
#[derive(Debug)]
pub(crate) struct Counts<K> {
    most: usize,
    counts: Mutex<HashMap<K, usize>>,
}

/// One of a holder's places; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place<K: Hash + Eq> {
    counts: Arc<Counts<K>>,
    holder: Option<K>,
}

/// The counts of owners.
pub(crate) type Owners = Counts<Box<str>>;
/// A place among an owner's.
pub(crate) type Claim = Place<Box<str>>;
/// The counts of addresses.
pub(crate) type Addresses = Counts<IpAddr>;

impl<K: Hash + Eq + Clone> Counts<K> {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, counts: Mutex::default() })
    }

    /// Takes one of the holder's places.
    pub(crate) fn take(self: &Arc<Self>, holder: K) -> Result<Place<K>, TooMany> {
        let mut counts = self.lock();
        let count = counts.entry(holder.clone()).or_default();
        if *count >= self.most {
            if *count == 0 {
                counts.remove(&holder);
            }
            return Err(TooMany);
        }
        *count += 1;
        drop(counts);
        Ok(Place { counts: Arc::clone(self), holder: Some(holder) })
    }
}

impl<K: Hash + Eq> Counts<K> {
    fn lock(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Owners {
    pub(crate) fn claim(self: &Arc<Self>, owner: &str) -> Result<Claim, TooMany> {
        self.take(owner.into())
    }
}

impl<K: Hash + Eq> Drop for Place<K> {
    fn drop(&mut self) {
        let Some(holder) = self.holder.take() else { return };
        let mut counts = self.counts.lock();
        if let Some(count) = counts.get_mut(&holder) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&holder);
            }
        }
    }
}

/// What one address is: of IPv6 the network, since a client has all of it.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_limited_and_come_back() {
        let owners = Owners::new(2);
        let first = owners.claim("ann").unwrap();
        let second = owners.claim("ann").unwrap();
        assert_eq!(owners.claim("ann").err(), Some(TooMany));
        let other = owners.claim("bob").unwrap();
        drop(first);
        let third = owners.claim("ann").unwrap();
        drop((second, third, other));
        assert!(owners.lock().is_empty(), "nobody is remembered who has nothing");
        assert_eq!(Owners::new(0).claim("ann").err(), Some(TooMany));
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one() {
        let network_of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network_of("203.0.113.7"), "203.0.113.7");
        assert_eq!(network_of("::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(network_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }
}

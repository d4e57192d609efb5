use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Result, ensure};
use kernel::{Random, SystemRandom};

/// Below the ports that the system hands out to outgoing connections, so that a server which is killed finds its port
/// still free when it starts again.
const FIRST: u16 = 20_000;
const SPAN: u64 = 12_000;

/// `count` different free ports on the loopback address, drawn at random so that two who ask at once rarely meet.
pub(crate) fn free(count: usize) -> Result<Vec<u16>> {
    let mut found = BTreeSet::new();
    for _ in 0..1_000 {
        if found.len() == count {
            break;
        }
        let port = FIRST + u16::try_from(SystemRandom.below(SPAN))?;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            found.insert(port);
        }
    }
    ensure!(found.len() == count, "found no {count} free ports from {FIRST} on");
    Ok(found.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_differ_and_can_be_bound() {
        let ports = free(3).unwrap();
        let held: Vec<_> = ports
            .iter()
            .map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).unwrap())
            .collect();
        assert_eq!(held.len(), 3);
    }
}

use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv6Addr};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use ipnet::IpNet;

use crate::WebError;
use crate::site::site;

/// Where the client is: its IPv4 address or its IPv6 /64, for limits. `X-Forwarded-For` is believed from trusted proxies
/// only, and only as far as they wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientNetwork(pub String);

impl FromRequest for ClientNetwork {
    type Error = WebError;
    type Future = Ready<Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(site(request).map(|site| {
            let peer = request.peer_addr().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |p| p.ip());
            let forwarded: Vec<&str> = request
                .headers()
                .get_all("x-forwarded-for")
                .filter_map(|value| value.to_str().ok())
                .collect();
            Self(network(client_address(peer, &forwarded.join(","), &site.trusted_proxies)))
        }))
    }
}

/// The nearest address, seen from here, that is no trusted proxy.
pub fn client_address(peer: IpAddr, forwarded: &str, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer.to_canonical();
    let mut hops = forwarded.rsplit(',').map(str::trim).filter(|hop| !hop.is_empty());
    while is_trusted(&client) {
        match hops.next().map(str::parse::<IpAddr>) {
            Some(Ok(hop)) => client = hop.to_canonical(),
            // The end, or nonsense that no proxy of ours wrote.
            Some(Err(_)) | None => break,
        }
    }
    client
}

fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let prefix = v6.to_bits() & !u128::from(u64::MAX);
            format!("{}/64", Ipv6Addr::from_bits(prefix))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &str) -> String {
        let trusted: Vec<IpNet> =
            ["127.0.0.0/8", "10.0.0.0/8", "::1/128"].iter().map(|n| n.parse().unwrap()).collect();
        network(client_address(peer.parse().unwrap(), forwarded, &trusted))
    }

    #[test]
    fn a_stranger_is_taken_by_the_address_of_the_connection() {
        assert_eq!(seen("203.0.113.7", ""), "203.0.113.7");
        assert_eq!(seen("203.0.113.7", "198.51.100.1"), "203.0.113.7");
        assert_eq!(seen("::ffff:203.0.113.7", "198.51.100.1"), "203.0.113.7");
    }

    #[test]
    fn a_proxy_tells_who_it_speaks_for_and_no_further() {
        assert_eq!(seen("127.0.0.1", "203.0.113.7"), "203.0.113.7");
        assert_eq!(seen("::1", "6.6.6.6, 203.0.113.7, 10.1.2.3"), "203.0.113.7");
        assert_eq!(seen("::ffff:127.0.0.1", "203.0.113.7"), "203.0.113.7");
        assert_eq!(seen("127.0.0.1", "6.6.6.6, nonsense"), "127.0.0.1");
        assert_eq!(seen("127.0.0.1", "10.0.0.9"), "10.0.0.9");
        assert_eq!(seen("127.0.0.1", ", ,"), "127.0.0.1");
    }

    #[test]
    fn ipv6_counts_by_its_64() {
        assert_eq!(seen("2001:db8:1:2:3:4:5:6", ""), "2001:db8:1:2::/64");
        assert_eq!(seen("2001:db8:1:2::9", ""), "2001:db8:1:2::/64");
    }
}

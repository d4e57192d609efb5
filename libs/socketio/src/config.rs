use std::time::Duration;

/// The limits and intervals of an engine.
#[derive(Debug, Clone)]
pub struct Config {
    /// How long after the last answer the client is pinged.
    pub ping_interval: Duration,
    /// How long the client has to answer a ping.
    pub ping_timeout: Duration,
    /// How long a client has from opening the connection until its CONNECT is answered.
    pub connect_timeout: Duration,
    /// Bytes of one incoming message. A longer one closes the socket before it is read.
    pub max_payload_bytes: usize,
    /// Bytes waiting for one client; more closes it.
    pub queue_bytes: usize,
    /// Packets waiting for one client; more closes it.
    pub queue_packets: usize,
    /// Events of one socket that are handled at the same time; while there are as many, the socket is not read.
    pub max_in_flight: usize,
    /// Which pages may connect.
    pub allowed_origins: OriginPolicy,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(10),
            max_payload_bytes: 64 * 1024,
            queue_bytes: 256 * 1024,
            queue_packets: 4_096,
            max_in_flight: 32,
            allowed_origins: OriginPolicy::SameHost,
        }
    }
}

/// Which pages may connect. A request without an `Origin` header does not come from a page and is let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OriginPolicy {
    /// Every page.
    Any,
    /// Pages from these origins, written as a browser does: `https://chat.example`.
    List(Vec<String>),
    /// Pages from the host (and port) that the request was sent to.
    SameHost,
    /// Pages from that host, and from any port of this machine: for development.
    SameHostOrLoopback,
}

impl OriginPolicy {
    /// Whether a page from `origin` may connect to `host`.
    pub(crate) fn admits(&self, origin: Option<&str>, host: &str) -> bool {
        let Some(origin) = origin else { return true };
        match self {
            Self::Any => true,
            Self::List(list) => list.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin)),
            Self::SameHost => is_host(origin, host),
            Self::SameHostOrLoopback => is_host(origin, host) || is_loopback(origin),
        }
    }
}

fn authority(origin: &str) -> Option<&str> {
    origin.split_once("://").map(|(_, authority)| authority)
}

fn is_host(origin: &str, host: &str) -> bool {
    authority(origin).is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

fn is_loopback(origin: &str) -> bool {
    let Some(authority) = authority(origin) else { return false };
    let name = match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => authority,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_another_host_is_kept_out() {
        let same = OriginPolicy::SameHost;
        assert!(same.admits(None, "chat.example"));
        assert!(same.admits(Some("https://chat.example"), "chat.example"));
        assert!(same.admits(Some("http://127.0.0.1:8080"), "127.0.0.1:8080"));
        assert!(!same.admits(Some("http://127.0.0.1:3000"), "127.0.0.1:8080"));
        assert!(!same.admits(Some("https://chat.example.evil.example"), "chat.example"));
        assert!(!same.admits(Some("null"), "chat.example"));
    }

    #[test]
    fn in_development_every_port_of_this_machine_is_let_in() {
        let development = OriginPolicy::SameHostOrLoopback;
        for origin in
            ["http://localhost:5173", "http://127.0.0.1", "http://[::1]:3000", "http://localhost"]
        {
            assert!(development.admits(Some(origin), "127.0.0.1:8080"), "{origin}");
        }
        for origin in [
            "http://localhost.evil.example",
            "http://evil.example:80",
            "http://127.0.0.1:1.evil.example",
        ] {
            assert!(!development.admits(Some(origin), "127.0.0.1:8080"), "{origin}");
        }
    }

    #[test]
    fn a_list_admits_what_it_names() {
        let list = OriginPolicy::List(vec!["https://chat.example".to_owned()]);
        assert!(list.admits(Some("https://chat.example"), "api.example"));
        assert!(!list.admits(Some("https://api.example"), "api.example"));
        assert!(OriginPolicy::Any.admits(Some("https://api.example"), "x"));
    }
}

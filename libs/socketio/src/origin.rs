//! Which pages may connect.

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

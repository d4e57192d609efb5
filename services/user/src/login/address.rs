use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::pepper::{Pepper, Purpose};

/// What an address may be long at most, and the part before the `@`.
const LONGEST: usize = 254;
const LONGEST_LOCAL: usize = 64;

/// A mail address that is safe in a header, in the one spelling that we keep.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address(String);

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address")
    }
}

impl Address {
    /// Takes what a person typed: spaces around it go, letters become small. `None` if mail cannot go there.
    pub(crate) fn parse(typed: &str) -> Option<Self> {
        let address = typed.trim_matches(' ').to_ascii_lowercase();
        let (local, domain) = address.split_once('@')?;
        let good = address.len() <= LONGEST && is_local(local) && is_domain(domain);
        good.then_some(Self(address))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Names the address in the short-lived store, where it must not be read.
    pub(crate) fn key(&self, pepper: &Pepper) -> String {
        URL_SAFE_NO_PAD.encode(pepper.hash(Purpose::Address, &[self.0.as_bytes()]))
    }
}

fn is_local(local: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    local.len() <= LONGEST_LOCAL
        && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(fits))
}

fn is_domain(domain: &str) -> bool {
    domain.split('.').all(|label| {
        let inside = label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        inside
            && (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_has_one_spelling() {
        let typed = Address::parse("  Ada.King+chat@Example.ORG ").unwrap();
        assert_eq!(typed.as_str(), "ada.king+chat@example.org");
        assert!(Address::parse("root@localhost").is_some());
        assert!(!format!("{typed:?}").contains("ada"));
    }

    #[test]
    fn what_mail_cannot_reach_is_refused() {
        let long = format!("{}@example.org", "a".repeat(65));
        let longer = format!("a@{}", "b.".repeat(130));
        for typed in [
            "",
            "@",
            "ada",
            "ada@",
            "@example.org",
            "a@b@c",
            "a b@example.org",
            "ada@example.org\r\nBcc: eve@example.org",
            "ada\0@example.org",
            "ada@exa\u{6d}\u{301}ple.org",
            "<ada@example.org>",
            "ada@-example.org",
            ".ada@example.org",
            "a..b@example.org",
            "ada@example..org",
            "{\"$ne\":\"\"}",
            &long,
            &longer,
        ] {
            assert!(Address::parse(typed).is_none(), "{typed:?}");
        }
    }
}

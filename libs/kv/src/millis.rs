use std::time::Duration;

use crate::KvError;

/// A hundred years: longer than anything that is called short-lived, and far from where sums overflow.
const LONGEST: u64 = 100 * 366 * 24 * 3_600 * 1_000;

/// A time to live in milliseconds, rounded up, at least one.
pub(crate) fn ttl(duration: Duration) -> u64 {
    let millis = duration.as_nanos().div_ceil(1_000_000);
    u64::try_from(millis).unwrap_or(LONGEST).clamp(1, LONGEST)
}

/// Namespaces are joined with keys, so they must not hold what could make two pairs the same.
pub(crate) fn check_namespace(namespace: &str) -> Result<(), KvError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if namespace.is_empty() || !namespace.chars().all(plain) {
        let message = "the namespace must be of letters, digits, '-', '_' and '.'";
        return Err(KvError(message.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_ttl_is_zero_or_endless() {
        assert_eq!(ttl(Duration::ZERO), 1);
        assert_eq!(ttl(Duration::from_micros(1_001)), 2);
        assert_eq!(ttl(Duration::MAX), LONGEST);
    }

    #[test]
    fn a_namespace_cannot_reach_into_another() {
        assert!(check_namespace("restante-1.test_x").is_ok());
        for odd in ["", "a:b", "a{b}", "a b", "ä"] {
            assert!(check_namespace(odd).is_err(), "{odd}");
        }
    }
}

use kernel::{Random, SystemRandom};

/// Letters and digits that are allowed in names of databases, queues and keys alike.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A short name that nobody else has: `kv` becomes something like `kv_k3vq7mzp2a`. What shares a server is kept apart
/// by such a name: a database, a key namespace, a prefix of queues.
pub fn unique(prefix: &str) -> String {
    let mut bytes = [0_u8; 10];
    SystemRandom.fill(&mut bytes);
    let tail = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
    format!("{prefix}_{}", tail.collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_differ_and_keep_their_prefix() {
        let names: HashSet<_> = (0..1_000).map(|_| unique("kv")).collect();
        assert_eq!(names.len(), 1_000);
        assert!(names.iter().all(|name| name.starts_with("kv_") && name.len() == 13));
    }
}

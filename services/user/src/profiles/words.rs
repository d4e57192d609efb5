/// The most words of a name, or of a query, that count.
const MOST: usize = 8;

/// The words that a profile is found by: those of the name, and the username whole. Lower case, each once.
pub(super) fn of_profile(name: Option<&str>, username: Option<&str>) -> Vec<String> {
    let mut words = name.map(split).unwrap_or_default();
    words.extend(username.map(str::to_owned));
    words.sort_unstable();
    words.dedup();
    words
}

/// The beginnings of words that a query asks for.
pub(super) fn of_query(query: &str) -> Vec<String> {
    split(query)
}

fn split(text: &str) -> Vec<String> {
    let bare = |word: &str| {
        word.trim_matches(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').to_lowercase()
    };
    text.split_whitespace().map(bare).filter(|word| !word.is_empty()).take(MOST).collect()
}

/// The first text that comes after everything beginning with `prefix`.
pub(super) fn end_of(prefix: &str) -> String {
    format!("{prefix}{}", char::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_usernames_become_words() {
        let words = of_profile(Some("  Ada  \"King\" LOVELACE, Ada"), Some("countess.ada_1"));
        assert_eq!(words, ["ada", "countess.ada_1", "king", "lovelace"]);
        assert!(of_profile(None, None).is_empty());
        assert!(of_query(" -- !").is_empty());
    }
}

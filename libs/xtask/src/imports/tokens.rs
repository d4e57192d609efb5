//! Words and signs of Rust source, without comments and texts: as much of the language as the rules need.

/// A word or a sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// A whole identifier or keyword, `::`, or a single sign.
    pub(super) text: String,
    /// The line it stands on, counted from 1.
    pub(super) line: usize,
}

/// Splits a source file.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let mut reader = Reader { rest: source, line: 1 };
    let mut found = Vec::new();
    while let Some(first) = reader.rest.chars().next() {
        let line = reader.line;
        match reader.blank(first) {
            0 => found.push(Token { text: reader.token(first), line }),
            length => {
                reader.skip(length);
            }
        }
    }
    found
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Reader<'a> {
    fn skip(&mut self, length: usize) -> &'a str {
        let (skipped, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.line += skipped.matches('\n').count();
        self.rest = rest;
        skipped
    }

    fn token(&mut self, first: char) -> String {
        let length = if is_word(first) {
            self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len())
        } else if self.rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        self.skip(length).to_owned()
    }

    /// Length of what says nothing here: blanks, comments, texts, characters and lifetimes. 0 if a token follows.
    fn blank(&self, first: char) -> usize {
        let rest = self.rest;
        if first.is_whitespace() {
            first.len_utf8()
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(length) = text(rest) {
            length
        } else if first == '\'' {
            character_or_lifetime(rest)
        } else {
            0
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Block comments nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
        if tail.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if tail.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += tail.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// Length of a string literal, of bytes and raw ones too.
fn text(rest: &str) -> Option<usize> {
    let prefix = ["", "b", "c", "r", "br", "cr"].into_iter().find(|prefix| {
        let tail = rest.strip_prefix(prefix).unwrap_or_default();
        tail.starts_with('"')
            || (prefix.ends_with('r')
                && tail.trim_start_matches('#').starts_with('"')
                && tail.starts_with('#'))
    })?;
    let tail = rest.get(prefix.len()..)?;
    if prefix.ends_with('r') {
        let hashes = tail.len() - tail.trim_start_matches('#').len();
        let end = format!("\"{}", "#".repeat(hashes));
        let inside = tail.get(hashes + 1..)?;
        let length = inside.find(&end).map_or(inside.len(), |at| at + end.len());
        return Some(prefix.len() + hashes + 1 + length);
    }
    Some(prefix.len() + 1 + quoted(tail.get(1..)?, '"'))
}

/// Length up to and with the closing sign, past escaped ones.
fn quoted(inside: &str, close: char) -> usize {
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        if !escaped && c == close {
            return at + c.len_utf8();
        }
        escaped = !escaped && c == '\\';
    }
    inside.len()
}

fn character_or_lifetime(rest: &str) -> usize {
    let inside = rest.get(1..).unwrap_or_default();
    let mut chars = inside.chars();
    let (first, second) = (chars.next(), chars.next());
    if first == Some('\\') || second == Some('\'') {
        return 1 + quoted(inside, '\'');
    }
    1 + inside.find(|c| !is_word(c)).unwrap_or(inside.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<String> {
        tokens(source).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_texts_say_nothing() {
        let source = "use a::b; // use c\n/* use /* d */ e */ let x = \"use \\\" f\"; let y = r#\"g \" h\"#;";
        let expected = ["use", "a", "::", "b", ";", "let", "x", "=", ";", "let", "y", "=", ";"];
        assert_eq!(words(source), expected);
    }

    #[test]
    fn characters_are_told_from_lifetimes() {
        assert_eq!(
            words("'\"' 'a b '\\'' c b'x' &'static str 'é' d"),
            ["b", "c", "b", "&", "str", "d"]
        );
    }

    #[test]
    fn lines_are_counted_through_texts() {
        let found = tokens("a\n\"b\nc\"\n/* d\n */ e");
        assert_eq!(found.last(), Some(&Token { text: "e".to_owned(), line: 5 }));
    }

    #[test]
    fn a_text_without_end_ends_with_the_file() {
        assert_eq!(words("a \"b"), ["a"]);
        assert_eq!(words("a r#\"b"), ["a"]);
        assert_eq!(words("a /* b"), ["a"]);
    }
}

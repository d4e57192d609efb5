//! Short texts that people write.

/// One line of 1 to `most` code points without control characters, spaces around it taken off; `None` if it is not that.
pub(crate) fn line(text: &str, most: usize) -> Option<&str> {
    let text = text.trim();
    let good = (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    good.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_short_and_plain() {
        assert_eq!(line("  Ada 👩‍💻 ", 8), Some("Ada 👩‍💻"));
        assert_eq!(line(&"é".repeat(8), 8).map(str::len), Some(16));
        for text in ["", "   ", "a\0b", "a\nb", "123456789"] {
            assert_eq!(line(text, 8), None, "{text:?}");
        }
    }
}

use actix_web::HttpRequest;
use kernel::WireError;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

/// Names and messages that hold something of the client's are cut here.
const SHOWN_CHARS: usize = 100;

/// Why a JSON body was refused. Says where and what would be right, and never repeats what was sent.
pub(crate) fn json(
    error: &serde_path_to_error::Error<serde_json::Error>,
    body: &[u8],
) -> WireError {
    let inner = error.inner();
    let text = inner.to_string();
    match inner.classify() {
        Category::Data => {}
        // A list where one of several words is wanted counts as a fault of the syntax, too.
        Category::Syntax if serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok() => {
            return WireError::invalid(shown(&dotted(error.path())), "is of the wrong type");
        }
        _ if text.starts_with("recursion limit") => {
            return WireError::invalid("body", "is nested too deeply");
        }
        _ => {
            let place = format!("line {} column {}", inner.line(), inner.column());
            return WireError::invalid("body", format!("is not valid JSON ({place})"));
        }
    }
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    named(&dotted(error.path()), text, "body")
}

/// Why a query string was refused.
pub(crate) fn query<E: std::fmt::Display>(error: &serde_path_to_error::Error<E>) -> WireError {
    named(&dotted(error.path()), &error.inner().to_string(), "query")
}

/// Why a part of the path was refused.
pub(crate) fn path<E: std::fmt::Display>(
    request: &HttpRequest,
    error: &serde_path_to_error::Error<E>,
) -> WireError {
    let index = match error.path().iter().next() {
        Some(Segment::Seq { index }) => *index,
        _ => 0,
    };
    let named_part = request.match_info().iter().nth(index).map(|(name, _)| name.to_owned());
    let field = match error.path().iter().next() {
        Some(Segment::Map { key }) => key.clone(),
        _ => named_part.unwrap_or_else(|| "path".to_owned()),
    };
    named(&field, &error.inner().to_string(), "path")
}

/// Turns serde's sentence into one for the client. serde repeats the value in some of them; only what it expected is kept.
fn named(field: &str, text: &str, whole: &str) -> WireError {
    let at = if field.is_empty() || field == "." { whole } else { field };
    if let Some(missing) = quoted_after(text, "missing field ") {
        return WireError::invalid(below(field, missing), "is required");
    }
    if let Some(unknown) = quoted_after(text, "unknown field ") {
        return WireError::invalid(below_or_same(field, unknown), "is not known here");
    }
    if let Some(twice) = quoted_after(text, "duplicate field ") {
        return WireError::invalid(below_or_same(field, twice), "is given twice");
    }
    let echoes = ["invalid type", "invalid value", "invalid length", "unknown variant"];
    if echoes.iter().any(|start| text.starts_with(start)) {
        let expected = text.rsplit_once(", expected ").map_or("something else", |(_, rest)| rest);
        return WireError::invalid(shown(at), format!("must be {}", shown(expected)));
    }
    WireError::invalid(shown(at), shown(text))
}

fn quoted_after<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(start)?.strip_prefix('`')?;
    Some(rest.split_once('`').map_or(rest, |(name, _)| name))
}

fn below(parent: &str, name: &str) -> String {
    if parent.is_empty() || parent == "." {
        shown(name)
    } else {
        shown(&format!("{parent}.{name}"))
    }
}

/// The path of an unknown field may or may not end in it already, by the kind of container.
fn below_or_same(path: &str, name: &str) -> String {
    let ends_in_it = path == name || path.strip_suffix(name).is_some_and(|p| p.ends_with('.'));
    if ends_in_it { shown(path) } else { below(path, name) }
}

fn dotted(path: &Path) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => text.extend(["[", &index.to_string(), "]"]),
            Segment::Map { key: name } | Segment::Enum { variant: name } => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(name);
            }
            Segment::Unknown => {}
        }
    }
    text
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS).collect()
}

//! What a message may hold.

use kernel::{EntryId, UserId, WireError};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Ranges with a style in one message.
const FORMATS: usize = 200;
/// People mentioned in one message.
const MENTIONS: usize = 50;
/// Unicode code points of a quoted excerpt.
const EXCERPT_CHARS: usize = 300;

/// How a range of the text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// Bold.
    Bold,
    /// Italic.
    Italic,
    /// Struck through.
    Strike,
    /// Code within a line.
    Code,
    /// A block of code.
    Pre,
    /// A link; the text is the address.
    Link,
}

/// A range of the text with a style. Offsets are UTF-16 code units; `end` is not part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Format {
    /// How it looks.
    pub style: Style,
    /// Where it starts.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
}

/// The message that this one answers. The excerpt comes from the client, which has the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReplyTo {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    pub id: EntryId,
    /// Who wrote it.
    #[schema(value_type = String, format = Uuid)]
    pub sender_id: UserId,
    /// The beginning of it, at most 300 characters.
    pub excerpt: String,
}

/// The message that this one passes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ForwardedFrom {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    pub id: EntryId,
    /// Who wrote it.
    #[schema(value_type = String, format = Uuid)]
    pub sender_id: UserId,
}

/// What a person writes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MessageBody {
    /// The words.
    pub text: String,
    /// Styles of ranges.
    pub formatting: Vec<Format>,
    /// The message answered.
    pub reply_to: Option<ReplyTo>,
    /// The message passed on.
    pub forwarded_from: Option<ForwardedFrom>,
    /// Uploaded files; there are none yet.
    pub attachment_ids: Vec<String>,
    /// People mentioned.
    pub mentions: Vec<UserId>,
}

/// A message as the log keeps it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MessageData<'a> {
    kind: &'static str,
    text: &'a str,
    formatting: &'a [Format],
    attachments: [(); 0],
    reply_to: Option<&'a ReplyTo>,
    forwarded_from: Option<&'a ForwardedFrom>,
    mentions: &'a [UserId],
}

impl MessageBody {
    /// Everything that is wrong with it, told at once.
    pub fn check(&self, max_chars: usize) -> Result<(), WireError> {
        let mut faults: Vec<(&str, String)> = Vec::new();
        let mut fault = |field, message: String| faults.push((field, message));
        let chars = self.text.chars().count();
        if self.text.trim().is_empty() {
            fault("text", "must not be empty".to_owned());
        }
        if chars > max_chars {
            fault("text", format!("must have at most {max_chars} characters, has {chars}"));
        }
        if self.text.contains('\0') {
            fault("text", "must not hold the character U+0000".to_owned());
        }
        if self.formatting.len() > FORMATS {
            fault("formatting", format!("must have at most {FORMATS} ranges"));
        }
        let units = self.text.encode_utf16().count();
        if self
            .formatting
            .iter()
            .any(|range| range.start >= range.end || range.end as usize > units)
        {
            fault("formatting", format!("ranges must lie within the text's {units} UTF-16 units"));
        }
        if self.mentions.len() > MENTIONS {
            fault("mentions", format!("must have at most {MENTIONS} people"));
        }
        if !self.attachment_ids.is_empty() {
            fault("attachmentIds", "no such attachment; files cannot be uploaded yet".to_owned());
        }
        let excerpt = self.reply_to.as_ref().map_or("", |reply| reply.excerpt.as_str());
        if excerpt.chars().count() > EXCERPT_CHARS || excerpt.contains('\0') {
            fault(
                "replyTo.excerpt",
                format!("must have at most {EXCERPT_CHARS} characters, none U+0000"),
            );
        }
        let mut faults = faults.into_iter();
        let Some((field, message)) = faults.next() else { return Ok(()) };
        let first = WireError::invalid(field, message);
        Err(faults.fold(first, |error, (field, message)| error.at(field, message)))
    }

    /// As the log keeps it and recipients get it.
    pub(super) fn as_data(&self) -> MessageData<'_> {
        MessageData {
            kind: "text",
            text: &self.text,
            formatting: &self.formatting,
            attachments: [],
            reply_to: self.reply_to.as_ref(),
            forwarded_from: self.forwarded_from.as_ref(),
            mentions: &self.mentions,
        }
    }
}

/// A message's content without what it quotes of `quoted`; `None` if it quotes nothing of it.
pub fn without_excerpt(data: &RawValue, quoted: EntryId) -> Option<Box<RawValue>> {
    let mut data: Map<String, Value> = serde_json::from_str(data.get()).ok()?;
    let reply = data.get_mut("replyTo")?.as_object_mut()?;
    let id = reply.get("id")?.as_str()?.parse::<EntryId>().ok()?;
    let excerpt = reply.get_mut("excerpt")?;
    if id != quoted || excerpt.as_str() == Some("") {
        return None;
    }
    *excerpt = Value::from("");
    serde_json::value::to_raw_value(&data).ok()
}

/// A message's content with the words of an edit instead of its own.
pub fn with_edit(data: &RawValue, edit: &RawValue) -> Option<Box<RawValue>> {
    let mut data: Map<String, Value> = serde_json::from_str(data.get()).ok()?;
    let mut edit: Map<String, Value> = serde_json::from_str(edit.get()).ok()?;
    for field in ["text", "formatting"] {
        data.insert(field.to_owned(), edit.remove(field)?);
    }
    serde_json::value::to_raw_value(&data).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: impl Into<String>) -> MessageBody {
        MessageBody { text: text.into(), ..MessageBody::default() }
    }

    fn fields(body: &MessageBody) -> Vec<String> {
        let error = body.check(10_000).unwrap_err();
        error.details.into_iter().map(|detail| detail.field).collect()
    }

    #[test]
    fn ten_thousand_code_points_are_enough() {
        assert_eq!(text("👩‍👩‍👧‍👦".repeat(1_428)).check(10_000), Ok(()));
        assert_eq!(text("é".repeat(10_000)).check(10_000), Ok(()));
        assert_eq!(fields(&text("é".repeat(10_001))), ["text"]);
    }

    #[test]
    fn nothing_and_nul_are_refused() {
        assert_eq!(fields(&text(" \n\t")), ["text"]);
        assert_eq!(fields(&text("a\0b")), ["text"]);
    }

    #[test]
    fn formatting_counts_utf16_units_and_stays_within_the_text() {
        let range = |start, end| MessageBody {
            formatting: vec![Format { style: Style::Bold, start, end }],
            ..text("a👍b")
        };
        assert_eq!(range(1, 3).check(10_000), Ok(()));
        assert_eq!(range(0, 4).check(10_000), Ok(()));
        for (start, end) in [(0, 5), (2, 2), (3, 1)] {
            assert_eq!(fields(&range(start, end)), ["formatting"]);
        }
    }

    #[test]
    fn every_fault_is_told() {
        let body = MessageBody { attachment_ids: vec!["x".to_owned()], ..text("") };
        assert_eq!(fields(&body), ["text", "attachmentIds"]);
    }
}

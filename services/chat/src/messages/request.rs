//! A message as clients send it, over HTTP and over a socket.

use kernel::{ConversationId, EntryId, UserId, WireError};
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{Format, ForwardedFrom, MessageBody, ReplyTo};
use super::send::Send;

/// A message to be sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendRequest {
    /// A UUID of version 7 made by the client; the same again is the same message.
    #[schema(value_type = String, format = Uuid)]
    pub id: EntryId,
    /// Where to: wanted over a socket; over HTTP it is in the path.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Uuid)]
    pub conversation_id: Option<ConversationId>,
    /// 1 to 10 000 characters.
    pub text: String,
    /// Styles of ranges.
    #[serde(default)]
    pub formatting: Vec<Format>,
    /// The message answered.
    #[serde(default)]
    pub reply_to: Option<ReplyTo>,
    /// The message passed on.
    #[serde(default)]
    pub forwarded_from: Option<ForwardedFrom>,
    /// Uploaded files; there are none yet.
    #[serde(default)]
    pub attachment_ids: Vec<String>,
    /// People mentioned.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub mentions: Vec<UserId>,
}

impl SendRequest {
    /// What the use case takes. `path` is the conversation that the path names, if there is a path.
    pub fn to(self, path: Option<ConversationId>) -> Result<Send, WireError> {
        let conversation = match (path, self.conversation_id) {
            (Some(path), Some(body)) if path != body => {
                return Err(WireError::invalid("conversationId", "is not the one in the path"));
            }
            (Some(id), _) | (None, Some(id)) => id,
            (None, None) => return Err(WireError::invalid("conversationId", "is missing")),
        };
        let body = MessageBody {
            text: self.text,
            formatting: self.formatting,
            reply_to: self.reply_to,
            forwarded_from: self.forwarded_from,
            attachment_ids: self.attachment_ids,
            mentions: self.mentions,
        };
        Ok(Send { id: self.id, conversation, body })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HERE: &str = "0192d3c4-0000-7000-8000-000000000001";
    const THERE: &str = "0192d3c4-0000-7000-8000-000000000002";

    fn request(conversation: Option<&str>) -> SendRequest {
        serde_json::from_value(json!({ "id": HERE, "text": "a", "conversationId": conversation }))
            .unwrap()
    }

    #[test]
    fn the_conversation_is_in_the_path_or_in_the_body() {
        let here: ConversationId = HERE.parse().unwrap();
        assert_eq!(request(None).to(Some(here)).unwrap().conversation, here);
        assert_eq!(request(Some(HERE)).to(None).unwrap().conversation, here);
        assert_eq!(request(Some(HERE)).to(Some(here)).unwrap().conversation, here);
        assert!(request(Some(THERE)).to(Some(here)).is_err());
        assert!(request(None).to(None).is_err());
    }

    #[test]
    fn an_operator_is_not_a_text() {
        for bad in [
            json!({ "id": HERE, "text": { "$ne": "" } }),
            json!({ "id": HERE, "text": "a", "$where": "1" }),
        ] {
            assert!(serde_json::from_value::<SendRequest>(bad).is_err());
        }
    }
}

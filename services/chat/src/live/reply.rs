//! Acknowledgements: `{ok: true, …}` or `{ok: false, error}`.

use kernel::{Timestamp, WireError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// What an event is answered with, or why not.
pub type Outcome = Result<Box<RawValue>, WireError>;

#[derive(Serialize)]
struct Ok<'a, T> {
    ok: bool,
    #[serde(flatten)]
    rest: &'a T,
}

/// `{ok: true}`.
pub fn ok() -> Outcome {
    all(&Map::new())
}

/// `{ok: true}` with every field of `rest`.
pub fn all(rest: &impl Serialize) -> Outcome {
    to_raw_value(&Ok { ok: true, rest }).map_err(|error| {
        tracing::error!(%error, "an answer could not be written");
        WireError::internal()
    })
}

/// `{ok: true}` with one field.
pub fn with(field: &'static str, value: &impl Serialize) -> Outcome {
    // A map would need the value as a tree first.
    let value = to_raw_value(value).map_err(|_| WireError::internal())?;
    let text = format!("{{\"ok\":true,\"{field}\":{}}}", value.get());
    RawValue::from_string(text).map_err(|_| WireError::internal())
}

/// `{ok: false, error}` with the envelope's fields.
pub fn failed(error: &WireError, request: Uuid, now: Timestamp) -> Option<Box<RawValue>> {
    let mut body = json!({
        "code": error.code,
        "message": error.message,
        "details": error.details,
        "requestId": request,
        "timestamp": now,
    });
    if let (Some(seconds), Some(fields)) = (error.retry_after, body.as_object_mut()) {
        fields.insert("retryAfter".to_owned(), Value::from(seconds));
    }
    to_raw_value(&json!({ "ok": false, "error": body })).ok()
}

/// Reads an event's payload. Unknown fields are refused; what was sent is never repeated in the error.
pub fn parse<T: DeserializeOwned>(payload: &RawValue) -> Result<T, WireError> {
    web::parse_json(payload.get().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_ok_beside_its_fields() {
        assert_eq!(ok().unwrap().get(), r#"{"ok":true}"#);
        assert_eq!(with("entry", &7).unwrap().get(), r#"{"ok":true,"entry":7}"#);
        assert_eq!(all(&json!({ "more": false })).unwrap().get(), r#"{"ok":true,"more":false}"#);
    }

    #[test]
    fn a_failure_carries_the_envelope() {
        let error = WireError::unavailable();
        let text = failed(&error, Uuid::nil(), Timestamp::from_millis(0)).unwrap();
        let value: Value = serde_json::from_str(text.get()).unwrap();
        assert_eq!(value["ok"], false);
        assert_eq!(value["error"]["code"], "SERVICE_UNAVAILABLE");
        assert_eq!(value["error"]["retryAfter"], 1);
        assert!(value["error"]["requestId"].is_string() && value["error"]["timestamp"].is_string());
    }
}

//! Socket door for messages: `message:send`.

use auth::Identity;
use kernel::WireError;
use serde_json::value::RawValue;

use super::request::SendRequest;
use super::send::{self, Pending};
use crate::chat::Chat;
use crate::live::reply::{self, Outcome};

/// Takes the message; when this returns, later ones come after it.
pub async fn take(
    chat: &Chat,
    caller: &Identity,
    payload: &RawValue,
) -> Result<Pending, WireError> {
    let request: SendRequest = reply::parse(payload)?;
    Ok(send::take(chat, caller, request.to(None)?).await?)
}

/// Waits for what became of it: `{ok, entry}`.
pub async fn sent(pending: Pending) -> Outcome {
    let sent = pending.sent().await?;
    reply::with("entry", &sent.entry)
}

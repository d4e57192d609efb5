//! The few calls over HTTP that a device makes before it can connect.

use kernel::{ConversationId, DeviceId, EntryId, UserId};
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::protocol::Refusal;

/// Why a call was not answered as hoped.
#[derive(Debug, thiserror::Error)]
pub enum RestError {
    /// No answer, or not one of this product.
    #[error("no usable answer: {0}")]
    Http(#[from] reqwest::Error),
    /// The server said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Somebody logged in on a device.
#[derive(Debug, Clone)]
pub struct Session {
    /// Who.
    pub user: UserId,
    /// On which device.
    pub device: DeviceId,
    /// For the socket and for calls, about 15 minutes long.
    pub token: String,
    /// For the next [`Rest::refresh`].
    pub refresh_token: String,
}

/// The server's HTTP interface.
#[derive(Debug, Clone)]
pub struct Rest {
    base: String,
    http: reqwest::Client,
}

#[derive(Deserialize)]
struct Envelope {
    error: Refusal,
}

#[derive(Deserialize)]
struct Named<K> {
    id: K,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verified {
    access_token: String,
    refresh_token: String,
    user: Named<UserId>,
    device: Named<DeviceId>,
}

impl Rest {
    /// The server at that address, such as `http://127.0.0.1:8080`.
    pub fn new(base: impl Into<String>) -> Self {
        Self { base: base.into(), http: reqwest::Client::new() }
    }

    /// Has a code mailed; answers with the challenge that it belongs to.
    pub async fn login(&self, email: &str) -> Result<String, RestError> {
        #[derive(Deserialize)]
        struct Begun {
            challenge: String,
        }
        let begun: Begun = self.post("/auth/login", None, &json!({ "email": email })).await?;
        Ok(begun.challenge)
    }

    /// Logs in with the mailed code, on a new device of that name.
    pub async fn verify(
        &self,
        challenge: &str,
        code: &str,
        device: &str,
    ) -> Result<Session, RestError> {
        let device = json!({ "name": device, "platform": "rust" });
        let body = json!({ "challenge": challenge, "otp": code, "device": device });
        let Verified { access_token: token, refresh_token, user, device } =
            self.post("/auth/verify", None, &body).await?;
        Ok(Session { user: user.id, device: device.id, token, refresh_token })
    }

    /// Takes new tokens for old.
    pub async fn refresh(&self, session: &mut Session) -> Result<(), RestError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Tokens {
            access_token: String,
            refresh_token: String,
        }
        let body = json!({ "refreshToken": session.refresh_token });
        let tokens: Tokens = self.post("/auth/refresh", None, &body).await?;
        (session.token, session.refresh_token) = (tokens.access_token, tokens.refresh_token);
        Ok(())
    }

    /// The conversation of the two, made if there is none.
    pub async fn talk_to(
        &self,
        session: &Session,
        other: UserId,
    ) -> Result<ConversationId, RestError> {
        #[derive(Deserialize)]
        struct Opened {
            conversation: Named<ConversationId>,
        }
        let body = json!({ "kind": "direct", "userId": other });
        let opened: Opened = self.post("/conversations", Some(&session.token), &body).await?;
        Ok(opened.conversation.id)
    }

    /// A new group of the person and these others, under an id of the caller's.
    pub async fn gather(
        &self,
        session: &Session,
        id: ConversationId,
        others: &[UserId],
    ) -> Result<(), RestError> {
        #[derive(Deserialize)]
        struct Made {}
        let body = json!({ "id": id, "kind": "group", "title": "group", "memberIds": others });
        let Made {} = self.post("/conversations", Some(&session.token), &body).await?;
        Ok(())
    }

    /// Puts somebody out of a group. `key` is the same when this is tried again.
    pub async fn put_out(
        &self,
        session: &Session,
        id: ConversationId,
        who: UserId,
        key: EntryId,
    ) -> Result<(), RestError> {
        let path = format!("/conversations/{id}/members/{who}");
        let request = self.request(Method::DELETE, &path, Some(&session.token));
        good(request.header("Idempotency-Key", key.to_string())).await?;
        Ok(())
    }

    /// Ends the log-in.
    pub async fn logout(&self, session: &Session) -> Result<(), RestError> {
        good(self.request(Method::POST, "/auth/logout", Some(&session.token))).await?;
        Ok(())
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        token: Option<&str>,
        body: &Value,
    ) -> Result<T, RestError> {
        Ok(good(self.request(Method::POST, path, token).json(body)).await?.json().await?)
    }

    fn request(&self, method: Method, path: &str, token: Option<&str>) -> RequestBuilder {
        let request = self.http.request(method, format!("{}/api/v1{path}", self.base));
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

/// The answer, if it is not an error.
async fn good(request: RequestBuilder) -> Result<reqwest::Response, RestError> {
    let response = request.send().await?;
    if response.status().is_success() {
        return Ok(response);
    }
    let Envelope { error } = response.json().await?;
    Err(error.into())
}

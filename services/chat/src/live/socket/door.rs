//! The socket door: lets people in.

use std::sync::Arc;

use async_trait::async_trait;
use auth::Gate;
use kernel::{ErrorCode, WireError};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use socketio::{Handler, Handshake, Packet, Refusal, Session, Socket};
use tracing::Instrument;

use super::hub::JoinError;
use super::listen::Live;
use super::seat::Seat;
use super::visit::Visit;
use crate::delivery::devices;

/// The version of the wire that this server speaks.
const WIRE_VERSION: u32 = 1;

/// Lets people in.
#[derive(Debug)]
pub struct Door {
    /// The live side of this instance.
    pub live: Arc<Live>,
    /// Who may come in.
    pub gate: Arc<Gate>,
}

#[derive(Debug, Deserialize)]
struct Auth {
    token: String,
    v: u32,
}

#[async_trait]
impl Handler for Door {
    async fn connect(
        &self,
        socket: Socket,
        auth: Option<Box<RawValue>>,
        handshake: Handshake,
    ) -> Result<Box<dyn Session>, Refusal> {
        let span = tracing::info_span!(
            "connect",
            socket_id = %socket.id(),
            user_id = tracing::field::Empty,
            trace_id = tracing::field::Empty
        );
        let trace = handshake.traceparent.as_deref().unwrap_or_default();
        runtime::continue_trace(&span, trace);
        let seated = self.seat(socket, auth.as_deref()).instrument(span).await;
        seated.map_err(|error| refusal(&error))
    }
}

impl Door {
    async fn seat(
        &self,
        socket: Socket,
        auth: Option<&RawValue>,
    ) -> Result<Box<dyn Session>, WireError> {
        let auth: Auth =
            auth.and_then(|auth| web::parse_json(auth.get().as_bytes()).ok()).ok_or_else(|| {
                WireError::new(ErrorCode::Unauthorized, "connect with auth: { token, v: 1 }")
            })?;
        if auth.v != WIRE_VERSION {
            return Err(WireError::invalid("v", "this server speaks version 1 of the wire"));
        }
        let identity = self.gate.admit(&auth.token).await?;
        let user = identity.user;
        tracing::Span::current().record("user_id", tracing::field::display(user));
        let chat = &self.live.chat;
        let limits = &chat.settings.limits;
        let seat = Arc::new(Seat::new(identity, socket, limits.socket_queue_bytes));
        if let Err(error) = self.enter(&seat, &auth.token).await {
            self.live.hub.leave(&seat).await;
            return Err(error);
        }
        tracing::info!("connected");
        self.live.presence.arrived(user);
        let (live, gate) = (Arc::clone(&self.live), Arc::clone(&self.gate));
        Ok(Box::new(Visit::new(live, gate, seat)))
    }

    async fn enter(&self, seat: &Arc<Seat>, token: &str) -> Result<(), WireError> {
        let chat = &self.live.chat;
        let identity = &seat.identity;
        let _turn = self.live.turns.take(&*chat.random).await?;
        if seat.is_closed() {
            return Err(WireError::unavailable()); // nobody hears it
        }
        devices::ensure_registered(chat, identity).await?;
        let most = chat.most_conversations();
        let ids = chat.conversations.conversations_of(identity.user, most).await?;
        // Nothing is heard before `ready`.
        seat.answering();
        self.live.hub.enter(seat, &ids, chat.settings.limits.sockets_per_person).await?;
        // Opened between the first look and the subscription, a conversation would have passed unheard.
        let now = chat.conversations.conversations_of(identity.user, most).await?;
        let new: Vec<_> = now.iter().copied().filter(|id| !ids.contains(id)).collect();
        self.live.hub.join(&[Arc::clone(seat)], &new, None).await?;
        for id in ids.iter().filter(|id| !now.contains(id)) {
            self.live.hub.expel(identity.user, *id);
        }
        // Revoked between the first look and the subscription, the news of it would have passed unheard.
        self.gate.admit(token).await?;
        let ready = json!({
            "v": WIRE_VERSION,
            "userId": identity.user,
            "deviceId": identity.device,
            "serverTime": chat.clock.now(),
        });
        seat.send(&Packet::event("ready", &ready).map_err(|_| WireError::internal())?);
        seat.answered();
        Ok(())
    }
}

impl From<JoinError> for WireError {
    fn from(error: JoinError) -> Self {
        if matches!(error, JoinError::TooMany) {
            let message = "too many open connections; close another first";
            return Self::new(ErrorCode::RateLimitExceeded, message).retry_after(10);
        }
        tracing::warn!(%error, "a socket could not be let in");
        Self::unavailable()
    }
}

fn refusal(error: &WireError) -> Refusal {
    let data = json!({
        "code": error.code,
        "message": error.message,
        "details": error.details,
        "retryAfter": error.retry_after,
    });
    Refusal { message: error.message.clone(), data }
}

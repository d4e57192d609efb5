//! The socket door: lets people in, and takes each event to its use case.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use auth::Gate;
use futures::future::BoxFuture;
use kernel::{EntryId, ErrorCode, WireError};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use socketio::{Answer, CloseReason, Handler, Handshake, Packet, Refusal, Session, Socket};
use tokio::sync::oneshot;
use tracing::Instrument;
use uuid::Uuid;

use super::hub::JoinError;
use super::listen::Live;
use super::seat::Seat;
use crate::delivery::devices;
use crate::live::reply::{self, Outcome};
use crate::{delivery, messages, reading, sync};

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
        let (live, gate) = (Arc::clone(&self.live), Arc::clone(&self.gate));
        Ok(Box::new(Visit { live, gate, seat, turn: Mutex::default() }))
    }

    async fn enter(&self, seat: &Arc<Seat>, token: &str) -> Result<(), WireError> {
        let chat = &self.live.chat;
        let identity = &seat.identity;
        devices::ensure_registered(chat, identity).await?;
        let most = chat.settings.limits.conversations_per_person;
        let rows = chat.conversations.memberships(identity.user, most).await?;
        let ids: Vec<_> = rows.iter().map(|row| row.conversation).collect();
        // Nothing is heard before `ready`.
        seat.hold();
        self.live.hub.enter(seat, &ids, chat.settings.limits.sockets_per_person).await?;
        // Opened between the first look and the subscription, a conversation would have passed unheard.
        let rows = chat.conversations.memberships(identity.user, most).await?;
        let new: Vec<_> =
            rows.iter().map(|row| row.conversation).filter(|id| !ids.contains(id)).collect();
        self.live.hub.join(&[Arc::clone(seat)], &new, None).await?;
        // Revoked between the first look and the subscription, the news of it would have passed unheard.
        self.gate.admit(token).await?;
        let ready = json!({
            "v": WIRE_VERSION,
            "userId": identity.user,
            "deviceId": identity.device,
            "serverTime": chat.clock.now(),
        });
        seat.send(&Packet::event("ready", &ready).map_err(|_| WireError::internal())?);
        seat.release();
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

/// One connected socket and what it asks.
#[derive(Debug)]
struct Visit {
    live: Arc<Live>,
    gate: Arc<Gate>,
    seat: Arc<Seat>,
    /// Resolves when the message before has its place: messages of one socket keep their order.
    turn: Mutex<Option<oneshot::Receiver<()>>>,
}

impl Session for Visit {
    fn event(&self, name: String, args: Vec<Box<RawValue>>) -> BoxFuture<'static, Answer> {
        let request = EntryId::new_v7(self.live.chat.clock.now(), &*self.live.chat.random).uuid();
        let span = tracing::info_span!(
            "socket",
            event = %name,
            request_id = %request,
            user_id = %self.seat.identity.user,
            device_id = %self.seat.identity.device,
            trace_id = tracing::field::Empty
        );
        runtime::continue_trace(&span, "");
        let asked = Asked {
            live: Arc::clone(&self.live),
            gate: Arc::clone(&self.gate),
            seat: Arc::clone(&self.seat),
            request,
        };
        let Some(payload) = only(args) else {
            return Box::pin(async move { asked.reply(Err(one_argument())) });
        };
        match name.as_str() {
            "message:send" => {
                let (place, next) = oneshot::channel();
                let before = self.turn().replace(next);
                Box::pin(async move { asked.send(&payload, before, place).await }.instrument(span))
            }
            "sync" => Box::pin(async move { asked.sync(&payload).await }.instrument(span)),
            _ => Box::pin(async move { asked.other(&name, &payload).await }.instrument(span)),
        }
    }

    fn disconnected(&self, reason: &CloseReason) {
        tracing::info!(user_id = %self.seat.identity.user, %reason, "disconnected");
        let (live, seat) = (Arc::clone(&self.live), Arc::clone(&self.seat));
        self.live.hub.spawn(async move { live.hub.leave(&seat).await });
    }
}

impl Visit {
    fn turn(&self) -> std::sync::MutexGuard<'_, Option<oneshot::Receiver<()>>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One event on its way.
struct Asked {
    live: Arc<Live>,
    gate: Arc<Gate>,
    seat: Arc<Seat>,
    request: Uuid,
}

impl Asked {
    async fn send(
        self,
        payload: &RawValue,
        before: Option<oneshot::Receiver<()>>,
        place: oneshot::Sender<()>,
    ) -> Answer {
        if let Some(before) = before {
            // An error says that the one before was given up, which is as good.
            let _ = before.await;
        }
        let taken = messages::socket::take(&self.live.chat, &self.seat.identity, payload).await;
        let _ = place.send(());
        match taken {
            Ok(pending) => self.reply(messages::socket::sent(pending).await),
            Err(error) => self.reply(Err(error)),
        }
    }

    /// Live events wait until the answer is on its way.
    async fn sync(self, payload: &RawValue) -> Answer {
        let held = Held::new(&self.seat);
        let answer = sync::socket::sync(&self.live.chat, &self.seat.identity, payload).await;
        self.reply(answer).then(move || drop(held))
    }

    async fn other(self, name: &str, payload: &RawValue) -> Answer {
        let (chat, caller) = (&self.live.chat, &self.seat.identity);
        let answer = match name {
            "message:delivered" => delivery::socket::delivered(chat, caller, payload).await,
            "message:read" => reading::socket::read(chat, caller, payload).await,
            "range" => sync::socket::range(chat, caller, payload).await,
            "auth:refresh" => self.refresh(payload).await,
            _ => Err(WireError::invalid("event", "there is no such event")),
        };
        self.reply(answer)
    }

    async fn refresh(&self, payload: &RawValue) -> Outcome {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Refresh {
            token: String,
        }
        let Refresh { token } = reply::parse(payload)?;
        let identity = self.gate.admit(&token).await?;
        let own = &self.seat.identity;
        if (identity.user, identity.session, identity.device) != (own.user, own.session, own.device)
        {
            let message = "the token is of another session; open a new connection with it";
            return Err(WireError::new(ErrorCode::Forbidden, message));
        }
        self.seat.renew(identity.expires_at);
        reply::ok()
    }

    fn reply(&self, outcome: Outcome) -> Answer {
        match outcome {
            Ok(value) => Answer::value(value),
            Err(error) => {
                tracing::debug!(%error, "refused");
                metrics::counter!("socket_errors_total", "code" => error.code.as_str())
                    .increment(1);
                reply::failed(&error, self.request, self.live.chat.clock.now()).into()
            }
        }
    }
}

/// Holds live events back for as long as it lives.
struct Held(Arc<Seat>);

impl Held {
    fn new(seat: &Arc<Seat>) -> Self {
        seat.hold();
        Self(Arc::clone(seat))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.release();
    }
}

fn only(args: Vec<Box<RawValue>>) -> Option<Box<RawValue>> {
    let mut args = args.into_iter();
    let first = args.next()?;
    args.next().is_none().then_some(first)
}

fn one_argument() -> WireError {
    WireError::new(ErrorCode::ValidationError, "an event takes one object as its argument")
}

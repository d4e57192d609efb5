//! One connected socket: takes each event to its use case.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use auth::Gate;
use futures::future::BoxFuture;
use kernel::{EntryId, ErrorCode, WireError};
use serde::Deserialize;
use serde_json::value::RawValue;
use socketio::{Answer, CloseReason, Event as Said, Session};
use tokio::sync::{RwLock, oneshot};
use tracing::Instrument;
use uuid::Uuid;

use super::listen::Live;
use super::seat::Seat;
use crate::live::reply::{self, Outcome};
use crate::messages::socket::Event;
use crate::messages::write::Arrived;
use crate::{delivery, messages, presence, reading, sync, typing};

/// What clients may ask.
const EVENTS: [&str; 16] = [
    "message:send",
    "message:edit",
    "message:delete",
    "message:delivered",
    "message:read",
    "reaction:add",
    "reaction:remove",
    "typing:start",
    "typing:stop",
    "presence:update",
    "presence:watch",
    "conversation:open",
    "conversation:close",
    "sync",
    "range",
    "auth:refresh",
];

/// One connected socket and what it asks.
#[derive(Debug)]
pub struct Visit {
    live: Arc<Live>,
    gate: Arc<Gate>,
    seat: Arc<Seat>,
    /// Resolves when the write before has its place: writes of one socket keep their order.
    turn: Mutex<Option<oneshot::Receiver<()>>>,
    /// Held by every write until it is answered, and alone by one that is about a message until it has its place: the
    /// message may be among the writes before it.
    under_way: Arc<RwLock<()>>,
}

impl Visit {
    /// The visit of that socket.
    pub fn new(live: Arc<Live>, gate: Arc<Gate>, seat: Arc<Seat>) -> Self {
        Self { live, gate, seat, turn: Mutex::default(), under_way: Arc::default() }
    }
}

impl Session for Visit {
    fn event(&self, event: Said) -> BoxFuture<'static, Answer> {
        let Said { name, args, .. } = event;
        let request = EntryId::new_v7(self.live.chat.clock.now(), &*self.live.chat.random).uuid();
        let span = tracing::info_span!(
            "socket",
            event = known(&name),
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
        if let Some(event) = Event::from_name(&name) {
            let (place, next) = oneshot::channel();
            let turn = Turn { before: self.turn().replace(next), place };
            let under_way = Arc::clone(&self.under_way);
            let arrived = Arrived::now(&self.live.chat);
            let writing =
                async move { asked.write(arrived, event, &payload, turn, under_way).await };
            return Box::pin(writing.instrument(span));
        }
        match name.as_str() {
            "sync" => Box::pin(async move { asked.sync(&payload).await }.instrument(span)),
            "presence:watch" => {
                Box::pin(async move { asked.watch(&payload).await }.instrument(span))
            }
            _ => Box::pin(async move { asked.other(&name, &payload).await }.instrument(span)),
        }
    }

    fn disconnected(&self, reason: &CloseReason) {
        tracing::info!(user_id = %self.seat.identity.user, %reason, "disconnected");
        let (live, seat) = (Arc::clone(&self.live), Arc::clone(&self.seat));
        self.live.presence.left(&seat);
        let typing = seat.typing.leave();
        self.live.hub.spawn(async move {
            live.hub.leave(&seat).await;
            for id in typing {
                live.chat.announcer.typing(id, seat.identity.user, false).await;
            }
        });
    }
}

impl Visit {
    fn turn(&self) -> MutexGuard<'_, Option<oneshot::Receiver<()>>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A write's place among those of its socket.
struct Turn {
    before: Option<oneshot::Receiver<()>>,
    place: oneshot::Sender<()>,
}

/// One event on its way.
struct Asked {
    live: Arc<Live>,
    gate: Arc<Gate>,
    seat: Arc<Seat>,
    request: Uuid,
}

impl Asked {
    async fn write(
        self,
        arrived: Arrived,
        event: Event,
        payload: &RawValue,
        turn: Turn,
        under_way: Arc<RwLock<()>>,
    ) -> Answer {
        if let Some(before) = turn.before {
            // An error says that the one before was given up, which is as good.
            let _ = before.await;
        }
        let (chat, caller) = (&self.live.chat, &self.seat.identity);
        let (taken, _held) = if event.is_about_a_message() {
            let alone = under_way.write_owned().await;
            let taken = messages::socket::take(chat, caller, arrived, event, payload).await;
            (taken, alone.downgrade())
        } else {
            let held = under_way.read_owned().await;
            (messages::socket::take(chat, caller, arrived, event, payload).await, held)
        };
        let _ = turn.place.send(());
        match taken {
            Ok(pending) => self.reply(messages::socket::written(chat, pending).await),
            Err(error) => self.reply(Err(error)),
        }
    }

    /// Live events wait until the answer is on its way.
    async fn sync(self, payload: &RawValue) -> Answer {
        let held = Held::new(&self.seat);
        let hub = Arc::clone(&self.live.hub);
        let heard = move |id| hub.passed_on(id);
        let (chat, caller) = (&self.live.chat, &self.seat.identity);
        let answer = match self.live.turns.take(&*chat.random).await {
            Ok(_turn) => sync::socket::sync(chat, caller, &heard, payload).await,
            Err(refused) => Err(refused),
        };
        self.reply(answer).then(move || drop(held))
    }

    /// What is known comes behind the answer.
    async fn watch(self, payload: &RawValue) -> Answer {
        let presence = Arc::clone(&self.live.presence);
        match presence::socket::watch(&presence, &self.seat, payload).await {
            Ok(users) => {
                let seat = Arc::clone(&self.seat);
                self.reply(reply::ok()).then(move || presence.tell_all(&seat, &users))
            }
            Err(error) => self.reply(Err(error)),
        }
    }

    async fn other(self, name: &str, payload: &RawValue) -> Answer {
        let (chat, caller) = (&self.live.chat, &self.seat.identity);
        let answer = match name {
            "message:delivered" => delivery::socket::delivered(chat, caller, payload).await,
            "message:read" => reading::socket::read(chat, caller, payload).await,
            "range" => sync::socket::range(chat, caller, payload).await,
            "typing:start" => typing::socket::say(&self.live, &self.seat, true, payload).await,
            "typing:stop" => typing::socket::say(&self.live, &self.seat, false, payload).await,
            "presence:update" => presence::socket::update(&self.live.presence, &self.seat, payload),
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

/// Holds everything else back for as long as it lives.
struct Held(Arc<Seat>);

impl Held {
    fn new(seat: &Arc<Seat>) -> Self {
        seat.answering();
        Self(Arc::clone(seat))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.answered();
    }
}

/// Another name is whatever the client has put there, and stays out of the logs.
fn known(name: &str) -> &str {
    if EVENTS.contains(&name) { name } else { "unknown" }
}

fn only(args: Vec<Box<RawValue>>) -> Option<Box<RawValue>> {
    let mut args = args.into_iter();
    let first = args.next()?;
    args.next().is_none().then_some(first)
}

fn one_argument() -> WireError {
    WireError::new(ErrorCode::ValidationError, "an event takes one object as its argument")
}

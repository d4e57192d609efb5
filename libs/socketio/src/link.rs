//! One Engine.IO session, whatever carries it.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::future::pending;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::client::Client;
use crate::codec::engine::{self, Kind};
use crate::codec::packet;
use crate::engine::{Shared, Upper};
use crate::frame::Frame;
use crate::limits::Place;
use crate::machine::heartbeat::{Due, Heartbeat};
use crate::machine::transport::Transport;
use crate::queue::Queue;
use crate::raw::{Message, RawSession, RawSocket};
use crate::sid::Sid;
use crate::{CloseReason, Handshake};

/// One session. Its keeper minds the time; whatever carries it brings what the client says to [`Link::text`] and
/// [`Link::binary`], and takes what is in the queue.
pub(crate) struct Link {
    pub(crate) sid: Sid,
    pub(crate) shared: Arc<Shared>,
    pub(crate) queue: Arc<Queue>,
    state: Mutex<State>,
    /// Events that may still begin.
    room: Semaphore,
    /// The client is not read, since there is no room.
    stalled: AtomicBool,
    /// What is still to end: the keeper, and what is under way.
    stays: AtomicUsize,
    _address: Option<Place<IpAddr>>,
}

struct State {
    heart: Heartbeat,
    /// When the keeper looks next.
    alarm: Instant,
    talk: Talk,
}

/// What is spoken over the session.
enum Talk {
    Client(Client),
    Raw(Arc<dyn RawSession>),
    Over,
}

impl Link {
    /// A session that nobody keeps yet.
    pub(crate) fn new(
        shared: &Arc<Shared>,
        transport: Transport,
        handshake: Handshake,
        address: Option<Place<IpAddr>>,
    ) -> Arc<Self> {
        let (config, now) = (&shared.config, Instant::now());
        let queue = Arc::new(Queue::new(config, transport));
        let talk = match &shared.upper {
            Upper::Raw(handler) => {
                Talk::Raw(handler.open(RawSocket::new(Arc::clone(&queue)), handshake).into())
            }
            Upper::Namespaces(_) => Talk::Client(Client::new(config, handshake, now)),
        };
        let heart = Heartbeat::new(config.ping_interval, config.ping_timeout, now);
        Arc::new(Self {
            sid: Sid::draw(&*shared.random),
            shared: Arc::clone(shared),
            queue,
            state: Mutex::new(State { alarm: heart.next(), heart, talk }),
            room: Semaphore::new(config.max_in_flight),
            stalled: false.into(),
            stays: 0.into(),
            _address: address,
        })
    }

    /// A text packet from the client.
    pub(crate) async fn text(self: &Arc<Self>, packet: &Bytes) -> Result<(), CloseReason> {
        let text = std::str::from_utf8(packet).map_err(|_| CloseReason::ProtocolError)?;
        let (kind, payload) = engine::split(text).ok_or(CloseReason::ProtocolError)?;
        match kind {
            Kind::Pong => {
                self.state().heart.answered(Instant::now());
                self.hasten();
                Ok(())
            }
            Kind::Close => Err(CloseReason::ClientClosed),
            // What carries the session carries it: there is nothing to change over to, and nothing to release.
            Kind::Upgrade | Kind::Noop => Ok(()),
            // Only the server opens and pings.
            Kind::Open | Kind::Ping => Err(CloseReason::ProtocolError),
            Kind::Message => {
                if let Some(raw) = self.raw() {
                    raw.message(Message::Text(payload.to_owned()));
                    return Ok(());
                }
                let packet = packet::decode(payload).map_err(|_| CloseReason::ProtocolError)?;
                self.packet(packet).await
            }
        }
    }

    /// A binary message from the client.
    pub(crate) fn binary(self: &Arc<Self>, bytes: Bytes) -> Result<(), CloseReason> {
        if let Some(raw) = self.raw() {
            raw.message(Message::Binary(bytes));
            return Ok(());
        }
        self.attachment(bytes)
    }

    /// Waits until another event may begin.
    pub(crate) async fn room(&self) -> SemaphorePermit<'_> {
        if let Ok(room) = self.room.try_acquire() {
            return room;
        }
        self.stalled.store(true, Ordering::SeqCst);
        let room = self.room.acquire().await;
        self.stalled.store(false, Ordering::SeqCst);
        match room {
            Ok(room) => room,
            // Nobody closes it.
            Err(_) => pending().await,
        }
    }

    /// So many events may begin that could not before.
    pub(crate) fn give_back(&self, places: usize) {
        self.room.add_permits(places);
    }

    /// The next moment at which something is due; the keeper will look then.
    pub(crate) fn set_alarm(&self) -> Instant {
        let mut state = self.state();
        state.alarm = state.deadline();
        state.alarm
    }

    /// Lets the keeper know if something is due earlier than it looks.
    pub(crate) fn hasten(&self) {
        let state = self.state();
        let late = state.deadline() < state.alarm;
        drop(state);
        if late {
            self.queue.rethink();
        }
    }

    /// Does what is due. Answers the reason if the session is to end.
    pub(crate) fn tick(&self, now: Instant) -> Option<CloseReason> {
        let mut state = self.state();
        if let Talk::Client(client) = &state.talk
            && let Some(reason) = client.overdue(now)
        {
            return Some(reason);
        }
        let due = state.heart.due(now, !self.stalled.load(Ordering::SeqCst));
        drop(state);
        match due {
            Due::Nothing => None,
            Due::Ping => {
                self.queue.push(Frame::Text(engine::PING));
                None
            }
            Due::Dead => Some(CloseReason::HeartbeatTimeout),
        }
    }

    /// Tells everyone that the session is over.
    pub(crate) fn end(&self, reason: CloseReason) {
        let talk = std::mem::replace(&mut self.state().talk, Talk::Over);
        match talk {
            Talk::Client(client) => {
                let (goodbyes, sockets, sessions) = client.end();
                let goodbyes = if reason.is_final() { goodbyes } else { Vec::new() };
                let last = goodbyes.into_iter().map(Frame::Text).chain([Frame::Close(reason)]);
                self.queue.end(reason, last);
                for socket in sockets {
                    self.shared.registry.let_out(socket.id());
                    socket.leave();
                }
                for session in sessions {
                    session.disconnected(&reason);
                }
            }
            Talk::Raw(session) => {
                self.queue.end(reason, [Frame::Close(reason)]);
                session.closed(&reason);
            }
            Talk::Over => {}
        }
    }

    /// Looks at the Socket.IO side, or changes it.
    pub(crate) fn client<T>(&self, look: impl FnOnce(&mut Client) -> T) -> Result<T, CloseReason> {
        match &mut self.state().talk {
            Talk::Client(client) => Ok(look(client)),
            Talk::Raw(_) | Talk::Over => Err(CloseReason::TransportClosed),
        }
    }

    fn raw(&self) -> Option<Arc<dyn RawSession>> {
        match &self.state().talk {
            Talk::Raw(raw) => Some(Arc::clone(raw)),
            Talk::Client(_) | Talk::Over => None,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn deadline(&self) -> Instant {
        let next = self.heart.next();
        match &self.talk {
            Talk::Client(client) => client.deadline().map_or(next, |by| by.min(next)),
            Talk::Raw(_) | Talk::Over => next,
        }
    }
}

/// Keeps a session in the engine's count for as long as something of it is under way.
pub(crate) struct Stay(Arc<Link>);

impl Stay {
    pub(crate) fn new(link: &Arc<Link>) -> Self {
        link.stays.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(link))
    }

    pub(crate) fn link(&self) -> &Arc<Link> {
        &self.0
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.queue.close(CloseReason::Internal);
        }
        if self.0.stays.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.shared.registry.remove(&self.0);
        }
    }
}

//! The Socket.IO side of one session: which namespaces the client is in, and who hears it there.

use std::sync::Arc;

use actix_web::rt;
use futures::FutureExt;
use serde_json::value::RawValue;
use tokio::sync::SemaphorePermit;
use tokio::time::Instant;

use crate::codec::packet::{self, Header, Incoming};
use crate::engine::Namespace;
use crate::handler::{Admission, Answer};
use crate::link::{Link, Stay};
use crate::machine::protocol::{Accepted, Heard, Protocol, Step};
use crate::{CloseReason, Config, Handshake, Refusal, Session, Socket, SocketId};

/// What is known of a client.
pub(crate) struct Client {
    protocol: Protocol,
    members: Vec<Member>,
    /// By when it is in a namespace, while it is in none.
    connect_by: Option<Instant>,
    handshake: Option<Box<Handshake>>,
}

/// The client in one namespace.
struct Member {
    socket: Socket,
    /// `None` while the handler is thinking.
    session: Option<Arc<dyn Session>>,
}

type Verdict = Result<Box<dyn Session>, Refusal>;

impl Client {
    pub(crate) fn new(config: &Config, handshake: Handshake, now: Instant) -> Self {
        Self {
            protocol: Protocol::new(config),
            members: Vec::new(),
            connect_by: Some(now + config.connect_timeout),
            handshake: Some(Box::new(handshake)),
        }
    }

    /// The next moment at which something is over.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.connect_by.into_iter().chain(self.protocol.attachments_by()).min()
    }

    /// Why the connection is to end by now, if it is.
    pub(crate) fn overdue(&self, now: Instant) -> Option<CloseReason> {
        if self.connect_by.is_some_and(|by| by <= now) {
            return Some(CloseReason::ConnectTimeout);
        }
        let by = self.protocol.attachments_by()?;
        (by <= now).then_some(CloseReason::ProtocolError)
    }

    /// Ends everything: what the client is told where it is still to be told, and who hears that it is gone.
    pub(crate) fn end(self) -> (Vec<bytes::Bytes>, Vec<Socket>, Vec<Arc<dyn Session>>) {
        let goodbyes = self.protocol.connected().map(packet::disconnect).collect();
        let (sockets, sessions): (Vec<_>, Vec<_>) =
            self.members.into_iter().map(|member| (member.socket, member.session)).unzip();
        (goodbyes, sockets, sessions.into_iter().flatten().collect())
    }

    fn member(&self, namespace: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.socket.namespace() == namespace)
    }

    fn remove(&mut self, id: SocketId) -> Option<Member> {
        let at = self.members.iter().position(|member| member.socket.id() == id)?;
        Some(self.members.swap_remove(at))
    }
}

impl Link {
    /// A Socket.IO packet. Waits while the client has as many events under way as it may have.
    pub(crate) async fn packet(self: &Arc<Self>, packet: Incoming<'_>) -> Result<(), CloseReason> {
        let room = if packet.is_event() { Some(self.room().await) } else { None };
        let by = Instant::now() + self.shared.config.attachments_timeout;
        let binary = packet.attachments > 0;
        let known = |name: &str| self.shared.known(name);
        let step = self.client(|client| client.protocol.packet(packet, known, by))?;
        if binary {
            self.hasten();
        }
        self.take(step, room)
    }

    /// An attachment.
    pub(crate) fn attachment(self: &Arc<Self>, bytes: bytes::Bytes) -> Result<(), CloseReason> {
        let known = |name: &str| self.shared.known(name);
        let step = self.client(|client| client.protocol.binary(bytes, known))?;
        self.take(step, None)
    }

    fn take(
        self: &Arc<Self>,
        step: Step,
        room: Option<SemaphorePermit<'_>>,
    ) -> Result<(), CloseReason> {
        match step {
            Step::Nothing => {}
            Step::Passed if room.is_none() => self.give_back(1),
            Step::Passed => drop(room),
            Step::Waits => room.into_iter().for_each(SemaphorePermit::forget),
            Step::Send(bytes) => self.queue.push(crate::frame::Frame::Text(bytes)),
            Step::Connect { namespace, auth } => self.connect(&namespace, auth)?,
            Step::Event { namespace, heard } => {
                room.into_iter().for_each(SemaphorePermit::forget);
                self.start(&namespace, heard);
            }
            Step::Answer { namespace, id, reply } => {
                let socket = self.client(|client| {
                    client.member(&namespace).map(|member| member.socket.clone())
                })?;
                if let Some(socket) = socket {
                    socket.answered(id, reply);
                }
            }
            Step::Leave { namespace, waited } => {
                self.give_back(waited);
                let id = self
                    .client(|client| client.member(&namespace).map(|member| member.socket.id()))?;
                if let Some(id) = id {
                    self.left(id, CloseReason::ClientDisconnect);
                }
            }
            Step::Close(reason) => return Err(reason),
        }
        Ok(())
    }

    fn connect(
        self: &Arc<Self>,
        namespace: &Arc<str>,
        auth: Option<Box<RawValue>>,
    ) -> Result<(), CloseReason> {
        let socket = self.shared.socket(Arc::clone(namespace), Arc::clone(&self.queue));
        let Some(namespace) = self.shared.namespace(namespace) else {
            return Err(CloseReason::Internal);
        };
        let handshake = self.client(|client| {
            client.members.push(Member { socket: socket.clone(), session: None });
            client.handshake.as_deref().cloned().unwrap_or_default()
        })?;
        let stay = Stay::new(self);
        rt::spawn(async move {
            let verdict = ask(&namespace, &socket, auth, handshake).await;
            stay.link().decide(&socket, verdict);
        });
        Ok(())
    }

    fn decide(self: &Arc<Self>, socket: &Socket, verdict: Verdict) {
        match verdict {
            Ok(session) => self.let_in(socket, &Arc::from(session)),
            Err(refusal) => {
                let waited = self.client(|client| {
                    client.remove(socket.id()).map(|_| client.protocol.refuse(socket.namespace()))
                });
                socket.refuse();
                if let Ok(Some(waited)) = waited {
                    self.give_back(waited);
                    let told = packet::connect_error(socket.namespace(), &refusal);
                    self.queue.push(crate::frame::Frame::Text(told));
                }
            }
        }
    }

    fn let_in(self: &Arc<Self>, socket: &Socket, session: &Arc<dyn Session>) {
        let stays = self.client(|client| {
            let member = client.members.iter_mut().find(|member| member.socket.id() == socket.id());
            let Some(member) = member else { return false };
            member.session = Some(Arc::clone(session));
            client.connect_by = None;
            if self.shared.has_one_namespace() {
                // Nobody will ask for it again.
                client.handshake = None;
            }
            true
        });
        if !stays.unwrap_or(false) {
            socket.leave();
            let reason = self.queue.reason().unwrap_or(CloseReason::ClientDisconnect);
            session.disconnected(&reason);
            return;
        }
        self.shared.registry.let_in(socket.clone());
        socket.open(packet::connected(socket.namespace(), &socket.id().to_string()));
        while let Ok(Accepted::Waited(heard)) =
            self.client(|client| client.protocol.accept(socket.namespace()))
        {
            self.start(socket.namespace(), heard);
        }
    }

    /// Hands an event, which has its place, to the session.
    fn start(self: &Arc<Self>, namespace: &str, heard: Heard) {
        let under_way = UnderWay(Stay::new(self));
        let found = self.client(|client| {
            let member = client.member(namespace)?;
            Some((member.socket.clone(), Arc::clone(member.session.as_ref()?)))
        });
        let Ok(Some((socket, session))) = found else { return };
        match session.admit(&heard.event) {
            Admission::Handle => {}
            Admission::Refuse(answer) => return reply(&socket, heard.ack, answer),
            Admission::Close(reason) => return self.queue.close(reason),
        }
        let mut answer = session.event(heard.event);
        // Most need not wait, and then no task is needed.
        if let Some(answer) = (&mut answer).now_or_never() {
            return reply(&socket, heard.ack, answer);
        }
        rt::spawn(async move {
            let answer = answer.await;
            reply(&socket, heard.ack, answer);
            drop(under_way);
        });
    }

    /// The service wants these sockets out of their namespaces.
    pub(crate) fn part(self: &Arc<Self>, ids: Vec<SocketId>) {
        for id in ids {
            let told = self.client(|client| {
                let member = client.members.iter().find(|member| member.socket.id() == id)?;
                let namespace = member.socket.namespace().to_owned();
                client.protocol.end(&namespace).then_some(namespace)
            });
            if let Ok(Some(namespace)) = told {
                self.queue.push(crate::frame::Frame::Text(packet::disconnect(&namespace)));
                self.left(id, CloseReason::ServerDisconnect);
            }
        }
    }

    /// The client is in that namespace no more.
    fn left(self: &Arc<Self>, id: SocketId, reason: CloseReason) {
        let by = Instant::now() + self.shared.config.connect_timeout;
        let member = self.client(|client| {
            let member = client.remove(id);
            if !client.protocol.is_somewhere() {
                client.connect_by = Some(by);
            }
            member
        });
        let Ok(Some(Member { socket, session })) = member else { return };
        self.shared.registry.let_out(id);
        socket.leave();
        if let Some(session) = session {
            session.disconnected(&reason);
        }
        self.hasten();
    }
}

/// An event under way: gives its place back at the end.
struct UnderWay(Stay);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.link().give_back(1);
    }
}

async fn ask(
    namespace: &Namespace,
    socket: &Socket,
    auth: Option<Box<RawValue>>,
    handshake: Handshake,
) -> Verdict {
    for middleware in &namespace.middleware {
        middleware.admit(socket, auth.as_deref(), &handshake).await?;
    }
    namespace.handler.connect(socket.clone(), auth, handshake).await
}

fn reply(socket: &Socket, ack: Option<u64>, answer: Answer) {
    if let (Some(id), Some(content)) = (ack, answer.content) {
        let header = Header {
            is_ack: true,
            attachments: content.attachments.len(),
            namespace: socket.namespace(),
            id: Some(id),
        };
        // One that is closing hears nothing any more.
        let _ = socket.write(header.with(&packet::ack_json(&content.args)), &content.attachments);
    }
    if let Some(then) = answer.then {
        then();
    }
}

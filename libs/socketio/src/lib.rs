//! A Socket.IO v5 server over Engine.IO v4, for actix-web. It knows nothing of what is said over it.
//!
//! A service implements [`Handler`] and [`Session`], makes an [`Engine`] and mounts it with [`Engine::configure`].
//! Any thread may then send a [`Packet`] to a [`Socket`]: the event is encoded once and its bytes are shared by every
//! socket that it goes to.
//!
//! Inside: `codec` turns text into packets and back; `protocol` is the state machine, frames in and steps out, without
//! I/O; `queue` is what waits for one client, bounded in bytes and packets; `frames` reads websocket messages;
//! `connection` is the one loop that moves bytes.

mod close;
mod codec;
mod config;
mod connection;
mod engine;
mod frames;
mod handler;
mod heartbeat;
mod http;
mod line;
mod packet;
mod protocol;
mod queue;
mod registry;
mod socket;
mod unread;

pub use close::CloseReason;
pub use config::{Config, OriginPolicy};
pub use engine::Engine;
pub use handler::{Answer, Handler, Handshake, Refusal, Session};
pub use line::Line;
pub use packet::Packet;
pub use socket::{SendError, Socket, SocketId};
pub use unread::give_up_unread;

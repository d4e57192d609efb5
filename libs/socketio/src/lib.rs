//! A Socket.IO v5 server over Engine.IO v4, for actix-web. It knows nothing of what is said over it.
//!
//! A service implements [`Handler`] and [`Session`], makes an [`Engine`] and mounts it with [`Engine::configure`].
//! Any thread may then send a [`Packet`] to a [`Socket`]: the event is encoded once and its bytes are shared by every
//! socket that it goes to.
//!
//! Inside: `codec` turns bytes into packets and back; `machine` decides, frames in and steps out, without I/O; `queue` is
//! what waits for one client, bounded in bytes and packets; `link` is one session, `client` its Socket.IO side; `keeper`
//! minds its time; `polling` and `websocket` carry it, and `http` is the door to them.

mod client;
mod close;
mod codec;
mod config;
mod direct;
mod engine;
mod frame;
mod frames;
#[cfg(test)]
mod fuzz;
mod handler;
mod http;
mod keeper;
mod limits;
mod line;
mod link;
mod machine;
mod origin;
mod packet;
mod polling;
mod queue;
mod raw;
mod registry;
mod sid;
#[cfg(test)]
mod sizes;
mod socket;
mod unread;
mod websocket;

pub use close::CloseReason;
pub use config::Config;
pub use direct::{keep_http, on_connect};
pub use engine::{Builder, Engine};
pub use handler::{Admission, Answer, Event, Handler, Handshake, Middleware, Refusal, Session};
pub use limits::TooMany;
pub use line::Line;
pub use machine::protocol::Reply;
pub use origin::OriginPolicy;
pub use packet::Packet;
pub use raw::{Message, RawHandler, RawSession, RawSocket};
pub use sid::SocketId;
pub use socket::{AskError, SendError, Socket};

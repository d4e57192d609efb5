use std::fmt;

use actix_http::ws::CloseCode;

/// Why a socket was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// The client left the namespace.
    ClientDisconnect,
    /// The client ended the connection in the protocol's way.
    ClientClosed,
    /// The connection ended, without a goodbye or by a closing frame.
    TransportClosed,
    /// The client did not answer a ping in time.
    HeartbeatTimeout,
    /// The client did not ask to connect in time, or the handler did not answer in time.
    ConnectTimeout,
    /// The client broke the protocol.
    ProtocolError,
    /// The client sent a frame over the limit.
    TooLarge,
    /// The client did not read: what waited for it exceeded the limit.
    SlowReader,
    /// The server is going away; the client should come back elsewhere.
    Draining,
    /// Whoever the socket belonged to is logged out. The client is told not to come back by itself.
    SessionRevoked,
    /// The service does not want the socket. The client is told not to come back by itself.
    ServerDisconnect,
    /// The handler failed (a bug).
    Internal,
}

impl CloseReason {
    /// The label in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientDisconnect => "client_disconnect",
            Self::ClientClosed => "client_closed",
            Self::TransportClosed => "transport_closed",
            Self::HeartbeatTimeout => "heartbeat_timeout",
            Self::ConnectTimeout => "connect_timeout",
            Self::ProtocolError => "protocol_error",
            Self::TooLarge => "too_large",
            Self::SlowReader => "slow_reader",
            Self::Draining => "draining",
            Self::SessionRevoked => "session_revoked",
            Self::ServerDisconnect => "server_disconnect",
            Self::Internal => "internal",
        }
    }

    /// Whether the client gets a DISCONNECT packet. The official client reconnects by itself after a lost connection, but
    /// not after that packet.
    pub(crate) const fn is_final(self) -> bool {
        matches!(self, Self::SessionRevoked | Self::ServerDisconnect)
    }

    /// Whether a long-polling client that has no request waiting is still to find its goodbye, and what was queued before.
    pub(crate) const fn is_told(self) -> bool {
        self.is_final() || matches!(self, Self::Draining | Self::ClientClosed)
    }

    pub(crate) const fn code(self) -> CloseCode {
        match self {
            Self::ProtocolError => CloseCode::Protocol,
            Self::TooLarge => CloseCode::Size,
            Self::SlowReader => CloseCode::Policy,
            Self::Draining => CloseCode::Away,
            Self::Internal => CloseCode::Error,
            _ => CloseCode::Normal,
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

//! What waits for a client, and how it is written on each transport.

use actix_http::ws::{CloseReason as WsClose, OpCode, Parser};
use bytes::{Bytes, BytesMut};

use crate::CloseReason;
use crate::codec::engine;

/// The longest header of a websocket frame from a server.
pub(crate) const HEADER_BYTES: usize = 10;

/// Something to send.
#[derive(Debug)]
pub(crate) enum Frame {
    Text(Bytes),
    Binary(Bytes),
    Pong(Bytes),
    Close(CloseReason),
}

impl Frame {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(bytes) | Self::Binary(bytes) | Self::Pong(bytes) => bytes.len(),
            Self::Close(_) => 2,
        }
    }

    /// As a websocket frame.
    pub(crate) fn write(self, out: &mut BytesMut) {
        match self {
            Self::Text(bytes) => Parser::write_message(out, bytes, OpCode::Text, true, false),
            Self::Binary(bytes) => Parser::write_message(out, bytes, OpCode::Binary, true, false),
            Self::Pong(bytes) => Parser::write_message(out, bytes, OpCode::Pong, true, false),
            Self::Close(reason) => {
                let close = WsClose { code: reason.code(), description: None };
                Parser::write_close(out, Some(close), false);
            }
        }
    }

    /// As a packet in the body of a GET's answer.
    pub(crate) fn join(&self, body: &mut Vec<u8>) {
        match self {
            Self::Text(bytes) => engine::join_text(body, bytes),
            Self::Binary(bytes) => engine::join_binary(body, bytes),
            // Only a websocket pings by itself.
            Self::Pong(_) => {}
            // A client that said goodbye expects its GET back, and nothing else.
            Self::Close(CloseReason::ClientClosed) => engine::join_text(body, engine::NOOP),
            Self::Close(_) => engine::join_text(body, engine::CLOSE),
        }
    }
}

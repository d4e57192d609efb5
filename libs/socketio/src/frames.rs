//! Websocket messages out of the bytes of a connection.

use actix_http::ws::{Codec, Frame, Item};
use actix_web::web::Payload;
use actix_web::web::{Bytes, BytesMut};
use futures::StreamExt;
use tokio::net::tcp::OwnedReadHalf;
use tokio_util::codec::Decoder;

use crate::{CloseReason, direct};

/// A whole message. Text is not yet known to be UTF-8.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Text(Bytes),
    Binary(Bytes),
    Ping(Bytes),
    Close,
}

/// Reads messages from a connection.
pub(crate) struct Frames {
    source: Source,
    assembler: Assembler,
}

/// Where the bytes come from.
pub(crate) enum Source {
    /// From the web server.
    Http(Payload),
    /// From the connection itself.
    Direct(OwnedReadHalf),
}

impl Source {
    async fn next(&mut self) -> Option<Bytes> {
        match self {
            Self::Http(payload) => payload.next().await?.ok(),
            Self::Direct(stream) => direct::read(stream).await,
        }
    }
}

impl Frames {
    pub(crate) fn new(source: Source, max_bytes: usize) -> Self {
        Self { source, assembler: Assembler::new(max_bytes) }
    }

    /// The next message. Safe to drop half-way: nothing is lost.
    pub(crate) async fn next(&mut self) -> Result<Message, CloseReason> {
        loop {
            if let Some(message) = self.assembler.next()? {
                return Ok(message);
            }
            match self.source.next().await {
                Some(bytes) => self.assembler.feed(bytes),
                None => return Err(CloseReason::TransportClosed),
            }
        }
    }
}

/// Puts messages together from bytes, and never holds more of one than the limit: a frame that announces more is refused by
/// its header.
pub(crate) struct Assembler {
    buffer: BytesMut,
    codec: Codec,
    max_bytes: usize,
    fragments: Option<Fragments>,
}

#[derive(Debug)]
struct Fragments {
    text: bool,
    bytes: BytesMut,
}

impl Assembler {
    pub(crate) fn new(max_bytes: usize) -> Self {
        let codec = Codec::new().max_size(max_bytes);
        Self { buffer: BytesMut::new(), codec, max_bytes, fragments: None }
    }

    /// Takes what came.
    pub(crate) fn feed(&mut self, bytes: Bytes) {
        if self.buffer.is_empty() {
            self.buffer = BytesMut::from(bytes);
        } else {
            self.buffer.extend_from_slice(&bytes);
        }
    }

    /// The next message, if it is whole.
    pub(crate) fn next(&mut self) -> Result<Option<Message>, CloseReason> {
        while let Some(frame) = self.decode()? {
            if let Some(message) = self.message(frame)? {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    fn decode(&mut self) -> Result<Option<Frame>, CloseReason> {
        if self.buffer.is_empty() {
            return Ok(None);
        }
        let most = u64::try_from(self.max_bytes).unwrap_or(u64::MAX);
        if announced(&self.buffer).is_some_and(|bytes| bytes > most) {
            return Err(CloseReason::TooLarge);
        }
        let frame = self.codec.decode(&mut self.buffer).map_err(|_| CloseReason::ProtocolError)?;
        if self.buffer.is_empty() {
            // An idle client costs no buffer.
            self.buffer = BytesMut::new();
        }
        Ok(frame)
    }

    fn message(&mut self, frame: Frame) -> Result<Option<Message>, CloseReason> {
        Ok(Some(match frame {
            Frame::Text(bytes) => Message::Text(bytes),
            Frame::Binary(bytes) => Message::Binary(bytes),
            Frame::Ping(bytes) => Message::Ping(bytes),
            Frame::Pong(_) => return Ok(None),
            Frame::Close(_) => Message::Close,
            Frame::Continuation(item) => return self.fragment(item),
        }))
    }

    fn fragment(&mut self, item: Item) -> Result<Option<Message>, CloseReason> {
        let (text, bytes, last) = match item {
            Item::FirstText(bytes) => (Some(true), bytes, false),
            Item::FirstBinary(bytes) => (Some(false), bytes, false),
            Item::Continue(bytes) => (None, bytes, false),
            Item::Last(bytes) => (None, bytes, true),
        };
        let mut fragments = match text {
            Some(text) => Fragments { text, bytes: BytesMut::new() },
            None => self.fragments.take().ok_or(CloseReason::ProtocolError)?,
        };
        if fragments.bytes.len() + bytes.len() > self.max_bytes {
            return Err(CloseReason::TooLarge);
        }
        fragments.bytes.extend_from_slice(&bytes);
        if !last {
            self.fragments = Some(fragments);
            return Ok(None);
        }
        let bytes = fragments.bytes.freeze();
        Ok(Some(if fragments.text { Message::Text(bytes) } else { Message::Binary(bytes) }))
    }
}

/// How many bytes of payload the frame at the start of the buffer announces, once its header says so.
fn announced(buffer: &[u8]) -> Option<u64> {
    let short = buffer.get(1)? & 0x7f;
    match short {
        126 => buffer.get(2..4)?.try_into().ok().map(|bytes| u64::from(u16::from_be_bytes(bytes))),
        127 => buffer.get(2..10)?.try_into().ok().map(u64::from_be_bytes),
        short => Some(u64::from(short)),
    }
}

#[cfg(test)]
#[path = "frames_tests.rs"]
mod tests;

//! A client that costs the load generator next to nothing: it knows just enough of websockets.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Sockets from one source address.
const PER_SOURCE: usize = 10_000;

/// A client of `/` on a websocket.
pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    start: usize,
}

impl Client {
    /// Connects as client number `index`.
    pub(crate) async fn connect(server: SocketAddr, index: usize) -> Result<Self> {
        let source = Ipv4Addr::new(127, 0, 0, 1 + u8::try_from(index / PER_SOURCE)?);
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(IpAddr::V4(source), 0))?;
        let stream = socket.connect(server).await?;
        stream.set_nodelay(true)?;
        let mut client = Self { stream, buffer: Vec::new(), start: 0 };
        let request = format!(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {server}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        client.stream.write_all(request.as_bytes()).await?;
        client.head().await?;
        ensure!(client.next().await?.starts_with(b"0{"), "no session was opened");
        client.send("40").await?;
        ensure!(client.next().await?.starts_with(b"40{"), "not let in");
        // Nothing more is expected for a while.
        client.buffer = Vec::new();
        client.start = 0;
        Ok(client)
    }

    async fn head(&mut self) -> Result<()> {
        loop {
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                ensure!(self.buffer.starts_with(b"HTTP/1.1 101"), "not upgraded");
                self.start = at + 4;
                return Ok(());
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<()> {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.reserve(4_096);
        ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the server closed");
        Ok(())
    }

    /// Sends a text of less than 64 KB. The mask is zero, which the protocol allows.
    pub(crate) async fn send(&mut self, text: &str) -> Result<()> {
        let mut frame = vec![0x81];
        match u16::try_from(text.len()).context("too long")? {
            short @ 0..=125 => frame.push(0x80 | u8::try_from(short)?),
            long => {
                frame.push(0xfe);
                frame.extend_from_slice(&long.to_be_bytes());
            }
        }
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(text.as_bytes());
        self.stream.write_all(&frame).await?;
        Ok(())
    }

    /// The next frame's payload. Pings are answered and passed over.
    pub(crate) async fn next(&mut self) -> Result<&[u8]> {
        loop {
            let Some((from, to)) = self.frame() else {
                self.read().await?;
                continue;
            };
            self.start = to;
            if &self.buffer[from..to] != b"2" {
                return Ok(&self.buffer[from..to]);
            }
            self.send("3").await?;
        }
    }

    /// Where the payload of the first frame lies, if it is whole.
    fn frame(&self) -> Option<(usize, usize)> {
        let bytes = self.buffer.get(self.start..)?;
        let (header, length) = match bytes.get(1)? & 0x7f {
            126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
            127 => {
                (10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?)
            }
            short => (2, usize::from(short)),
        };
        let from = self.start + header;
        (bytes.len() >= header + length).then_some((from, from + length))
    }
}

//! A line that is harmed by hand: slowed, made to swallow what passes, cut, closed to newcomers.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

use super::Protocol;
use super::frame::Frame;

/// Frames under way in one direction; a side that sends more waits.
const UNDER_WAY: usize = 1_024;

/// Where something goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

/// What happens to all that goes one way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Harm {
    /// Nothing.
    #[default]
    None,
    /// It arrives so much later; order is kept, and as much passes as before.
    Delay(Duration),
    /// It never arrives. The connection stays.
    Swallow,
    /// What has one of these names never arrives; the rest passes. Names are as the protocol has them.
    SwallowNamed(&'static [&'static str]),
}

#[derive(Debug, Clone, Copy, Default)]
struct Control {
    to_server: Harm,
    to_client: Harm,
    closed: bool,
    /// How often connections were cut.
    cuts: u64,
}

/// A running line. Ends, with all its connections, when dropped.
#[derive(Debug)]
pub struct Wire {
    port: u16,
    control: watch::Sender<Control>,
    swallowed: Arc<AtomicU64>,
    accepting: JoinHandle<()>,
}

impl Wire {
    /// Takes connections for the server on this port of the loopback address.
    pub async fn before(server: u16, protocol: Protocol) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let (control, swallowed) = (watch::Sender::default(), Arc::<AtomicU64>::default());
        let end =
            End { server, protocol, control: control.subscribe(), swallowed: swallowed.clone() };
        let accepting = tokio::spawn(end.accept(listener));
        Ok(Self { port, control, swallowed, accepting })
    }

    /// Where clients connect, on the loopback address.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on this happens to all that goes that way, on old connections and new ones.
    pub fn harm(&self, way: Way, harm: Harm) {
        self.control.send_modify(|control| match way {
            Way::ToServer => control.to_server = harm,
            Way::ToClient => control.to_client = harm,
        });
    }

    /// Ends all connections. New ones are taken.
    pub fn cut(&self) {
        self.control.send_modify(|control| control.cuts += 1);
    }

    /// Ends all connections, and new ones as soon as they are made, until the line is healed.
    pub fn close(&self) {
        self.control.send_modify(|control| {
            control.closed = true;
            control.cuts += 1;
        });
    }

    /// Everything passes again.
    pub fn heal(&self) {
        self.control
            .send_modify(|control| *control = Control { cuts: control.cuts, ..Control::default() });
    }

    /// How many frames never arrived.
    pub fn swallowed(&self) -> u64 {
        self.swallowed.load(Ordering::SeqCst)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        // The connections' tasks belong to this one, and go with it.
        self.accepting.abort();
    }
}

/// What all connections share.
#[derive(Debug, Clone)]
struct End {
    server: u16,
    protocol: Protocol,
    control: watch::Receiver<Control>,
    swallowed: Arc<AtomicU64>,
}

impl End {
    async fn accept(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        while let Ok((client, _)) = listener.accept().await {
            while connections.try_join_next().is_some() {}
            if !self.control.borrow().closed {
                connections.spawn(self.clone().connection(client));
            }
        }
    }

    async fn connection(self, client: TcpStream) {
        let cuts = self.control.borrow().cuts;
        let mut control = self.control.clone();
        let cut = control.wait_for(|control| control.cuts > cuts);
        tokio::select! {
            _ = cut => {}
            () = self.carry(client) => {}
        }
    }

    async fn carry(&self, client: TcpStream) {
        let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.server)).await else {
            return;
        };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        tokio::join!(
            self.pump(Way::ToServer, from_client, to_server),
            self.pump(Way::ToClient, from_server, to_client),
        );
    }

    async fn pump(&self, way: Way, from: OwnedReadHalf, to: OwnedWriteHalf) {
        let (send, receive) = mpsc::channel(UNDER_WAY);
        tokio::join!(self.take(way, from, send), give(receive, to));
    }

    async fn take(&self, way: Way, from: OwnedReadHalf, send: mpsc::Sender<(Instant, Vec<u8>)>) {
        let mut from = BufReader::new(from);
        while let Ok(Some(frame)) = Frame::read(self.protocol, &mut from).await {
            let control = *self.control.borrow();
            let harm = if way == Way::ToServer { control.to_server } else { control.to_client };
            let mut due = Instant::now();
            let swallowed = match harm {
                Harm::None => false,
                Harm::Swallow => true,
                Harm::SwallowNamed(names) => names.contains(&&*frame.command),
                Harm::Delay(by) => {
                    due += by;
                    false
                }
            };
            if swallowed {
                self.swallowed.fetch_add(1, Ordering::SeqCst);
            } else if send.send((due, frame.bytes)).await.is_err() {
                return;
            }
        }
    }
}

async fn give(mut receive: mpsc::Receiver<(Instant, Vec<u8>)>, mut to: OwnedWriteHalf) {
    while let Some((due, bytes)) = receive.recv().await {
        sleep_until(due).await;
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

//! A line that is harmed by hand: slowed, made to swallow what passes, cut, closed to newcomers.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use kernel::{Random, SeededRandom};
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
    /// What has one of these names is lost, doubled or late, by lot; the rest passes in order.
    Weather(&'static [&'static str], Weather),
}

/// How many of a thousand frames meet each fate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weather {
    /// Never arrive.
    pub lost: u64,
    /// Arrive twice.
    pub doubled: u64,
    /// Arrive late, by up to `by`; what comes behind them overtakes them.
    pub late: u64,
    /// The longest that a late one takes.
    pub by: Duration,
}

impl Weather {
    /// After which times the next frame arrives: one for each time that it does.
    fn draw(self, random: &SeededRandom) -> Vec<Duration> {
        let Self { lost, doubled, late, by } = self;
        let drawn = random.below(1_000);
        if drawn < lost {
            Vec::new()
        } else if drawn < lost + doubled {
            vec![Duration::ZERO; 2]
        } else if drawn < lost + doubled + late {
            let most = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
            vec![Duration::from_millis(1 + random.below(most.max(1)))]
        } else {
            vec![Duration::ZERO]
        }
    }
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
        Self::seeded(server, protocol, 0).await
    }

    /// As [`Wire::before`]; [`Harm::Weather`] draws its lots from that seed.
    pub async fn seeded(server: u16, protocol: Protocol, seed: u64) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let (control, swallowed) = (watch::Sender::default(), Arc::<AtomicU64>::default());
        let end = End {
            server,
            protocol,
            control: control.subscribe(),
            swallowed: swallowed.clone(),
            random: Arc::new(SeededRandom::new(seed)),
        };
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
    random: Arc<SeededRandom>,
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
            let times = self.times(harm, &frame.command);
            if times.is_empty() {
                self.swallowed.fetch_add(1, Ordering::SeqCst);
            }
            for after in times {
                let due = Instant::now() + after;
                if send.send((due, frame.bytes.clone())).await.is_err() {
                    return;
                }
            }
        }
    }

    /// After which times a frame of that name arrives: one for each time that it does.
    fn times(&self, harm: Harm, name: &str) -> Vec<Duration> {
        match harm {
            Harm::Swallow => Vec::new(),
            Harm::SwallowNamed(names) if names.contains(&name) => Vec::new(),
            Harm::Weather(names, weather) if names.contains(&name) => weather.draw(&self.random),
            Harm::Delay(by) => vec![by],
            Harm::None | Harm::SwallowNamed(_) | Harm::Weather(..) => vec![Duration::ZERO],
        }
    }
}

/// Writes each frame when it is due, those that are due at the same time in the order of their coming.
async fn give(mut receive: mpsc::Receiver<(Instant, Vec<u8>)>, mut to: OwnedWriteHalf) {
    let mut waiting = BTreeMap::new();
    let (mut came, mut open) = (0_u64, true);
    while open || !waiting.is_empty() {
        let next = waiting.first_key_value().map(|((due, _), _)| *due);
        let due = async {
            match next {
                Some(due) => sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            frame = receive.recv(), if open && waiting.len() < UNDER_WAY => match frame {
                Some((due, bytes)) => {
                    came += 1;
                    waiting.insert((due, came), bytes);
                }
                None => open = false,
            },
            () = due => {
                let Some((_, bytes)) = waiting.pop_first() else { continue };
                if to.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        }
    }
}

//! One person at one socket: sends what is due, stores what comes, and says so.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures::{SinkExt, StreamExt};
use kernel::{Clock, SystemClock};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Message;

use super::dialect::{Dialect, Entry, Heard, Place, Untold};
use super::phase::Phase;
use crate::wire::{self, Socket};

/// A device acknowledges at most this often ("a few times a second at the most").
const TELL_EVERY: Duration = Duration::from_millis(200);
/// Packets of acknowledgements have this number; those of messages are below.
const TOLD: u64 = 1 << 48;

/// Who sits where.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    pub(crate) dialect: Dialect,
    pub(crate) number: u32,
    pub(crate) token: String,
    /// The listener to connect to.
    pub(crate) base: String,
    pub(crate) place: Arc<Place>,
    /// Whether it acknowledges what it has.
    pub(crate) tells: bool,
}

/// What a member is asked to do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Order {
    /// Send this message.
    Send(u32),
    /// Keep so many messages of your own under way.
    Keep(usize),
}

/// One person at one socket.
#[derive(Debug)]
pub(crate) struct Member {
    seat: Seat,
    socket: Socket,
    // As long as the schedule, which is made beforehand.
    orders: UnboundedReceiver<Order>,
    phase: watch::Receiver<Arc<Phase>>,
    clock: SystemClock,
    seen: HashSet<(u32, u32)>,
    untold: Untold,
    /// Messages that the acknowledgement under way is about.
    telling: u32,
    told_at: Option<Instant>,
    keeps: bool,
}

impl Member {
    pub(crate) async fn connect(
        seat: Seat,
        orders: UnboundedReceiver<Order>,
        phase: watch::Receiver<Arc<Phase>>,
    ) -> anyhow::Result<Self> {
        let socket = wire::open(&seat.base, &seat.dialect.auth(&seat.token)).await?;
        Ok(Self {
            seat,
            socket,
            orders,
            phase,
            clock: SystemClock::default(),
            seen: HashSet::new(),
            untold: Untold::default(),
            telling: 0,
            told_at: None,
            keeps: false,
        })
    }

    /// Does as ordered until nobody orders any more.
    pub(crate) async fn run(mut self) -> anyhow::Result<()> {
        loop {
            let tell_at = self.tell_at();
            tokio::select! {
                order = self.orders.recv() => match order {
                    None => return Ok(self.socket.close(None).await?),
                    Some(Order::Send(index)) => {
                        self.keeps = false;
                        self.send(index).await?;
                    }
                    Some(Order::Keep(count)) => {
                        self.keeps = true;
                        for _ in 0..count {
                            self.send_next().await?;
                        }
                    }
                },
                message = self.socket.next() => {
                    let message = message.context("the server closed a connection")??;
                    if let Message::Text(text) = &message {
                        self.hear(text).await?;
                    }
                }
                () = sleep_until(tell_at.unwrap_or_else(Instant::now)), if tell_at.is_some() => {
                    self.tell().await?;
                }
            }
        }
    }

    async fn hear(&mut self, packet: &str) -> anyhow::Result<()> {
        match Heard::read(packet)? {
            Heard::New(entry) => self.store(&entry),
            Heard::Answer(TOLD, ok) => {
                anyhow::ensure!(ok, "an acknowledgement was refused: {packet}");
                let phase = self.phase.borrow().clone();
                phase.told(std::mem::take(&mut self.telling));
            }
            Heard::Answer(number, ok) => {
                let phase = self.phase.borrow().clone();
                if phase.answered(number, ok) && self.keeps {
                    self.send_next().await?;
                }
            }
            Heard::Ping => self.write("3".to_owned()).await?,
            Heard::Other => {}
        }
        // The first of many goes out at once, the others with the next.
        if self.tell_at().is_some_and(|at| at <= Instant::now()) {
            self.tell().await?;
        }
        Ok(())
    }

    /// Puts a message where a device would keep it.
    fn store(&mut self, entry: &Entry<'_>) {
        let phase = self.phase.borrow();
        // What comes after its phase was given up is not counted any more.
        let Some(index) = phase.index(&entry.id) else { return };
        if !self.seen.insert((phase.number(), index)) {
            phase.twice();
            return;
        }
        phase.received(index, self.seat.number);
        self.untold.count += 1;
        match self.seat.dialect {
            Dialect::Restante if entry.seq <= self.untold.seq => phase.reordered(),
            Dialect::Restante => self.untold.seq = entry.seq,
            Dialect::Seed => self.untold.ids.push(entry.id.clone().into_owned()),
        }
    }

    /// When to acknowledge next, if there is something and no answer is being waited for.
    fn tell_at(&self) -> Option<Instant> {
        let ready = self.seat.tells && self.untold.count > 0 && self.telling == 0;
        ready.then(|| self.told_at.map_or_else(Instant::now, |last| last + TELL_EVERY))
    }

    async fn tell(&mut self) -> anyhow::Result<()> {
        let seq = self.untold.seq;
        let untold = std::mem::replace(&mut self.untold, Untold { seq, ..Untold::default() });
        self.telling = untold.count;
        self.told_at = Some(Instant::now());
        let packet = self.seat.dialect.stored(TOLD, &untold, &self.seat.place);
        self.write(packet).await
    }

    async fn send_next(&mut self) -> anyhow::Result<()> {
        let next = self.phase.borrow().next(self.seat.number);
        match next {
            Some(index) => self.send(index).await,
            None => Ok(()),
        }
    }

    async fn send(&mut self, index: u32) -> anyhow::Result<()> {
        let phase = self.phase.borrow().clone();
        let id = phase.id(index, self.clock.now().as_millis());
        let packet = Dialect::send(phase.packet(index), &id, &self.seat.place);
        phase.sent(index);
        self.write(packet).await
    }

    async fn write(&mut self, packet: String) -> anyhow::Result<()> {
        Ok(self.socket.send(Message::text(packet)).await?)
    }
}

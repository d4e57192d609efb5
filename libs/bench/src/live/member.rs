//! One person at one socket: sends what is due, stores what comes, and says so.

use std::collections::{HashSet, VecDeque};
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
/// How long one waits before everything that was not answered well is sent again, in order.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
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
    /// Packets that were not answered well yet, by their numbers.
    outbox: VecDeque<(u64, String)>,
    again_at: Option<Instant>,
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
            outbox: VecDeque::new(),
            again_at: None,
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
            let (tell_at, again_at) = (self.tell_at(), self.again_at);
            tokio::select! {
                order = self.orders.recv() => match order {
                    None => return Ok(self.socket.close(None).await?),
                    Some(order) => self.obey(order).await?,
                },
                message = self.socket.next() => {
                    let message = message.context("the server closed a connection")??;
                    if let Message::Text(text) = &message {
                        self.hear(text).await?;
                    }
                }
                () = at(tell_at), if tell_at.is_some() => self.tell().await?,
                () = at(again_at), if again_at.is_some() => self.send_again().await?,
            }
        }
    }

    async fn obey(&mut self, order: Order) -> anyhow::Result<()> {
        match order {
            Order::Send(index) => {
                self.keeps = false;
                self.send(index).await?;
            }
            Order::Keep(count) => {
                self.keeps = true;
                for _ in 0..count {
                    self.send_next().await?;
                }
            }
        }
        Ok(())
    }

    async fn hear(&mut self, packet: &str) -> anyhow::Result<()> {
        match Heard::read(packet)? {
            Heard::New(entry) => self.store(&entry),
            Heard::Answer(TOLD, ok) => {
                anyhow::ensure!(ok, "an acknowledgement was refused: {packet}");
                let phase = self.phase.borrow().clone();
                phase.told(std::mem::take(&mut self.telling));
            }
            Heard::Answer(number, true) => self.answered(number).await?,
            Heard::Answer(_, false) => {
                self.phase.borrow().refused(packet);
                self.again_at = self.again_at.or_else(|| Some(Instant::now() + AGAIN_AFTER));
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

    async fn answered(&mut self, number: u64) -> anyhow::Result<()> {
        let Some(place) = self.outbox.iter().position(|(sent, _)| *sent == number) else {
            // Sent again, and answered before.
            return Ok(());
        };
        self.outbox.remove(place);
        let known = self.phase.borrow().answered(number);
        if known && self.keeps { self.send_next().await } else { Ok(()) }
    }

    /// What a server would not take keeps what was sent after it from being taken, so all of it goes again.
    async fn send_again(&mut self) -> anyhow::Result<()> {
        self.again_at = None;
        for (_, packet) in &self.outbox {
            self.socket.feed(Message::text(packet.clone())).await?;
        }
        Ok(self.socket.flush().await?)
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
        let number = phase.packet(index);
        let packet = Dialect::send(number, &id, &self.seat.place);
        phase.sent(index);
        self.outbox.push_back((number, packet.clone()));
        if self.again_at.is_some() {
            // It would be refused like those before it.
            return Ok(());
        }
        self.write(packet).await
    }

    async fn write(&mut self, packet: String) -> anyhow::Result<()> {
        Ok(self.socket.send(Message::text(packet)).await?)
    }
}

/// Sleeps until then; `None` is not polled.
async fn at(moment: Option<Instant>) {
    if let Some(moment) = moment {
        sleep_until(moment).await;
    }
}

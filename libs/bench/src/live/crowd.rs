//! Everybody at their sockets, and the load that they make.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures::{StreamExt, TryStreamExt, stream};
use kernel::{Random, SeededRandom, SystemRandom};
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::member::{Member, Order, Seat};
use super::outcome::Outcome;
use super::phase::{Due, Kind, Phase};

/// Connections being opened at once.
const AT_ONCE: usize = 16;
/// How long after the last message the rest may take to arrive.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(5);
/// Messages a second for which there is room when senders send as fast as they can.
const ROOM_PER_S: usize = 30_000;
const SEED: u64 = 2_026;

/// Everybody at their sockets.
#[derive(Debug)]
pub(crate) struct Crowd {
    orders: Vec<UnboundedSender<Order>>,
    members: JoinSet<anyhow::Result<()>>,
    phase: watch::Sender<Arc<Phase>>,
    kind: Kind,
    phases: u32,
}

impl Crowd {
    /// Connects everybody. Each message has to reach so many others.
    pub(crate) async fn connect(seats: Vec<Seat>, recipients: u32) -> anyhow::Result<Self> {
        let first = seats.first().context("nobody there")?;
        let tellers = if first.tells { first.dialect.tellers(recipients) } else { 0 };
        let kind = Kind { run: run(), recipients, tellers };
        let phase = watch::Sender::new(Arc::new(Phase::new(0, &kind, 0, Duration::ZERO)));
        let open = |seat: Seat| {
            let (sender, receiver) = mpsc::unbounded_channel();
            let phase = phase.subscribe();
            async move {
                Ok::<_, anyhow::Error>((sender, Member::connect(seat, receiver, phase).await?))
            }
        };
        let opened: Vec<_> = stream::iter(seats).map(open).buffered(AT_ONCE).try_collect().await?;
        let (mut orders, mut members) = (Vec::new(), JoinSet::new());
        for (sender, member) in opened {
            orders.push(sender);
            members.spawn(member.run());
        }
        Ok(Self { orders, members, phase, kind, phases: 0 })
    }

    /// So many messages a second on average, by anybody at any moment, whether earlier ones came through or not.
    pub(crate) async fn paced(&mut self, rate: f64, length: Duration) -> anyhow::Result<Outcome> {
        let dues = schedule(rate, length, self.orders.len());
        let phase = self.begin(dues.len(), length);
        let planned = phase.plan(&dues);
        let (orders, begun) = (self.orders.clone(), phase.begun());
        // A thread of its own: timers of the runtime are only as fine as a millisecond.
        let pacing = tokio::task::spawn_blocking(move || {
            for (index, due) in planned {
                let at = begun + due.after;
                std::thread::sleep(at.saturating_duration_since(Instant::now()));
                let to = usize::try_from(due.sender).ok().and_then(|sender| orders.get(sender));
                // One who has left makes the phase fail anyway.
                let _ = to.map(|order| order.send(Order::Send(index)));
            }
        });
        let outcome = self.end(&phase, length).await;
        pacing.await?;
        outcome
    }

    /// Every other member keeps so many messages under way for so long.
    pub(crate) async fn full(
        &mut self,
        window: usize,
        length: Duration,
    ) -> anyhow::Result<Outcome> {
        let seconds = usize::try_from(length.as_secs())?.max(1);
        let phase = self.begin(ROOM_PER_S * seconds, length);
        for order in self.orders.iter().step_by(2) {
            order.send(Order::Keep(window)).context("a member has left")?;
        }
        self.end(&phase, length).await
    }

    /// Closes all connections.
    pub(crate) async fn leave(mut self) -> anyhow::Result<()> {
        self.orders.clear();
        while let Some(left) = self.members.join_next().await {
            left??;
        }
        Ok(())
    }

    fn begin(&mut self, room: usize, length: Duration) -> Arc<Phase> {
        self.phases += 1;
        let phase = Arc::new(Phase::new(self.phases, &self.kind, room, length));
        self.phase.send_replace(Arc::clone(&phase));
        phase
    }

    /// Waits until all messages have come to their end, or for as long as anybody would.
    async fn end(&mut self, phase: &Phase, length: Duration) -> anyhow::Result<Outcome> {
        let last = phase.begun() + length + PATIENCE;
        while !phase.is_over() && Instant::now() < last {
            if let Some(left) = self.members.try_join_next() {
                left??;
                anyhow::bail!("a member has left");
            }
            sleep(LOOK).await;
        }
        Ok(phase.outcome())
    }
}

/// Seven hexadecimal digits.
fn run() -> String {
    format!("{:07x}", SystemRandom.below(1 << 28))
}

/// Arrivals as of many people who know nothing of each other (a Poisson process), the same in every run.
fn schedule(rate: f64, length: Duration, people: usize) -> Vec<Due> {
    let random = SeededRandom::new(SEED);
    let people = u64::try_from(people).unwrap_or(u64::MAX);
    let (mut dues, mut after) = (Vec::new(), Duration::ZERO);
    loop {
        let drawn = u32::try_from(random.below(u64::from(u32::MAX))).unwrap_or_default();
        let share = (f64::from(drawn) + 1.0) / f64::from(u32::MAX);
        after += Duration::from_secs_f64(-share.ln() / rate);
        if after >= length {
            return dues;
        }
        let sender = u32::try_from(random.below(people)).unwrap_or_default();
        dues.push(Due { after, sender });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_are_as_many_as_asked_for_and_in_order() {
        let dues = schedule(100.0, Duration::from_secs(100), 10);
        assert!((9_000..11_000).contains(&dues.len()), "{}", dues.len());
        assert!(dues.is_sorted_by_key(|due| due.after));
        assert!((0..10).all(|who| dues.iter().any(|due| due.sender == who)));
        let gap = Duration::from_millis(50);
        assert!(dues.windows(2).any(|two| two[0].after + gap < two[1].after), "not evenly");
    }
}

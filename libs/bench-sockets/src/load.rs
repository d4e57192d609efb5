use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use futures::stream::{self, StreamExt, TryStreamExt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, timeout};

use super::client::Client;
use super::process::Server;

/// Clients that connect at the same time.
const CONNECTING: usize = 64;
/// Echoes of one client under way.
const ECHOES: usize = 4;
/// Bytes of what is sent to everybody.
const BYTES: usize = 100;

/// Clients of one server.
pub(crate) struct Load {
    clients: Vec<Client>,
    took: Duration,
}

/// What came of a measurement.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) per_s: f64,
    /// The server's processor time for each.
    pub(crate) cpu_us: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// When the next is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// One in so many milliseconds.
    EachMs(u64),
    /// So many are under way.
    Window(u64),
}

impl Load {
    pub(crate) async fn connect(server: &Server, count: usize) -> Result<Self> {
        let began = Instant::now();
        let clients = stream::iter(0..count)
            .map(|index| Client::connect(server.address, index))
            .buffer_unordered(CONNECTING)
            .try_collect()
            .await?;
        Ok(Self { clients, took: began.elapsed() })
    }

    pub(crate) fn took(&self) -> Duration {
        self.took
    }

    /// Every client sends an echo as soon as one of its last has come back.
    pub(crate) async fn echo(self, server: &Server, time: Duration) -> Result<Figures> {
        let (cpu, began) = (server.cpu()?, Instant::now());
        let mut tasks = JoinSet::new();
        for client in self.clients {
            tasks.spawn(echoes(client, began + time));
        }
        let mut took = Vec::new();
        while let Some(each) = tasks.join_next().await {
            took.extend(each??);
        }
        figures(took, began.elapsed(), server.cpu()?.saturating_sub(cpu))
    }

    /// One client has the server send to everybody.
    pub(crate) async fn blast(
        mut self,
        server: &Server,
        time: Duration,
        pace: Pace,
    ) -> Result<Figures> {
        let mut sender = self.clients.pop().context("no client")?;
        let everybody = u64::try_from(self.clients.len())?;
        let (cpu, began) = (server.cpu()?, Instant::now());
        let heard = Arc::new(AtomicU64::new(0));
        let (times, mut took) = mpsc::unbounded_channel();
        for client in self.clients {
            tokio::spawn(listen(client, began, Arc::clone(&heard), times.clone()));
        }
        drop(times);
        let mut tick = interval(Duration::from_millis(match pace {
            Pace::EachMs(each) => each,
            Pace::Window(_) => 1,
        }));
        let mut sent = 0_u64;
        while began.elapsed() < time {
            let open = match pace {
                Pace::EachMs(_) => {
                    tick.tick().await;
                    true
                }
                // The sender hears it too, so its own copy paces it.
                Pace::Window(window) => {
                    sent.saturating_sub(heard.load(Ordering::Relaxed) / everybody) < window
                }
            };
            if open {
                sender
                    .send(&format!("42[\"blast\",\"{:0>BYTES$}\"]", began.elapsed().as_micros()))
                    .await?;
                sent += 1;
            } else {
                tokio::task::yield_now().await;
            }
        }
        let all = sent * everybody;
        let end = Instant::now() + Duration::from_secs(20);
        while heard.load(Ordering::Relaxed) < all && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let (elapsed, cpu) = (began.elapsed(), server.cpu()?.saturating_sub(cpu));
        drop(sender);
        let mut samples = Vec::new();
        while let Ok(sample) = took.try_recv() {
            samples.extend::<Vec<Duration>>(sample);
        }
        let mut figures = figures(samples, elapsed, cpu)?;
        let heard = f64::from(u32::try_from(heard.load(Ordering::Relaxed))?.max(1));
        figures.per_s = heard / elapsed.as_secs_f64();
        figures.cpu_us = cpu.as_secs_f64() * 1e6 / heard;
        Ok(figures)
    }
}

async fn echoes(mut client: Client, end: Instant) -> Result<Vec<Duration>> {
    let mut took = Vec::new();
    let mut sent = std::collections::VecDeque::new();
    let mut id = 0_u64;
    while Instant::now() < end || !sent.is_empty() {
        while sent.len() < ECHOES && Instant::now() < end {
            client.send(&format!("42{id}[\"echo\",\"{id:0>BYTES$}\"]")).await?;
            sent.push_back(Instant::now());
            id += 1;
        }
        timeout(Duration::from_secs(20), client.next()).await??;
        took.extend(sent.pop_front().map(|began| began.elapsed()));
    }
    Ok(took)
}

/// Counts what comes, and tells of one in sixteen how long it took.
async fn listen(
    mut client: Client,
    began: Instant,
    heard: Arc<AtomicU64>,
    times: mpsc::UnboundedSender<Vec<Duration>>,
) {
    let mut number = 0_u64;
    while let Ok(frame) = client.next().await {
        if !frame.starts_with(b"42[\"n\"") {
            continue;
        }
        if number.is_multiple_of(16) {
            let digits = &frame[b"42[\"n\",\"".len()..][..BYTES];
            let sent: u64 =
                std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
            let _ = times.send(vec![began.elapsed().saturating_sub(Duration::from_micros(sent))]);
        }
        number += 1;
        heard.fetch_add(1, Ordering::Relaxed);
    }
}

fn figures(mut took: Vec<Duration>, elapsed: Duration, cpu: Duration) -> Result<Figures> {
    took.sort_unstable();
    let at = |percent: usize| {
        let index = (took.len() * percent / 100).min(took.len().saturating_sub(1));
        took.get(index).map(|time| time.as_secs_f64() * 1e3).context("nothing came back")
    };
    let count = f64::from(u32::try_from(took.len())?);
    Ok(Figures {
        per_s: count / elapsed.as_secs_f64(),
        cpu_us: cpu.as_secs_f64() * 1e6 / count,
        p50_ms: at(50)?,
        p99_ms: at(99)?,
    })
}

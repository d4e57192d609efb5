//! What people write to each other, at a pace that does not wait for anybody.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::Client;
use futures::StreamExt;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use kernel::{ConversationId, EntryId, Random, SeededRandom};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use crate::crowd::Crowd;

/// For what was asked for last to be acknowledged, and for more of it.
const PATIENCE: Duration = Duration::from_mins(2);

/// One message that was acknowledged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said {
    /// The conversation's number in the crowd, and the writer's.
    pub(crate) talk: usize,
    pub(crate) writer: usize,
    /// The writer's first message there is 0.
    pub(crate) number: usize,
    pub(crate) id: EntryId,
    pub(crate) seq: u64,
    pub(crate) sent: Instant,
    pub(crate) acknowledged: Instant,
}

/// How much is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Messages a second, of all together.
    pub(crate) rate: u32,
    /// Of each message, and some more.
    pub(crate) letters: usize,
    /// The number of each one's first message; those of an earlier traffic were lower.
    pub(crate) first: usize,
}

impl Pace {
    /// So many short messages a second.
    pub(crate) const fn of(rate: u32) -> Self {
        Self { rate, letters: 0, first: 0 }
    }
}

/// Messages on their way, from all who write.
pub(crate) struct Traffic {
    stop: watch::Sender<bool>,
    said: Arc<Mutex<Vec<Said>>>,
    count: watch::Receiver<usize>,
    lines: Vec<JoinHandle<()>>,
}

impl Traffic {
    /// At times drawn by the seed.
    pub(crate) fn start(crowd: &Crowd, pace: Pace, seed: u64) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (counted, count) = watch::channel(0);
        let said = Arc::<Mutex<Vec<Said>>>::default();
        let all = crowd.talks.iter().map(|talk| talk.writers.len()).sum::<usize>();
        let pause = Duration::from_secs(u64::try_from(all).unwrap()) / pace.rate;
        let counted = Arc::new(counted);
        let mut lines = Vec::new();
        for (number, talk) in crowd.talks.iter().enumerate() {
            for writer in &talk.writers {
                let seed = seed.wrapping_mul(1 << 20).wrapping_add(lines.len() as u64);
                let line = Line {
                    client: Arc::clone(&crowd.members[*writer].client),
                    to: talk.id,
                    who: (number, *writer),
                    pace,
                    pause,
                    random: SeededRandom::new(seed),
                    said: Arc::clone(&said),
                    count: Arc::clone(&counted),
                };
                lines.push(tokio::spawn(line.run(stopped.clone())));
            }
        }
        Self { stop, said, count, lines }
    }

    /// What has been acknowledged so far.
    pub(crate) fn said(&self) -> Vec<Said> {
        self.said.lock().unwrap().clone()
    }

    /// Waits until so many more are acknowledged.
    pub(crate) async fn goes_on(&self, more: usize) {
        let mut count = self.count.clone();
        let goal = *count.borrow() + more;
        let reached = timeout(PATIENCE, count.wait_for(|count| *count >= goal)).await;
        assert!(reached.is_ok(), "only {} of {goal} were acknowledged", *self.count.borrow());
    }

    /// Stops writing; answers when everything that was written is acknowledged.
    pub(crate) async fn stop(self) -> Vec<Said> {
        self.stop.send_replace(true);
        let ended = timeout(PATIENCE, join_all(self.lines)).await;
        for line in ended.unwrap_or_else(|_| panic!("not everything was acknowledged")) {
            line.unwrap();
        }
        self.said.lock().unwrap().clone()
    }
}

/// One message of somebody in a conversation, acknowledged when this answers.
pub(crate) async fn say(crowd: &Crowd, talk: usize, writer: usize, number: usize) -> Said {
    write(crowd, talk, writer, number).await.await
}

/// As [`say`], in the outbox when this answers, and acknowledged when that does.
pub(crate) async fn write(
    crowd: &Crowd,
    talk: usize,
    writer: usize,
    number: usize,
) -> impl Future<Output = Said> + use<> {
    let sent = Instant::now();
    let client = &crowd.members[writer].client;
    let answer = client.send(crowd.talks[talk].id, words(writer, number, 0)).await.unwrap();
    async move {
        let entry = timeout(PATIENCE, answer).await.unwrap().unwrap().unwrap();
        let (id, seq, acknowledged) = (entry.id, entry.seq, Instant::now());
        Said { talk, writer, number, id, seq, sent, acknowledged }
    }
}

/// By which a message is known again.
fn words(writer: usize, number: usize, letters: usize) -> String {
    format!("{writer} {number} {:x<letters$}", "")
}

/// What one person writes in one conversation.
struct Line {
    client: Arc<Client>,
    to: ConversationId,
    who: (usize, usize),
    pace: Pace,
    /// Between two messages, on average.
    pause: Duration,
    random: SeededRandom,
    said: Arc<Mutex<Vec<Said>>>,
    count: Arc<watch::Sender<usize>>,
}

impl Line {
    async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut answers = FuturesUnordered::new();
        let (mut number, mut stopped) = (self.pace.first, false);
        let mut next = Instant::now() + self.next_pause();
        while !stopped || !answers.is_empty() {
            tokio::select! {
                _ = stop.changed(), if !stopped => stopped = true,
                () = sleep_until(next), if !stopped => {
                    let sent = Instant::now();
                    let text = words(self.who.1, number, self.pace.letters);
                    let answer = self.client.send(self.to, text).await.unwrap();
                    answers.push(async move { (number, sent, answer.await) });
                    number += 1;
                    next += self.next_pause();
                }
                Some((number, sent, answer)) = answers.next() => {
                    let entry = answer.unwrap().unwrap();
                    let (talk, writer) = self.who;
                    let (id, seq, acknowledged) = (entry.id, entry.seq, Instant::now());
                    let said = Said { talk, writer, number, id, seq, sent, acknowledged };
                    self.said.lock().unwrap().push(said);
                    self.count.send_modify(|count| *count += 1);
                }
            }
        }
    }

    fn next_pause(&self) -> Duration {
        let twice = u64::try_from(2 * self.pause.as_micros()).unwrap();
        Duration::from_micros(self.random.below(twice + 1))
    }
}

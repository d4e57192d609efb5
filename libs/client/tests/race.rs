//! Entries are published without a pause while clients come and go all the time: no hole, nothing twice, everything in
//! order, on every client.
//!
//! A run ends after a minute, or when all entries are written; with `RESTANTE_LONG=1` only then. `RESTANTE_RACE_ENTRIES` sets
//! how many entries, `RESTANTE_SEED` repeats a run's random choices.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod town;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::protocol::Entry;
use client::rest::Session;
use client::{Client, Memory, Settings};
use futures::StreamExt;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use kernel::{ConversationId, EntryId, Random, SeededRandom, SystemClock, SystemRandom, UserId};
use serde::Deserialize;
use testkit::stack::Shape;
use tokio::sync::watch;
use tokio::time::Instant;
use town::Town;

/// Entries of one run, over all conversations.
const ENTRIES: usize = 100_000;
/// No more is written after this, unless `RESTANTE_LONG=1`.
const WRITING: Duration = Duration::from_mins(1);
const PAIRS: usize = 10;
/// Devices of the two people of a pair.
const DEVICES: [usize; 2] = [1, 2];
/// Messages of one writer under way.
const WINDOW: usize = 48;
/// A device drops its connection after at most so many entries.
const STAY: u64 = 600;
/// All entries are with all clients after this, on a machine that does other things as well.
const PATIENCE: Duration = Duration::from_mins(4);

/// One device of one person.
struct Device {
    settings: Settings,
    user: UserId,
    conversation: ConversationId,
    storage: Arc<Memory>,
    writes: bool,
    goal: Arc<Goal>,
}

/// How much is written, and how long.
#[derive(Clone)]
struct Plan {
    each: usize,
    until: Instant,
    clock: Arc<SystemClock>,
}

/// What a pair has written, once both have.
struct Goal {
    writing: Mutex<(usize, u64)>,
    total: watch::Sender<Option<u64>>,
}

impl Goal {
    fn written(&self, count: usize) {
        let mut writing = self.writing.lock().unwrap();
        writing.0 -= 1;
        writing.1 += count as u64;
        if writing.0 == 0 {
            self.total.send_replace(Some(writing.1));
        }
    }
}

/// What a writer was told of its messages: position and id, in the order of writing.
type Written = Vec<(u64, EntryId)>;

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_come_and_go_all_the_time_miss_nothing() {
    let seed = number("RESTANTE_SEED").unwrap_or_else(|| SystemRandom.below(1 << 32));
    let long = number("RESTANTE_LONG") == Some(1);
    let entries = number("RESTANTE_RACE_ENTRIES").map(|n| usize::try_from(n).unwrap());
    let entries = entries.unwrap_or(ENTRIES);
    let writing = if long { PATIENCE } else { WRITING };
    eprintln!("seed {seed}");
    let town = Town::build(Shape::Split, &[]).await;
    let outcome = tokio::spawn(race(town.clone(), seed, entries, writing)).await;
    town.down(outcome.is_ok()).await;
    outcome.unwrap();
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

async fn race(town: Town, seed: u64, entries: usize, writing: Duration) {
    let pairs = join_all((0..PAIRS).map(|pair| devices(&town, pair))).await;
    let plan = Plan {
        each: entries / (PAIRS * DEVICES.len()),
        until: Instant::now() + writing,
        clock: Arc::new(SystemClock::default()),
    };
    let begin = Instant::now();
    let mut running = Vec::new();
    for (number, device) in pairs.iter().flatten().enumerate() {
        let random = SeededRandom::new(seed.wrapping_add(number as u64));
        running.push(tokio::spawn(live(Arc::clone(device), plan.clone(), Arc::new(random))));
    }
    let Ok(lives) = tokio::time::timeout(PATIENCE, join_all(running)).await else {
        let stand = |device: &Arc<Device>| {
            (*device.goal.total.borrow(), device.storage.whole(device.conversation))
        };
        let stands: Vec<_> = pairs.iter().flatten().map(stand).collect();
        panic!("not everything reached everybody in time: {stands:?}");
    };
    let took = begin.elapsed();
    let lives: Vec<(Written, u64)> = lives.into_iter().map(Result::unwrap).collect();
    let mut lives = lives.into_iter();
    let (mut total, mut connections) = (0, 0);
    for pair in &pairs {
        let lives: Vec<(Written, u64)> = lives.by_ref().take(pair.len()).collect();
        connections += lives.iter().map(|(_, connections)| connections).sum::<u64>();
        let writers = pair.iter().zip(&lives).filter(|(device, _)| device.writes);
        let written: HashMap<UserId, &Written> =
            writers.map(|(device, (written, _))| (device.user, written)).collect();
        let count = written.values().map(|written| written.len()).sum();
        for device in pair {
            check(device, &written, count);
        }
        total += count;
    }
    let clients = pairs.iter().flatten().count();
    let reconnects = connections - clients as u64;
    let seconds = took.as_secs_f64();
    eprintln!(
        "{total} entries to {clients} clients, {reconnects} reconnects, {seconds:.1} s, seed {seed}"
    );
}

/// The devices of a pair and their conversation, over both instances.
async fn devices(town: &Town, pair: usize) -> Vec<Arc<Device>> {
    let mut sessions = Vec::new();
    for (person, count) in DEVICES.iter().enumerate() {
        for _ in 0..*count {
            let session = town.login(&format!("race{pair}-{person}")).await;
            let writes =
                sessions.iter().all(|(other, _): &(Session, bool)| other.user != session.user);
            sessions.push((session, writes));
        }
    }
    let (one, other) = (&sessions.first().unwrap().0, &sessions.last().unwrap().0);
    let conversation = town.rest.talk_to(one, other.user).await.unwrap();
    let total = watch::Sender::new(None);
    let goal = Arc::new(Goal { writing: Mutex::new((DEVICES.len(), 0)), total });
    let device = |(number, (session, writes)): (usize, &(Session, bool))| {
        let mut bases = town.instances.clone();
        bases.rotate_left(number % town.instances.len());
        Arc::new(Device {
            settings: Settings { bases, token: session.token.clone() },
            user: session.user,
            conversation,
            storage: Arc::new(Memory::default()),
            writes: *writes,
            goal: Arc::clone(&goal),
        })
    };
    sessions.iter().enumerate().map(device).collect()
}

/// Writes, loses its connection now and then, and ends when it has everything and all it wrote is acknowledged. Says how
/// many connections it took.
async fn live(device: Arc<Device>, plan: Plan, random: Arc<dyn Random>) -> (Written, u64) {
    let start = || {
        let storage = Arc::clone(&device.storage);
        let clock = Arc::clone(&plan.clock);
        let client = Client::start(device.settings.clone(), storage, clock, Arc::clone(&random));
        Arc::new(client.unwrap())
    };
    let mut client = start();
    let writer = device.writes.then(|| {
        let (client, device, plan) = (Arc::clone(&client), Arc::clone(&device), plan.clone());
        tokio::spawn(async move { write(&client, &device, &plan).await })
    });
    let mut stored = device.storage.follow(device.conversation);
    let mut goal = device.goal.total.subscribe();
    let mut connections = 0;
    let mut next = random.below(STAY) + 1;
    loop {
        let total = *goal.borrow_and_update();
        let whole = *stored.borrow_and_update();
        if total.is_some_and(|total| whole >= total) {
            break;
        }
        if whole < next {
            tokio::select! {
                changed = stored.changed() => changed.unwrap(),
                changed = goal.changed() => changed.unwrap(),
            }
            continue;
        }
        next = whole + random.below(STAY) + 1;
        // A device that does not write also dies at once and begins again from what it has stored.
        if !device.writes && random.below(2) == 0 {
            connections += client.state().borrow().connections;
            // Two at a time would store into the same place.
            Arc::into_inner(client).unwrap().close().await;
            client = start();
        } else {
            client.cut().await;
        }
    }
    let written = match writer {
        Some(writer) => writer.await.unwrap(),
        None => Vec::new(),
    };
    connections += client.state().borrow().connections;
    (written, connections)
}

async fn write(client: &Client, device: &Device, plan: &Plan) -> Written {
    let mut answers = FuturesUnordered::new();
    let mut written = Vec::new();
    let mut next = 0;
    loop {
        while next < plan.each && Instant::now() < plan.until && answers.len() < WINDOW {
            let text = next.to_string();
            let (number, answer) = (next, client.send(device.conversation, text).await.unwrap());
            answers.push(async move { (number, answer.await) });
            next += 1;
        }
        let Some((number, answer)) = answers.next().await else { break };
        let entry = answer.unwrap().unwrap();
        written.resize(next, None);
        written[number] = Some((entry.seq, entry.id));
    }
    device.goal.written(next);
    written.into_iter().map(Option::unwrap).collect()
}

/// The whole log is there, once, where it was acknowledged to be, and everybody's messages in the order of writing.
fn check(device: &Device, written: &HashMap<UserId, &Written>, count: usize) {
    let entries = device.storage.entries(device.conversation);
    let seqs: Vec<u64> = entries.iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, (1..=count as u64).collect::<Vec<_>>(), "a hole, or one too many");
    assert_eq!(device.storage.repeated(), 0, "twice");
    let mut numbers: HashMap<UserId, usize> = HashMap::new();
    for entry in &entries {
        let number = numbers.entry(entry.sender_id).or_default();
        assert_eq!(text(entry), number.to_string(), "out of order at {}", entry.seq);
        let acknowledged = written[&entry.sender_id][*number];
        assert_eq!((entry.seq, entry.id), acknowledged, "elsewhere than was acknowledged");
        assert_eq!(entry.count, entry.seq);
        *number += 1;
    }
}

fn text(entry: &Entry) -> String {
    #[derive(Deserialize)]
    struct Text {
        text: String,
    }
    let data = entry
        .data
        .as_deref()
        .unwrap_or_else(|| panic!("forgotten before this device had stored it"));
    serde_json::from_str::<Text>(data.get()).unwrap().text
}

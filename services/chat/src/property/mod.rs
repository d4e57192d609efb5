//! Random things happen to the real service, on the real stores; after each the whole state is what a simple model of the
//! promises says. `docs/reliability.md` says how many cases run, and how to run more.
//!
//! `RESTANTE_CASES` is how many in memory, with the others in proportion; `RESTANTE_SEED` runs one case alone and prints what happens in it.

mod changes;
mod compare;
mod op;
mod oracle;
mod sends;
mod stores;
mod world;

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, anyhow};
use futures::FutureExt;
use futures::future::join_all;
use kernel::SeededRandom;
use settings::Chat as ChatSettings;

use self::op::Op;
use self::stores::Store;
use self::world::World;

/// Cases in the test command.
const IN_MEMORY: u64 = 20_000;
const IN_A_FILE: u64 = 200;
const ON_MONGO: u64 = 400;
/// Tries to find a shorter list that fails as well.
const SHRINKS: u32 = 400;

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|value| value.parse().ok())
}

fn settings() -> ChatSettings {
    let mut settings = settings::Settings::load(None, [], &[]).unwrap().chat;
    settings.limits.sends_per_second = 1_000_000;
    settings.limits.sends_burst = 1_000_000;
    settings.limits.changes_per_minute = 1_000_000;
    settings.delivery.fold_ms = 0;
    settings.delivery.fold_most_ms = 0;
    settings
}

/// One list of things, from nothing.
async fn happens(
    store: &Store,
    settings: &ChatSettings,
    (seed, turn): (u64, u64),
    ops: &[Op],
) -> Result<()> {
    store.clean();
    // Ids of a second try are others, in case the store is the same.
    let random = Arc::new(SeededRandom::new(seed ^ (turn << 40)));
    let case = async {
        let mut world = World::new(store, settings, random).await?;
        for (number, op) in ops.iter().enumerate() {
            world.step(op).await.with_context(|| format!("step {number}, {op:?}"))?;
        }
        world.compare_at_the_end().await.context("at the end")
    };
    let ended = AssertUnwindSafe(case).catch_unwind().await;
    ended.unwrap_or_else(|_| Err(anyhow!("it panicked")))
}

/// Runs the case of a seed; what fails is told as a short list.
async fn case(store: &Store, settings: &ChatSettings, seed: u64) -> Result<(), String> {
    let mut ops = op::draw(&SeededRandom::new(seed));
    let Err(mut error) = happens(store, settings, (seed, 0), &ops).await else { return Ok(()) };
    let mut turn = 0;
    let mut size = ops.len().div_ceil(2);
    while size > 0 && turn < u64::from(SHRINKS) {
        let mut from = 0;
        let before = ops.len();
        while from < ops.len() && turn < u64::from(SHRINKS) {
            let mut fewer = ops.clone();
            fewer.drain(from..(from + size).min(ops.len()));
            turn += 1;
            match happens(store, settings, (seed, turn), &fewer).await {
                Ok(()) => from += size,
                Err(other) => (ops, error) = (fewer, other),
            }
        }
        size = if size == 1 && ops.len() < before { 1 } else { size / 2 };
    }
    let list: Vec<String> = ops.iter().map(|op| format!("  {op:?}")).collect();
    Err(format!("RESTANTE_SEED={seed}: {error:#}\n{}", list.join("\n")))
}

/// Works through the seeds until there are no more.
async fn work(store: Store, next: &AtomicU64, last: u64) -> Result<(), String> {
    let settings = settings();
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed > last {
            return Ok(());
        }
        if let Err(failure) = case(&store, &settings, seed).await {
            next.store(last, Ordering::Relaxed);
            return Err(failure);
        }
    }
}

/// The seeds of a test: how many usually, and how many more if more are asked for.
fn seeds(usually: u64) -> (AtomicU64, u64) {
    if let Some(seed) = variable("RESTANTE_SEED") {
        for op in op::draw(&SeededRandom::new(seed)) {
            println!("  {op:?}");
        }
        return (AtomicU64::new(seed), seed);
    }
    let all = variable("RESTANTE_CASES").map_or(usually, |cases| cases * usually / IN_MEMORY);
    (AtomicU64::new(1), all.max(1))
}

/// Several at a time, over one store each makes itself or has from the others.
async fn work_together<F: Future<Output = Store>>(
    usually: u64,
    workers: usize,
    store: impl Fn() -> F,
) {
    let (next, last) = seeds(usually);
    let workers = (0..workers).map(|_| async { work(store().await, &next, last).await });
    for worked in join_all(workers).await {
        worked.unwrap_or_else(|failure| panic!("{failure}"));
    }
}

#[test]
fn sqlite_in_memory() {
    let (next, last) = seeds(IN_MEMORY);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let run = || {
            // Time stands still while there is something to do, so that pauses cost nothing.
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_time().start_paused(true).build().unwrap();
            runtime.block_on(async { work(Store::memory().await, &next, last).await })
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        for thread in threads {
            thread.join().unwrap().unwrap_or_else(|failure| panic!("{failure}"));
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = AtomicU64::new(0);
    let open = || {
        let name = format!("{}.db", file.fetch_add(1, Ordering::Relaxed));
        Store::file(folder.path().join(name))
    };
    work_together(IN_A_FILE, 4, open).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mongo() {
    // A database for each, since the clocks of cases differ, and a sweep goes by them.
    let databases = Mutex::new(Vec::new());
    let open = || async {
        let url = testkit::servers::mongo_database_url(&testkit::unique("property")).await.unwrap();
        let db = crate::mongo::open(&url, "property").await.unwrap();
        crate::mongo::create_indexes(&db).await.unwrap();
        databases.lock().unwrap().push(db.clone());
        Store::Mongo { db }
    };
    work_together(ON_MONGO, 8, open).await;
    for db in databases.into_inner().unwrap() {
        db.drop().await.unwrap();
    }
}

//! Whole instances of the service, run again and again while everything around them goes wrong: events get lost, doubled,
//! late; commands land late, their replies never come; a primary is lost with what no majority had; instances end at any
//! moment; networks part. Time is the runtime's, which stands still while there is something to do, and chance is drawn from
//! one seed. In the end everything heals, and then nothing may be lost, doubled, out of order or forgotten too early.
//!
//! `RESTANTE_SEEDS` is how many runs, `RESTANTE_SEED` makes one alone and prints its diary.

mod air;
mod check;
mod client;
mod disk;
mod instance;
mod log;
mod server;
mod story;
mod talk;
mod weather;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use sqlite::{Database, Engine};

pub use self::air::Keys;
use self::server::{DEADLINE, Server, Wire};
use self::weather::{Broken, Weather};

/// Runs on one seed take this many in the test command.
const USUALLY: u64 = 400;
/// Within so many seeds every broken rule has to be found.
const FOUND_WITHIN: u64 = 100;

pub fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|value| value.parse().ok())
}

/// A database that loses nothing and takes its time with every command: by seed, anything comes in between anything.
pub async fn slow_database(seed: u64) -> Database {
    let wire = Wire { server: Server::new(Weather::slow(seed)), cut: Arc::default() };
    let db = Database::on(Arc::new(wire) as Arc<dyn Engine>, DEADLINE);
    crate::sqlite::migrate(&db).await.unwrap();
    db
}

/// One run from its seed: what went wrong, and the diary.
fn run(seed: u64, broken: Option<Broken>) -> (Result<(), String>, Vec<String>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(story::tell(seed, broken))
}

/// Runs every seed up to the last, on all cores, until one fails.
fn run_all(last: u64, broken: Option<Broken>) -> Option<(u64, String, Vec<String>)> {
    let next = AtomicU64::new(1);
    let failed = Mutex::new(None);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > last || failed.lock().unwrap().is_some() {
                        return;
                    }
                    if let (Err(what), diary) = run(seed, broken) {
                        failed.lock().unwrap().get_or_insert((seed, what, diary));
                    }
                }
            });
        }
    });
    failed.into_inner().unwrap()
}

#[test]
fn nothing_is_lost_doubled_reordered_or_forgotten_too_early() {
    if let Some(seed) = variable("RESTANTE_SEED") {
        let (outcome, diary) = run(seed, None);
        println!("{}", diary.join("\n"));
        return outcome.unwrap();
    }
    let last = variable("RESTANTE_SEEDS").unwrap_or(USUALLY);
    if let Some((seed, what, diary)) = run_all(last, None) {
        let from = diary.len().saturating_sub(60);
        panic!("RESTANTE_SEED={seed}: {what}\n{}", diary[from..].join("\n"));
    }
}

#[test]
fn a_seed_tells_the_same_story_again() {
    for seed in 1..=5 {
        let (first, second) = (run(seed, None).1, run(seed, None).1);
        let differs = first.iter().zip(&second).position(|(one, other)| one != other);
        assert_eq!(differs, None, "seed {seed}: {:?}", differs.map(|at| (&first[at], &second[at])));
        assert_eq!(first.len(), second.len(), "seed {seed}");
    }
}

fn is_found(broken: Broken) {
    let (seed, what, _) = run_all(FOUND_WITHIN, Some(broken)).expect("it was not found");
    println!("{broken:?}: seed {seed}: {what}");
}

#[test]
fn finds_that_an_entry_is_published_only_after_it_was_acknowledged() {
    is_found(Broken::PublishAfterAcknowledging);
}

#[test]
fn finds_an_unordered_insert_within_a_conversation() {
    is_found(Broken::UnorderedInsert);
}

#[test]
fn finds_a_floor_that_does_not_wait_for_a_device() {
    is_found(Broken::FloorForgetsADevice);
}

#[test]
fn finds_reads_of_what_is_not_on_a_majority() {
    is_found(Broken::LocalReads);
}

#[test]
fn finds_an_insert_that_is_taken_for_done() {
    is_found(Broken::TakesUnknownForStored);
}

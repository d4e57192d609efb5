//! A process on SQLite that is killed at random moments while people send, store and are forgotten.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use auth::Identity;
use kernel::{Clock, ConversationId, EntryId, ManualClock, Random, SeededRandom};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::place::Place;
use super::stores::in_folder;
use crate::contract::asked;
use crate::delivery::retention;

const FOLDER: &str = "RESTANTE_TEST_FOLDER";
const SEED: &str = "RESTANTE_TEST_SEED";
/// The longest life of a process after its first acknowledgement, in milliseconds.
const LIFE_MS: u64 = 60;
/// The longest life of one that is killed while it starts.
const START_MS: u64 = 150;

async fn place(folder: &Path, seed: u64) -> Place {
    let clock = Arc::new(ManualClock::default());
    let stores = in_folder(folder, Arc::clone(&clock) as Arc<dyn Clock>).await;
    Place::over(stores, clock, seed)
}

/// Says what it acknowledged, and is killed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the process that the next test starts and kills"]
async fn a_process_to_be_killed() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let place = Arc::new(place(&folder, asked(SEED, 0)).await);
    let mut working = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let (ann, bob) = (place.person(), place.person());
        let talk = place.between(&ann, &bob).await;
        let told = Arc::new(AtomicU64::new(0));
        for who in [ann, bob] {
            working.spawn(send(Arc::clone(&place), who, talk, Arc::clone(&told)));
        }
        working.spawn(store(Arc::clone(&place), [ann, bob], talk, told));
    }
    while let Some(ended) = working.join_next().await {
        ended.unwrap();
    }
}

async fn send(place: Arc<Place>, who: Identity, talk: ConversationId, told: Arc<AtomicU64>) {
    loop {
        let entry = place.say(&who, talk, "a text to be forgotten").await;
        told.fetch_max(entry.seq, Ordering::SeqCst);
        println!("sent {talk} {} {} {}", entry.seq, entry.count, entry.id);
    }
}

async fn store(
    place: Arc<Place>,
    everyone: [Identity; 2],
    talk: ConversationId,
    told: Arc<AtomicU64>,
) {
    loop {
        let seq = told.load(Ordering::SeqCst);
        for who in &everyone {
            place.stored(who, talk, seq).await.unwrap();
        }
        println!("stored {talk} {seq}");
        tokio::task::yield_now().await;
    }
}

/// What a killed process had said of one conversation.
#[derive(Debug, Default)]
struct Said {
    sent: Vec<(u64, u64, EntryId)>,
    stored: u64,
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let (seed, rounds) = (asked(SEED, 1), asked("RESTANTE_TEST_ROUNDS", 100));
    let folder = tempfile::tempdir().unwrap();
    let random = SeededRandom::new(seed);
    let (mut sent, mut stored, mut early) = (0, 0, 0);
    for round in 0..rounds {
        let said = lives_shortly(folder.path(), seed * 1_000_000 + round, &random).await;
        early += u64::from(said.is_empty());
        // As whoever starts after it.
        let place = place(folder.path(), seed * 1_000_000 + 500_000 + round).await;
        retention::sweep(&place.chat).await.unwrap();
        for (talk, said) in said {
            check(&place, talk, &said).await;
            sent += said.sent.len();
            stored += said.stored;
        }
        assert!(place.chat.delivery.unfinished(None, 10).await.unwrap().is_empty());
    }
    eprintln!(
        "seed {seed}: {rounds} kills ({early} before anything was said), {sent} messages acknowledged, {stored} delivered"
    );
    assert!(sent > 0 && stored > 0);
}

/// Starts a process and kills it: mostly while it works, sometimes while it starts.
async fn lives_shortly(
    folder: &Path,
    seed: u64,
    random: &SeededRandom,
) -> HashMap<ConversationId, Said> {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tests::killed::a_process_to_be_killed", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .env(SEED, seed.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap());
    let mut said = HashMap::new();
    if random.below(5) == 0 {
        tokio::time::sleep(Duration::from_millis(random.below(START_MS))).await;
    } else {
        while said.is_empty() {
            assert!(hear(&mut lines, &mut said).await, "it ended by itself");
        }
        let life = Duration::from_millis(random.below(LIFE_MS));
        // Heard all the time, or it would wait for us to listen.
        let talking = async { while hear(&mut lines, &mut said).await {} };
        let _ = tokio::time::timeout(life, talking).await;
    }
    process.kill().await.unwrap();
    while hear(&mut lines, &mut said).await {}
    said
}

/// Takes one line; none is left when it says so. What is no whole line was not said.
async fn hear(
    lines: &mut BufReader<tokio::process::ChildStdout>,
    said: &mut HashMap<ConversationId, Said>,
) -> bool {
    let mut line = String::new();
    lines.read_line(&mut line).await.unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        _ if !line.ends_with('\n') => return false,
        ["sent", talk, seq, count, id] => {
            let said = said.entry(talk.parse().unwrap()).or_default();
            said.sent.push((seq.parse().unwrap(), count.parse().unwrap(), id.parse().unwrap()));
        }
        ["stored", talk, seq] => {
            let said = said.entry(talk.parse().unwrap()).or_default();
            said.stored = said.stored.max(seq.parse().unwrap());
        }
        // The test runner's own words.
        _ => {}
    }
    true
}

async fn check(place: &Place, talk: ConversationId, said: &Said) {
    let log = place.chat.log.entries(talk, 0, u32::MAX).await.unwrap();
    let places = log.iter().map(|entry| (entry.seq, entry.count));
    assert!(places.eq((1..=log.len() as u64).map(|seq| (seq, seq))), "a hole, or a wrong count");
    for (seq, count, id) in &said.sent {
        let entry = &log[usize::try_from(*seq).unwrap() - 1];
        assert_eq!((entry.id, entry.count), (*id, *count), "acknowledged, and not there");
    }
    let head = place.chat.log.heads(&[talk]).await.unwrap()[0];
    let last = said.sent.iter().map(|(seq, ..)| *seq).max().unwrap_or(0);
    let counted = place.chat.conversations.get(talk).await.unwrap().unwrap();
    assert_eq!((head.seq, head.count), (log.len() as u64, log.len() as u64));
    assert!(counted.head_seq >= last && counted.head_count >= last, "acknowledged, not counted");
    let progress = place.chat.delivery.progress(talk).await.unwrap().unwrap();
    assert!(progress.floor >= said.stored, "a cursor is lost");
    let kept = log.iter().filter(|entry| entry.seq <= progress.floor && entry.data.is_some());
    assert_eq!(kept.count(), 0, "delivered, and not forgotten");
    let early = log.iter().filter(|entry| entry.seq > progress.floor && entry.data.is_none());
    assert_eq!(early.count(), 0, "forgotten, and not delivered");
}

//! What goes wrong, how often, and the diary of it.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kernel::{Clock, Random, SeededRandom, Timestamp};
use tokio::time::Instant;

/// A rule of the product that is broken on purpose: the simulation has to find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// An entry is published only after it was acknowledged.
    PublishAfterAcknowledging,
    /// Several entries of one conversation are inserted one by one, whatever became of those before.
    UnorderedInsert,
    /// The floor does not wait for one of the devices.
    FloorForgetsADevice,
    /// What is not on a majority yet is read, too.
    LocalReads,
    /// An insert of which nothing is known is taken for done.
    TakesUnknownForStored,
}

/// How often things go wrong, in percent, drawn once for a run.
#[derive(Debug, Clone)]
pub struct Rates {
    pub lost_replies: u64,
    pub late_commands: u64,
    /// By how much they are late, in milliseconds.
    pub late_ms: [u64; 2],
    pub lost_events: u64,
    pub doubled_events: u64,
    /// The longest way of an event, in milliseconds.
    pub event_ms: u64,
    /// The longest way of a command, in milliseconds.
    pub command_ms: u64,
    /// Writes reach a majority later than the primary, and may be lost with it.
    pub fail_overs: bool,
    /// The longest that a majority lies behind, in milliseconds.
    pub behind_ms: u64,
}

impl Rates {
    pub fn draw(random: &dyn Random) -> Self {
        let one_of = |values: [u64; 4]| values[usize::try_from(random.below(4)).unwrap_or(0)];
        Self {
            lost_replies: one_of([0, 1, 3, 8]),
            late_commands: one_of([0, 0, 1, 3]),
            late_ms: [500, 6_000],
            lost_events: one_of([0, 2, 10, 30]),
            doubled_events: one_of([0, 2, 10, 20]),
            event_ms: one_of([2, 20, 100, 400]),
            command_ms: one_of([2, 5, 20, 60]),
            fail_overs: random.below(3) == 0,
            behind_ms: one_of([20, 60, 300, 1_500]),
        }
    }
}

/// Chance, time and diary of one run.
#[derive(Debug)]
pub struct Weather {
    pub random: SeededRandom,
    pub rates: Rates,
    pub broken: Option<Broken>,
    start: Instant,
    calm: AtomicBool,
    diary: Mutex<Vec<String>>,
    wrong: Mutex<Option<String>>,
}

impl Weather {
    pub fn new(seed: u64, broken: Option<Broken>) -> Arc<Self> {
        let random = SeededRandom::new(seed);
        let mut rates = Rates::draw(&random);
        // These can only be seen when a primary is lost with something that was read.
        if matches!(broken, Some(Broken::LocalReads | Broken::TakesUnknownForStored)) {
            (rates.fail_overs, rates.behind_ms, rates.lost_events) = (true, 1_500, 30);
        }
        Arc::new(Self::with(random, rates, broken))
    }

    /// Nothing goes wrong, and everything takes its time.
    pub fn slow(seed: u64) -> Arc<Self> {
        let rates = Rates {
            lost_replies: 0,
            late_commands: 5,
            late_ms: [100, 1_000],
            lost_events: 0,
            doubled_events: 0,
            event_ms: 20,
            command_ms: 20,
            fail_overs: false,
            behind_ms: 0,
        };
        let weather = Self::with(SeededRandom::new(seed), rates, None);
        weather.set_calm(false);
        Arc::new(weather)
    }

    fn with(random: SeededRandom, rates: Rates, broken: Option<Broken>) -> Self {
        let (calm, diary) = (AtomicBool::new(true), Mutex::default());
        let (start, wrong) = (Instant::now(), Mutex::default());
        Self { random, rates, broken, start, calm, diary, wrong }
    }

    /// From now on nothing goes wrong, or things do.
    pub fn set_calm(&self, calm: bool) {
        self.calm.store(calm, Ordering::Relaxed);
        self.say(if calm { "calm" } else { "stormy" });
    }

    pub fn is_broken(&self, rule: Broken) -> bool {
        self.broken == Some(rule)
    }

    /// A seed for something that draws on its own.
    pub fn random_seed(&self) -> u64 {
        self.random.below(u64::MAX)
    }

    pub fn strikes(&self, percent: u64) -> bool {
        // Drawn in any case, so that one rate does not change all that follows.
        let drawn = self.random.below(100);
        !self.calm.load(Ordering::Relaxed) && drawn < percent
    }

    /// Up to that long.
    pub fn up_to(&self, millis: u64) -> Duration {
        let millis = if self.calm.load(Ordering::Relaxed) { millis.min(3) } else { millis };
        Duration::from_millis(self.random.below(millis + 1))
    }

    pub fn between(&self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.random.below(to - from + 1))
    }

    pub fn say(&self, what: impl Display) {
        let at = self.start.elapsed().as_millis();
        self.diary.lock().unwrap().push(format!("{at:>7} {what}"));
    }

    /// A promise was broken. The first one counts.
    pub fn wrong(&self, what: impl Display) {
        self.say(format_args!("WRONG: {what}"));
        self.wrong.lock().unwrap().get_or_insert_with(|| what.to_string());
    }

    pub fn verdict(&self) -> Result<(), String> {
        self.wrong.lock().unwrap().clone().map_or(Ok(()), Err)
    }

    pub fn diary(&self) -> Vec<String> {
        self.diary.lock().unwrap().clone()
    }
}

/// The runtime's clock, which stands still while there is something to do.
#[derive(Debug)]
pub struct VirtualClock {
    start: Instant,
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        // 2026-01-01
        Timestamp::from_millis(1_767_225_600_000).plus(self.start.elapsed())
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

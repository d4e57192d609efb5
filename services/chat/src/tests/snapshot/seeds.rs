//! The same over a database that takes its time with every command, now and then very long, so that by seed anything comes in between anything; and
//! people come while things change.
//!
//! `RESTANTE_SEEDS` is how many runs, `RESTANTE_SEED` makes one alone.

use std::sync::Arc;
use std::time::Duration;

use auth::Identity;
use futures::future::join_all;
use kernel::{ManualClock, Random, SeededRandom};
use tokio::time::sleep;

use super::Scene;
use super::watcher::Watcher;
use crate::log::entry::EntryType;
use crate::simulation::{slow_database, variable};
use crate::tests::place::Place;
use crate::tests::stores::in_database;

/// Runs in the test command.
const USUALLY: u64 = 40;
/// People come within so long after something begins to happen.
const WITHIN_MS: u64 = 3_000;

async fn play(seed: u64) {
    let clock = Arc::new(ManualClock::default());
    let stores = in_database(slow_database(seed).await, Arc::clone(&clock) as _);
    let mut scene = Scene::open(Place::over(stores, clock, seed)).await;
    let steady = scene.watchers.len();
    let random = SeededRandom::new(seed);
    for kind in EntryType::ALL {
        let were_here = scene.watchers.split_off(steady);
        let back = join_all(were_here.into_iter().map(|one| scene.comes_back(one, &random)));
        let new = join_all(scene.watchers.iter().map(|one| scene.comes(one.who, &random)));
        let ((), new, back) = tokio::join!(scene.act(kind), new, back);
        scene.watchers.extend(new);
        scene.watchers.extend(back);
        scene.settle(&format!("{kind:?}, RESTANTE_SEED={seed}")).await;
        scene.watchers.truncate(2 * steady);
    }
}

fn moment(random: &SeededRandom) -> Duration {
    Duration::from_millis(random.below(WITHIN_MS))
}

impl Scene {
    /// Somebody comes who knows nothing.
    async fn comes(&self, who: Identity, random: &SeededRandom) -> Watcher {
        sleep(moment(random)).await;
        self.house.watch(&who).await
    }

    /// Somebody loses the connection and comes again.
    async fn comes_back(&self, watcher: Watcher, random: &SeededRandom) -> Watcher {
        sleep(moment(random) / 2).await;
        let (who, shown) = watcher.leave();
        sleep(moment(random) / 2).await;
        self.house.connect(&who, shown).await
    }
}

#[test]
fn whoever_comes_while_things_change_shows_the_same_in_the_end() {
    let seeds = match variable("RESTANTE_SEED") {
        Some(seed) => seed..=seed,
        None => 1..=variable("RESTANTE_SEEDS").unwrap_or(USUALLY),
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for first in 0..threads {
            let seeds = seeds.clone().skip(first).step_by(threads);
            scope.spawn(move || {
                for seed in seeds {
                    let mut runtime = tokio::runtime::Builder::new_current_thread();
                    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
                    runtime.block_on(play(seed));
                }
            });
        }
    });
}

//! The whole life of a message: appended, stored by both devices, acknowledged, forgotten, its header removed.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::Instant;

use super::bed::{Backing, Bed, Kind, Talk, draft};
use super::cpu::Used;
use super::mongo;
use crate::delivery::fold::{Fold, Limits, Parts};
use crate::delivery::store::Ack;
use crate::log::store::Appended;

const CONVERSATIONS: usize = 500;
const MESSAGES: usize = 40;
/// As `chat.delivery.fold_ms` and `fold_most_ms`.
const FOLD: Duration = Duration::from_millis(200);
const FOLD_MOST: Duration = Duration::from_secs(1);

/// Lets people write and acknowledge, each after the other's message, and waits until everything is forgotten.
pub(super) async fn run(kind: Kind) -> String {
    let bed = Bed::open(kind).await;
    let stores = &bed.stores;
    let fold = Fold::new(Parts {
        delivery: Arc::clone(&stores.delivery),
        log: Arc::clone(&stores.log),
        conversations: Arc::clone(&stores.conversations),
        ticks: bed.ticks(),
        limits: Limits { interval: FOLD, most: FOLD_MOST, waiting: 100_000 },
    });
    let talks = bed.talks(CONVERSATIONS).await;
    let (before, start) = (Used::now(bed.pid()), Instant::now());
    join_all(talks.iter().map(|talk| write_and_acknowledge(&bed, &fold, *talk))).await;
    fold.idle().await;
    let forgotten = start.elapsed();
    match &stores.backing {
        Backing::Mongo(db) => mongo::emptied(db).await,
        Backing::Sqlite(..) => while stores.log.remove_expired().await.unwrap() > 0 {},
    }
    let messages = CONVERSATIONS * MESSAGES;
    let cpu = before.each(bed.pid(), messages);
    format!(
        "whole life (append, 2 acknowledgements, strip, removal of the header): {:.0}/s until forgotten; ours {:.0} µs, \
         store {:.0} µs a message\n",
        f64::from(u32::try_from(messages).unwrap()) / forgotten.as_secs_f64(),
        cpu.own_micros,
        cpu.store_micros,
    )
}

async fn write_and_acknowledge(bed: &Bed, fold: &Arc<Fold>, talk: Talk) {
    let mut recorded = Vec::with_capacity(2 * MESSAGES);
    for number in 0..MESSAGES {
        let draft = draft(talk.id, talk.people[number % 2].user);
        let entry = match bed.appender.submit(draft).await {
            Ok(Appended::Stored(entry)) => entry,
            other => panic!("{other:?}"),
        };
        for owner in talk.people {
            recorded.push(fold.submit(talk.id, Ack { owner, seq: entry.seq }));
        }
    }
    for recorded in recorded {
        recorded.await.unwrap().unwrap();
    }
}

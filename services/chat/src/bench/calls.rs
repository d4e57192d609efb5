//! What each call of the log's ports costs MongoDB, a thousand conversations at a time: as in one replica set, and as behind
//! a router.

use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, ConversationId, SystemClock};
use mongodb::Database;

use super::bed::{Backing, Bed, Kind, Talk, draft};
use super::cpu::Used;
use super::mongo;
use super::table::Table;
use crate::conversations::mongo::MongoConversations;
use crate::conversations::store::{ConversationStore, Counted};
use crate::delivery::store::Ack;
use crate::log::mongo::{Limits, MongoLog};
use crate::log::store::{Appended, Head, LogStore, Part};
use crate::mongo::Layout;

const CONVERSATIONS: usize = 1_000;
const ROUNDS: u32 = 10;
const CALLS: [&str; 6] =
    ["append", "count", "acknowledge, 2 devices", "strip", "note strip", "remove header"];
/// So that the server does not remove headers while something else is measured.
const LIMITS: Limits = Limits { header: Duration::from_hours(24), ..mongo::LIMITS };

/// Measures each call by the processor time that the server takes for it.
pub(super) async fn run() -> Table {
    let bed = Bed::open(Kind::Mongo).await;
    let Backing::Mongo(db) = &bed.stores.backing else { panic!("it was opened on MongoDB") };
    let talks = bed.talks(CONVERSATIONS).await;
    let mut layouts = Vec::new();
    for layout in [Layout::Whole, Layout::Sharded] {
        let log = MongoLog::new(db, layout, LIMITS, Arc::new(SystemClock::default()));
        let conversations = MongoConversations::new(db);
        // From here on the ends of the logs are known.
        round(&bed, db, &log, &conversations, &talks).await;
        let mut sums = [0.0; CALLS.len()];
        for _ in 0..ROUNDS {
            let costs = round(&bed, db, &log, &conversations, &talks).await;
            sums.iter_mut().zip(costs).for_each(|(sum, micros)| *sum += micros / f64::from(ROUNDS));
        }
        layouts.push(sums);
    }
    let mut table = Table::new(&["call", "replica set, store µs", "shards, store µs"]);
    for (call, name) in CALLS.into_iter().enumerate() {
        let micros = |layout: usize| format!("{:.0}", layouts[layout][call]);
        table.row(&[name.to_owned(), micros(0), micros(1)]);
    }
    table
}

/// A message in each conversation, from its insert until it is forgotten.
async fn round(
    bed: &Bed,
    db: &Database,
    log: &MongoLog,
    conversations: &MongoConversations,
    talks: &[Talk],
) -> [f64; CALLS.len()] {
    let (delivery, now) = (&bed.stores.delivery, SystemClock::default().now());

    let drafts: Vec<_> = talks.iter().map(|talk| draft(talk.id, talk.people[0].user)).collect();
    let (appended, append) = cost(bed, log.append(&drafts)).await;
    let heads: Vec<(ConversationId, Head)> =
        talks.iter().zip(&appended).map(|(talk, appended)| (talk.id, place(appended))).collect();
    let each = talks.iter().zip(&heads);
    let counted = |(talk, (id, head)): (&Talk, &(ConversationId, Head))| Counted {
        id: *id,
        head: *head,
        wrote: vec![(talk.people[0].user, head.seq, head.count)],
    };
    let all: Vec<Counted> = each.clone().map(counted).collect();
    let (counted, count) = cost(bed, conversations.count(&all, now)).await;
    counted.unwrap();
    let acks: Vec<_> = each
        .map(|(talk, (id, head))| {
            (*id, talk.people.map(|owner| Ack { owner, seq: head.seq }).to_vec())
        })
        .collect();
    let (acknowledged, acknowledge) = cost(bed, delivery.acknowledge_all(&acks)).await;
    acknowledged.unwrap();
    let part =
        |(id, head): &(ConversationId, Head)| Part { id: *id, from: head.seq - 1, to: head.seq };
    let parts: Vec<Part> = heads.iter().map(part).collect();
    let (stripped, strip) = cost(bed, log.strip_all(&parts)).await;
    stripped.unwrap();
    let done: Vec<_> = heads.iter().map(|(id, head)| (*id, head.seq)).collect();
    let (noted, note) = cost(bed, delivery.stripped_all(&done)).await;
    noted.unwrap();
    let ((), remove) = cost(bed, mongo::remove_headers(db)).await;
    [append, count, acknowledge, strip, note, remove]
}

async fn cost<T>(bed: &Bed, call: impl Future<Output = T>) -> (T, f64) {
    let before = Used::now(bed.pid());
    let answer = call.await;
    (answer, before.each(bed.pid(), CONVERSATIONS).store_micros)
}

fn place(appended: &Appended) -> Head {
    match appended {
        Appended::Stored(entry) => Head::at(entry),
        other => panic!("{other:?}"),
    }
}

//! What an append costs as the store fills up.

use super::bed::{Bed, Kind, draft};
use super::load;
use super::seconds;
use super::table::Table;

const CONVERSATIONS: usize = 1_000;
const SENDERS: usize = 100;

/// Measures at a thousand entries, ten thousand, and so on up to `most`.
pub(super) async fn run(kind: Kind, most: u64) -> Table {
    let bed = Bed::open(kind).await;
    let talks = bed.talks(CONVERSATIONS).await;
    let mut table =
        Table::new(&["entries stored", "messages/s", "ours µs", "store µs", "acked p50 ms"]);
    let (mut stored, mut next) = (0, 1_000);
    while next <= most {
        while stored < next {
            let drafts: Vec<_> =
                talks.iter().map(|talk| draft(talk.id, talk.people[0].user)).collect();
            bed.stores.log.append(&drafts).await;
            stored += CONVERSATIONS as u64;
        }
        let cell = load::run(&bed, SENDERS, false, seconds()).await;
        table.row(&[
            next.to_string(),
            format!("{:.0}", cell.rate),
            format!("{:.0}", cell.cpu.own_micros),
            format!("{:.0}", cell.cpu.store_micros),
            format!("{:.2}", cell.acked.at(50)),
        ]);
        next *= 10;
    }
    table
}

//! What the log costs, beside the raw driver on the same machine in the same run. `scripts/bench log` runs it.
//!
//! An ignored test rather than a program of its own: it measures what is private to this crate, and it needs the test kit's
//! servers. `RESTANTE_BENCH_SECONDS` is how long each cell is measured, `RESTANTE_BENCH_STORED` how far the curve goes.

mod bed;
mod calls;
mod cpu;
mod curve;
mod life;
mod load;
mod mongo;
mod sqlite;
mod table;

use std::time::Duration;

use self::bed::{Bed, Kind};
use self::table::Table;

/// Senders at a time.
const SENDERS: [usize; 4] = [1, 10, 100, 1_000];
/// Characters of one message's text.
const TEXT: usize = 100;

fn seconds() -> Duration {
    Duration::from_secs(setting("RESTANTE_BENCH_SECONDS", 3))
}

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark: scripts/bench log"]
async fn log() {
    for kind in Kind::ALL {
        println!("\n## {}\n", kind.name());
        let bed = Bed::open(kind).await;
        let raw = bed.raw().await;
        println!(
            "raw bulk insert: {:.0}/s, {:.0} µs of the store each; a lone insert: p50 {:.2} ms\n",
            raw.rate, raw.cpu.store_micros, raw.lone_ms
        );
        if let Some((rate, cpu)) = raw.counted {
            println!(
                "raw insert, heads raised: {rate:.0}/s, {:.0} µs of the store each\n",
                cpu.store_micros
            );
        }
        let mut table = Table::new(&[
            "conversations",
            "senders",
            "messages/s",
            "of raw",
            "of raw, counted",
            "ours µs",
            "store µs",
            "heard p50 ms",
            "acked p50 ms",
            "acked p99 ms",
        ]);
        for hot in [false, true] {
            for senders in SENDERS {
                let cell = load::run(&bed, senders, hot, seconds()).await;
                table.row(&[
                    if hot { "one".to_owned() } else { "many".to_owned() },
                    senders.to_string(),
                    format!("{:.0}", cell.rate),
                    format!("{:.0} %", cell.rate / raw.rate * 100.0),
                    raw.counted.map_or(String::new(), |(rate, _)| {
                        format!("{:.0} %", cell.rate / rate * 100.0)
                    }),
                    format!("{:.0}", cell.cpu.own_micros),
                    format!("{:.0}", cell.cpu.store_micros),
                    if cell.heard_ms.is_nan() {
                        String::new()
                    } else {
                        format!("{:.2}", cell.heard_ms)
                    },
                    format!("{:.2}", cell.acked.at(50)),
                    format!("{:.2}", cell.acked.at(99)),
                ]);
            }
        }
        println!("{table}");
        if kind == Kind::Mongo {
            println!("{}", calls::run().await);
        }
        println!("{}", life::run(kind).await);
        println!("{}", curve::run(kind, setting("RESTANTE_BENCH_STORED", 1_000_000)).await);
    }
}

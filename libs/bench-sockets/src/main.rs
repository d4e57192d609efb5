//! What a socket costs: the engine beside its peers, under the same load, in the same run.

mod client;
mod load;
mod process;
mod table;

use std::time::Duration;

use anyhow::Result;
use clap::Parser;

use self::load::{Load, Pace};
use self::process::{Kind, Server};
use self::table::Row;

/// Measures the socket engine, the npm server and the crate `socketioxide`, one after the other, each on a processor of its own.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many idle sockets memory is measured with.
    #[arg(long, value_delimiter = ',', default_value = "1000,10000,19000")]
    idle: Vec<usize>,
    /// Seconds of each measurement under load.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Only these: engine, npm, oxide.
    #[arg(long, value_delimiter = ',', default_value = "engine,oxide,npm")]
    only: Vec<Kind>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut rows = Vec::new();
    for kind in arguments.only {
        eprintln!("bench: {kind:?}");
        rows.push(measure(kind, &arguments.idle, Duration::from_secs(arguments.seconds)).await?);
    }
    print!("{}", table::text(&rows));
    Ok(())
}

async fn measure(kind: Kind, idle: &[usize], time: Duration) -> Result<Row> {
    let mut row = Row::new(kind);
    for count in idle {
        let server = Server::start(kind).await?;
        let empty = server.resident_bytes()?;
        let load = Load::connect(&server, *count).await?;
        let bytes = server.resident_bytes()? - empty;
        let sockets = f64::from(u32::try_from(*count)?);
        row.idle.push((*count, bytes / sockets));
        row.connects_per_s = sockets / load.took().as_secs_f64();
    }
    let server = Server::start(kind).await?;
    row.echo = Load::connect(&server, 100).await?.echo(&server, time).await?;
    let server = Server::start(kind).await?;
    let load = Load::connect(&server, 1_000).await?;
    row.paced = load.blast(&server, time, Pace::EachMs(100)).await?;
    let server = Server::start(kind).await?;
    let load = Load::connect(&server, 1_000).await?;
    row.full = load.blast(&server, time, Pace::Window(8)).await?;
    Ok(row)
}

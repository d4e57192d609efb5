//! Messages a second and latency, end to end, of both shapes. Prints a table; asserts nothing.
//!
//! Each pair of people is one direct conversation. One of the two keeps a window of messages under way; the other
//! acknowledges each as stored, and so does the sender's own device: the whole life of a message, until it is forgotten.

mod live;
mod load;
mod mailbox;
mod people;
mod report;
mod wire;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use testkit::stack::{Options, Shape, Stack};

/// Measures messages a second and latency of Restante on this machine, load included.
///
/// Starts each shape fresh, logs people in by mail, lets one of each pair send to the other, and prints a table. Figures
/// of a shared machine are rough: compare rows of one run, not runs.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    other: Option<Other>,
    #[command(flatten)]
    arguments: Arguments,
}

#[derive(Debug, Subcommand)]
enum Other {
    Live(live::Arguments),
}

#[derive(Debug, Args)]
struct Arguments {
    /// Pairs of people.
    #[arg(long, default_value_t = 50)]
    pairs: usize,
    /// Messages that each pair sends.
    #[arg(long, default_value_t = 200)]
    messages: usize,
    /// Messages of one sender under way at once.
    #[arg(long, default_value_t = 8)]
    window: usize,
    /// Only one shape.
    #[arg(long)]
    shape: Option<Only>,
    /// Programs from target/debug (slow) instead of target/release.
    #[arg(long)]
    debug: bool,
    /// Where the stacks live.
    #[arg(long, default_value = ".run/bench")]
    dir: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Only {
    Single,
    Split,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Cli { other, arguments } = Cli::parse();
    let tables = match other {
        Some(Other::Live(live)) => live::run(live).await,
        None => run(arguments).await,
    };
    match tables {
        Ok(tables) => {
            print!("{tables}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<String> {
    let mut rows = Vec::new();
    for (only, shape) in [(Only::Single, Shape::Single), (Only::Split, Shape::Split)] {
        if arguments.shape.is_some_and(|asked| asked != only) {
            continue;
        }
        eprintln!("bench: starting {shape:?}");
        let options = options(&arguments, only, shape);
        let dir = options.dir.clone();
        let stack = Stack::up(options).await?;
        let row = measure(&arguments, only, &stack).await;
        Stack::down(&dir).await?;
        rows.push(row?);
    }
    Ok(report::table(&rows))
}

fn options(arguments: &Arguments, only: Only, shape: Shape) -> Options {
    let dir = testkit::workspace().join(&arguments.dir).join(format!("{only:?}").to_lowercase());
    let raised = [
        ("RESTANTE_USER__LOGIN__SENDS_PER_HOUR_PER_NETWORK", "1000000"),
        ("RESTANTE_CHAT__LIMITS__SENDS_PER_SECOND", "1000000"),
        ("RESTANTE_CHAT__LIMITS__SENDS_BURST", "1000000"),
        ("RESTANTE_TELEMETRY__FILTER", "warn"),
    ];
    let env: BTreeMap<String, String> =
        raised.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    Options { shape, chats: 2, dir, release: !arguments.debug, own_services: false, env }
}

async fn measure(arguments: &Arguments, only: Only, stack: &Stack) -> anyhow::Result<report::Row> {
    eprintln!("bench: logging {} people in", arguments.pairs * 2);
    let pairs = people::pairs(stack, arguments.pairs).await?;
    eprintln!("bench: sending {} messages", arguments.pairs * arguments.messages);
    let figures = load::run(pairs, arguments.messages, arguments.window).await?;
    Ok(report::Row {
        shape: format!("{only:?}").to_lowercase(),
        pairs: arguments.pairs,
        window: arguments.window,
        figures,
    })
}

//! The seeds' load and more, on Restante and on the seeds' own stack in the same run. Prints tables; asserts nothing.
//!
//! Messages are sent when they are due, whether earlier ones came through or not, and their times count from that moment: a
//! server that stalls is charged with everything that should have been sent meanwhile.

mod crowd;
mod dialect;
mod member;
mod outcome;
mod peer;
mod phase;
mod table;
mod town;
mod usage;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use testkit::stack::{Options, Shape};
use testkit::wait;

use self::crowd::Crowd;
use self::dialect::Dialect;
use self::peer::Peer;
use self::table::{Grouped, Paired, Step};
use self::town::Town;
use self::usage::Watch;

/// How far p99 may rise.
const TOO_LATE_MS: f64 = 300.0;
const RISE: f64 = 1.5;
/// Messages of one sender under way when they send as fast as they can.
const WINDOW: usize = 4;
const GROUP_RATE: f64 = 20.0;
/// Content is gone within seconds of the last acknowledgement.
const FORGETTING: Duration = Duration::from_secs(10);

/// Measures the seeds' load, a rising rate, saturation and a large group, on Restante and on the seeds' own stack.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Pairs of people, all online.
    #[arg(long, default_value_t = 500)]
    pairs: usize,
    /// Messages a second in all.
    #[arg(long, default_value_t = 50.0)]
    rate: f64,
    /// Seconds of that.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Numbers of chat instances to measure with.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 3])]
    instances: Vec<usize>,
    /// Numbers of node processes of the seeds' stack; 0 leaves it out.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2])]
    nodes: Vec<usize>,
    /// A few people for a few seconds: whether it works.
    #[arg(long)]
    quick: bool,
    /// Programs from target/debug (slow) instead of target/release.
    #[arg(long)]
    debug: bool,
    /// Where the servers live.
    #[arg(long, default_value = ".run/bench/live")]
    dir: PathBuf,
}

/// What is done with each system.
#[derive(Debug)]
struct Course {
    pairs: usize,
    rate: f64,
    calm: Duration,
    /// The rising rate: from where, how long each, and how often at most.
    first: f64,
    step: Duration,
    steps: usize,
    full: Duration,
    group: usize,
    grouped: Duration,
}

impl Course {
    fn new(arguments: &Arguments) -> Self {
        let seconds = Duration::from_secs;
        if arguments.quick {
            let (pairs, group, rate) = (10, 20, arguments.rate);
            let (calm, step, full, grouped) = (seconds(2), seconds(1), seconds(1), seconds(1));
            return Self { pairs, rate, calm, first: 100.0, step, steps: 2, full, group, grouped };
        }
        Self {
            pairs: arguments.pairs,
            rate: arguments.rate,
            calm: seconds(arguments.seconds),
            first: 100.0,
            step: seconds(5),
            steps: 30,
            full: seconds(10),
            group: arguments.pairs * 2,
            grouped: seconds(15),
        }
    }
}

/// Measures everything, and gives the tables.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<String> {
    let course = Course::new(&arguments);
    let dir = testkit::workspace().join(&arguments.dir);
    let (mut paired, mut grouped) = (Vec::new(), Vec::new());
    let most = |numbers: &[usize]| numbers.iter().copied().max().unwrap_or(0);
    let instances = most(&arguments.instances);
    if instances > 0 {
        let options = options(instances, dir.join("restante"), !arguments.debug);
        eprintln!("bench: starting Restante with {instances} chat instances");
        let town = Town::restante(options, course.pairs).await?;
        measure(town, &arguments.instances, &course, (&mut paired, &mut grouped)).await?;
    }
    let nodes = most(&arguments.nodes);
    if nodes > 0 {
        eprintln!("bench: starting the seeds' stack with {nodes} node processes");
        let peer = Peer::start(&dir.join("seed"), nodes).await?;
        let town = Town::seed(peer, course.pairs).await?;
        measure(town, &arguments.nodes, &course, (&mut paired, &mut grouped)).await?;
    }
    paired.sort_by_key(|row: &Paired| (row.dialect == Dialect::Seed, row.instances));
    Ok(table::text(&paired, &grouped))
}

/// Everything about one system, with the most instances first: they are stopped one by one.
async fn measure(
    mut town: Town,
    instances: &[usize],
    course: &Course,
    (paired, grouped): (&mut Vec<Paired>, &mut Vec<Grouped>),
) -> anyhow::Result<()> {
    let mut counts: Vec<usize> = instances.iter().copied().filter(|count| *count > 0).collect();
    counts.sort_unstable_by(|one, other| other.cmp(one));
    counts.dedup();
    // Two, or as many as there are.
    let for_group = counts.iter().copied().find(|count| *count <= 2).or(counts.last().copied());
    let mut work = async || -> anyhow::Result<()> {
        for count in counts.clone() {
            town.reduce_to(count).await?;
            paired.push(pairs(&town, course).await?);
            if Some(count) == for_group {
                let tells: &[bool] =
                    if town.dialect == Dialect::Seed { &[false, true] } else { &[true] };
                for tells in tells {
                    grouped.push(group(&town, course, *tells).await?);
                }
            }
        }
        Ok(())
    };
    let worked = work().await;
    town.end().await?;
    worked
}

async fn pairs(town: &Town, course: &Course) -> anyhow::Result<Paired> {
    let (dialect, instances) = (town.dialect, town.instances);
    eprintln!("bench: {} with {instances}: {} msg/s", dialect.name(), course.rate);
    let before = town.kept().await?;
    let mut crowd = Crowd::connect(town.pairs()?, 1).await?;
    let processes = town.processes()?;
    let watch = Watch::start(&processes);
    let outcome = crowd.paced(course.rate, course.calm).await?;
    let calm = (outcome, watch.stop());
    let rising = rising(town, course, &mut crowd).await?;
    eprintln!("bench: {} with {instances}: as fast as it can", dialect.name());
    let watch = Watch::start(&processes);
    let outcome = crowd.full(WINDOW, course.full).await?;
    let full = (outcome, watch.stop());
    crowd.leave().await?;
    let kept = forgotten(town, before).await?;
    Ok(Paired { dialect, instances, rate: course.rate, calm, rising, full, kept })
}

/// Half as much again each time, until messages are too late twice: once may be somebody else who used the machine.
async fn rising(town: &Town, course: &Course, crowd: &mut Crowd) -> anyhow::Result<Vec<Step>> {
    let processes = town.processes()?;
    let (mut steps, mut rate, mut too_late) = (Vec::new(), course.first, 0);
    while too_late < 2 && steps.len() < course.steps {
        eprintln!("bench: {} with {}: {rate:.0} msg/s", town.dialect.name(), town.instances);
        let watch = Watch::start(&processes);
        let outcome = crowd.paced(rate, course.step).await?;
        let kept_up = outcome.delivered.at(99) <= TOO_LATE_MS;
        steps.push(Step { rate, outcome, spent: watch.stop() });
        if kept_up {
            (rate, too_late) = (rate * RISE, 0);
        } else {
            too_late += 1;
        }
    }
    Ok(steps)
}

/// Waits until the content is gone, but for so much that was there before, and says how much is not.
async fn forgotten(town: &Town, before: u64) -> anyhow::Result<u64> {
    let gone = || async { town.kept().await.is_ok_and(|kept| kept <= before).then_some(()) };
    match wait::until(FORGETTING, gone).await {
        Ok(()) => Ok(0),
        Err(_) => Ok(town.kept().await?.saturating_sub(before)),
    }
}

async fn group(town: &Town, course: &Course, tells: bool) -> anyhow::Result<Grouped> {
    let (dialect, instances) = (town.dialect, town.instances);
    eprintln!("bench: {} with {instances}: a group of {}", dialect.name(), course.group);
    let seats = town.group(course.group, tells).await?;
    let members = seats.len();
    let mut crowd = Crowd::connect(seats, u32::try_from(members)? - 1).await?;
    let watch = Watch::start(&town.processes()?);
    let outcome = crowd.paced(GROUP_RATE, course.grouped).await?;
    let spent = watch.stop();
    crowd.leave().await?;
    Ok(Grouped { dialect, instances, members, rate: GROUP_RATE, tells, outcome, spent })
}

fn options(chats: usize, dir: PathBuf, release: bool) -> Options {
    let raised = [
        ("RESTANTE_USER__LOGIN__SENDS_PER_HOUR_PER_NETWORK", "1000000"),
        ("RESTANTE_CHAT__LIMITS__SENDS_PER_SECOND", "1000000"),
        ("RESTANTE_CHAT__LIMITS__SENDS_BURST", "1000000"),
        // The run is longer than a token is good for.
        ("RESTANTE_TOKENS__ACCESS_TTL_S", "43200"),
        ("RESTANTE_TELEMETRY__FILTER", "warn"),
    ];
    let env = raised.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
    let shape = Shape::Split;
    Options { shape, chats, dir, release, own_services: false, env: env.collect() }
}

//! What the fan-out costs, as tables: `scripts/bench fanout`. Servers of its own.
#![expect(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a benchmark fails by panicking, and prints estimates"
)]

#[expect(dead_code, reason = "shared with the contract")]
mod setup;

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fanout::{Fanout, Happening, Listener, Subject};
use futures::StreamExt;
use redis::{Client, ProtocolVersion, Value};
use setup::{open, subject};
use testkit::servers::{self, PrivateServer, RedisCluster};
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

const EVENTS: usize = 200_000;
const IN_FLIGHT: usize = 64;
const QUEUE: usize = 2 * EVENTS;
/// So many subjects are on every channel.
const EVERYWHERE: usize = 20_000;
/// Of an event, besides its subject.
const PAYLOAD: &[u8] = &[120; 300];

enum Server {
    Node(PrivateServer),
    Cluster(RedisCluster),
}

impl Server {
    fn name(&self) -> &'static str {
        match self {
            Self::Node(_) => "one node",
            Self::Cluster(_) => "cluster of 3",
        }
    }

    fn url(&self) -> String {
        match self {
            Self::Node(server) => server.url(),
            Self::Cluster(cluster) => cluster.url(),
        }
    }

    /// Processor time used so far.
    fn cpu(&self) -> Duration {
        let pids = match self {
            Self::Node(server) => vec![server.pid()],
            Self::Cluster(cluster) => (0..cluster.nodes()).map(|node| cluster.pid(node)).collect(),
        };
        pids.into_iter().map(|pid| ran(&format!("/proc/{pid}/schedstat"))).sum()
    }
}

fn ran(file: &str) -> Duration {
    let text = fs::read_to_string(file).unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

/// An instance on a thread of its own, so that what it uses can be told from what the rest uses.
struct Instance {
    runtime: Runtime,
    thread: String,
    listener: Arc<dyn Listener>,
    _fanout: Arc<dyn Fanout>,
}

impl Instance {
    fn start(url: &str) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let url = url.to_owned();
        let started = runtime.spawn(async move {
            let thread = fs::read_link("/proc/thread-self").unwrap().display().to_string();
            let fanout = open(&url, "bench", QUEUE).await;
            let listener: Arc<dyn Listener> = fanout.listen().await.unwrap().into();
            (thread, listener, fanout)
        });
        let (thread, listener, fanout) = futures::executor::block_on(started).unwrap();
        Self { runtime, thread, listener, _fanout: fanout }
    }

    fn cpu(&self) -> Duration {
        ran(&format!("/proc/{}/schedstat", self.thread))
    }

    /// How long watching takes until it is confirmed.
    fn watch(&self, subjects: &[Subject]) -> Duration {
        let (listener, subjects) = (Arc::clone(&self.listener), subjects.to_vec());
        let watching = self.runtime.spawn(async move {
            let start = Instant::now();
            listener.watch(&subjects).await.unwrap();
            start.elapsed()
        });
        futures::executor::block_on(watching).unwrap()
    }

    /// Hears so many events.
    fn hear(&self, events: usize) -> tokio::task::JoinHandle<()> {
        let listener = Arc::clone(&self.listener);
        self.runtime.spawn(async move {
            for _ in 0..events {
                assert!(matches!(listener.next().await, Some(Happening::Event { .. })));
            }
        })
    }
}

fn subjects(count: usize) -> Vec<Subject> {
    (0..count).map(|_| subject()).collect()
}

async fn publish(fanout: &Arc<dyn Fanout>, subjects: &[Subject]) {
    let events = (0..EVENTS).map(|event| subjects[event % subjects.len()]);
    let publish = |subject| fanout.publish(subject, Bytes::from_static(PAYLOAD));
    let published = futures::stream::iter(events).map(publish).buffer_unordered(IN_FLIGHT);
    published.for_each(async |published| published.unwrap()).await;
}

fn micros(time: Duration, count: usize) -> f64 {
    time.as_secs_f64() * 1e6 / count as f64
}

fn events(runtime: &Runtime, server: &Server) {
    let url = server.url();
    let fanout = runtime.block_on(open(&url, "bench", QUEUE));
    let (wanted, unwanted) = (subjects(1_000), subjects(1_000));
    runtime.block_on(publish(&fanout, &wanted)); // to grow warm
    for listeners in [0, 1, 4] {
        let instances: Vec<_> = (0..listeners).map(|_| Instance::start(&url)).collect();
        for instance in &instances {
            instance.watch(&subjects(EVERYWHERE));
            instance.watch(&wanted);
        }
        for (kind, about) in [("wanted", &wanted), ("unwanted", &unwanted)] {
            if listeners == 0 && kind == "wanted" {
                continue;
            }
            let (cpu, redis) = (total(&instances), server.cpu());
            let time = runtime.block_on(run(&fanout, &instances, about, wanted[0]));
            let rate = EVENTS as f64 / time.as_secs_f64();
            let redis = micros(server.cpu().saturating_sub(redis), EVENTS);
            let ours = micros(total(&instances).saturating_sub(cpu), EVENTS * listeners.max(1));
            let name = server.name();
            println!("| {name} | {listeners} | {kind} | {rate:.0} | {ours:.2} | {redis:.2} |");
        }
    }
}

fn total(instances: &[Instance]) -> Duration {
    instances.iter().map(Instance::cpu).sum()
}

/// Publishes all and waits until every instance has worked them off, which the last one shows: it is wanted. Says how long that
/// took.
async fn run(
    fanout: &Arc<dyn Fanout>,
    instances: &[Instance],
    about: &[Subject],
    last: Subject,
) -> Duration {
    let start = Instant::now();
    let expected = if about.contains(&last) { EVENTS + 1 } else { 1 };
    let hearing: Vec<_> = instances.iter().map(|instance| instance.hear(expected)).collect();
    publish(fanout, about).await;
    fanout.publish(last, Bytes::new()).await.unwrap();
    futures::future::join_all(hearing).await.into_iter().for_each(Result::unwrap);
    start.elapsed()
}

fn subscribing(server: &Server) {
    let url = server.url();
    for (what, count) in
        [("1 conversation", 1), ("500 conversations", 500), ("every channel", EVERYWHERE)]
    {
        let instance = Instance::start(&url);
        let (ours, redis) = (instance.cpu(), server.cpu());
        let first = instance.watch(&subjects(count));
        let (ours, redis) =
            (instance.cpu().saturating_sub(ours), server.cpu().saturating_sub(redis));
        instance.watch(&subjects(EVERYWHERE));
        let again = instance.watch(&subjects(count));
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        let name = server.name();
        println!(
            "| {name} | {what} | {:.2} | {:.2} | {:.2} | {:.2} |",
            millis(first),
            millis(ours),
            millis(redis),
            millis(again)
        );
    }
}

/// Whether it is worth having few slots: the same 1 024 channels in fewer commands.
async fn commands(url: &str) {
    for channels in [1, 16, 1_024] {
        let client = Client::open(format!("{url}/?protocol=resp3")).unwrap();
        assert_eq!(
            client.get_connection_info().redis_settings().protocol(),
            ProtocolVersion::RESP3
        );
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut pipe = redis::pipe();
        for command in 0..1_024 / channels {
            let subscribe = pipe.cmd("SUBSCRIBE");
            for channel in 0..channels {
                subscribe.arg(format!("bench:{}", command * channels + channel));
            }
        }
        let start = Instant::now();
        let answers = connection.send_packed_commands(&pipe, 0, 1_024).await.unwrap();
        assert!(answers.iter().all(|answer| matches!(answer, Value::Push { .. })));
        println!("| {channels} | {:.2} |", start.elapsed().as_secs_f64() * 1e3);
    }
}

#[test]
#[ignore = "a benchmark; scripts/bench fanout"]
fn costs() {
    let runtime = Runtime::new().unwrap();
    let (node, cluster) = runtime.block_on(async {
        let node = servers::private_redis().await.unwrap();
        (node, servers::private_redis_cluster(false).await.unwrap())
    });
    let servers = [Server::Node(node), Server::Cluster(cluster)];
    println!("| | instances | events | events/s | µs of each instance | µs of redis |");
    println!("|---|--:|---|--:|--:|--:|");
    for server in &servers {
        events(&runtime, server);
    }
    println!(
        "\n| | watching | ms | ms of CPU | ms of redis | ms if its channels are heard already |"
    );
    println!("|---|---|--:|--:|--:|--:|");
    for server in &servers {
        subscribing(server);
    }
    println!("\n| channels in a command | ms for 1 024 |");
    println!("|--:|--:|");
    runtime.block_on(commands(&servers[0].url()));
}

//! The gateway dies and takes all connections along, and everybody comes back at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use testkit::servers;
use testkit::stack::{Stack, Store};
use testkit::wait;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use crate::crowd::{Crowd, Layout};
use crate::play::{PATIENCE, in_town, long, number, release, seed};
use crate::probe::{self, CHATS};
use crate::raw::Raw;
use crate::town::Town;
use crate::traffic::{Said, say};

const PEOPLE: usize = 1_000;
const MANY_PEOPLE: usize = 10_000;
/// Each is in a group of so many, where they see who else is here.
const GROUP: usize = 200;
/// Pairs of which one is not dropped, and writes meanwhile.
const PAIRS: usize = 20;
/// Of each who writes, in each conversation.
const NEWS: usize = 3;
/// Everybody is back this long after the gateway: three times what is promised, of a release build.
const RESUMED: Duration = Duration::from_secs(30);
/// And of any other, on a machine that does other things as well.
const GIVEN_UP: Duration = Duration::from_mins(4);
/// Reads of the log for each who comes back: one for the one conversation with news that nearly everybody has, and one for all
/// that nobody on the instance heard, to know where they stand. And as many again where a slow machine cuts their first try off.
const READS: i64 = 4;
/// Whoever looks is told of each that they go, and that they come; now and then of one once more, when it was read in between.
const TOLD: usize = 3;
/// So long after the gateway died everybody's going and coming is told.
const PRESENCE: Duration = Duration::from_secs(12);

#[tokio::test(flavor = "multi_thread")]
async fn all_are_dropped_at_once_and_come_back_without_a_storm() {
    let seed = seed();
    let env = [
        ("RESTANTE_CHAT__SOCKETS__PER_ADDRESS", "100000"),
        // What is read again from time to time is not what is counted here.
        ("RESTANTE_CHAT__LIVE__REREAD_S", "600"),
    ];
    in_town(&env, |town| storm(town, seed)).await;
}

async fn storm(town: Town, seed: u64) {
    let people = number("RESTANTE_STORM_PEOPLE").map(|people| usize::try_from(people).unwrap());
    let people = people.unwrap_or(if long() { MANY_PEOPLE } else { PEOPLE });
    let stack = Stack::load(&town.dir).unwrap();
    let chats = CHATS.map(|name| probe::own(&town, name));
    let bases = |number: usize| {
        vec![if stays(number) { chats[number / 2 % 2].clone() } else { stack.base.clone() }]
    };
    let layout = Layout { people, pairs: PAIRS, group: GROUP, speakers: 1, bases: &bases };
    let crowd = Crowd::of(&town, layout, seed).await;
    let watchers = Watchers::look(&crowd, &chats).await;
    let stayed = (0..people).filter(|number| stays(*number)).count();
    let dropped = people - stayed;

    Stack::kill(&town.dir, "nginx").await.unwrap();
    let died = Instant::now();
    let left = u32::try_from(stayed + watchers.count()).unwrap();
    let noticed = async || (sockets(&town).await <= f64::from(left)).then_some(());
    wait::until(PATIENCE, noticed).await.unwrap();
    let said = news(&crowd).await;
    let before = Load::now(&town, &stack, &watchers).await;
    Stack::start(&town.dir, "nginx").await.unwrap();
    let back = Instant::now();
    crowd.online(GIVEN_UP).await;
    let (away, resumed) = (back - died, back.elapsed());
    let reads = increase(&before.reads, &Load::now(&town, &stack, &watchers).await.reads);
    let tally = crowd.settle(&said, PATIENCE).await;
    sleep_until(died + PRESENCE).await;
    let after = Load::now(&town, &stack, &watchers).await;

    let (told, looking) = (after.told - before.told, watchers.count());
    eprintln!("{dropped} sockets dropped for {away:.1?}, all resumed {resumed:.1?} later");
    eprintln!("{} conversations had news; reads: {reads:?}", crowd.talks.len());
    eprintln!("presence: {told} events to {looking} who look at {GROUP} each");
    eprintln!("{} events through the fan-out", after.published - before.published);
    eprintln!("{tally}");
    tally.assert_perfect();
    assert!(!release() || resumed <= RESUMED, "it took {resumed:.1?} until all had resumed");
    let each = reads["messages"] / i64::try_from(dropped).unwrap();
    assert!(each <= READS, "{each} reads of the log for each who came back");
    assert!(told <= TOLD * GROUP * looking, "a storm of presence");
    watchers.end();
}

/// One of each pair, and the first of each group, are connected without the gateway.
fn stays(number: usize) -> bool {
    number.is_multiple_of(GROUP) || (number < 2 * PAIRS && number.is_multiple_of(2))
}

/// What it has cost so far.
struct Load {
    reads: BTreeMap<String, i64>,
    published: f64,
    told: usize,
}

impl Load {
    async fn now(town: &Town, stack: &Stack, watchers: &Watchers) -> Self {
        let Store::Mongodb { url } = &stack.store else { panic!("not on MongoDB") };
        let reads = servers::reads(url).await.unwrap();
        let published = probe::both(town, "fanout_published_total").await;
        Self { reads, published, told: watchers.told() }
    }
}

/// Those who stay write to those who went.
async fn news(crowd: &Crowd) -> Vec<Said> {
    let mut said = Vec::new();
    for number in 0..NEWS {
        let writers = crowd.talks.iter().map(|talk| talk.writers[0]).enumerate();
        let all = writers.map(|(talk, writer)| say(crowd, talk, writer, number));
        said.extend(join_all(all).await);
    }
    said
}

async fn sockets(town: &Town) -> f64 {
    probe::both(town, "sockets_open").await
}

fn increase(
    before: &BTreeMap<String, i64>,
    after: &BTreeMap<String, i64>,
) -> BTreeMap<String, i64> {
    let more = |(name, count): (&String, &i64)| {
        (name.clone(), count - before.get(name).copied().unwrap_or(0))
    };
    after.iter().map(more).filter(|(_, count)| *count > 0).collect()
}

/// Some who stay, and look at everybody in the group.
struct Watchers {
    told: Arc<AtomicUsize>,
    tasks: Vec<JoinHandle<()>>,
}

impl Watchers {
    /// Two on each instance; answers when they see everybody.
    async fn look(crowd: &Crowd, chats: &[String]) -> Self {
        let told = Arc::<AtomicUsize>::default();
        let users: Vec<_> =
            crowd.members[..GROUP].iter().map(|member| member.session.user).collect();
        let mut tasks = Vec::new();
        for (number, chat) in chats.iter().cycle().take(4).enumerate() {
            let token = &crowd.members[2 * number].session.token;
            let mut raw = Raw::connect(chat, token, None).await;
            let watch = json!({ "userIds": users });
            while raw.ask("presence:watch", &watch).await["error"]["code"] == "SERVICE_UNAVAILABLE"
            {
            }
            let mut online = std::collections::HashSet::new();
            let all = async {
                while online.len() < GROUP {
                    let status = raw.hears(|name, _| name == "user:status").await.unwrap();
                    if status["status"] == "online" {
                        online.insert(status["userId"].to_string());
                    }
                }
            };
            assert!(timeout(PATIENCE, all).await.is_ok(), "not everybody is seen");
            let told = Arc::clone(&told);
            tasks.push(tokio::spawn(async move {
                while let Some((name, _)) = raw.event().await {
                    told.fetch_add(usize::from(name == "user:status"), Ordering::SeqCst);
                }
            }));
        }
        Self { told, tasks }
    }

    fn count(&self) -> usize {
        self.tasks.len()
    }

    fn told(&self) -> usize {
        self.told.load(Ordering::SeqCst)
    }

    fn end(self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

//! A cluster loses servers and moves slots: what is heard meanwhile, and that everything is heard again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fanout::{Fanout, Happening, Listener, Subject};
use testkit::servers::{self, RedisCluster};
use testkit::wait;
use tokio::time::{Instant, sleep, timeout};

use crate::setup::{PATIENCE, QUEUE, hear, open, subject};

const NAMESPACE: &str = "fanout";
const SUBJECTS: usize = 60;
/// How long after the cluster is whole again everything must be heard.
const HEARD_AGAIN: Duration = Duration::from_secs(5);

/// Who listens to 60 subjects, and who speaks from another instance.
struct Play {
    cluster: RedisCluster,
    ear: Arc<dyn Fanout>,
    mouth: Arc<dyn Fanout>,
    listener: Box<dyn Listener>,
    /// With the slot of each one's channel.
    subjects: Vec<(Subject, u16)>,
}

impl Play {
    async fn begin(with_replicas: bool) -> Self {
        let cluster = servers::private_redis_cluster(with_replicas).await.unwrap();
        let (ear, mouth) = (
            open(&cluster.url(), NAMESPACE, QUEUE).await,
            open(&cluster.url(), NAMESPACE, QUEUE).await,
        );
        let listener = ear.listen().await.unwrap();
        let mut subjects = Vec::new();
        for subject in (0..SUBJECTS).map(|_| subject()) {
            subjects.push((subject, slot_of(&cluster, subject).await));
        }
        let play = Self { cluster, ear, mouth, listener, subjects };
        play.listener.watch(&play.all()).await.unwrap();
        assert_eq!(play.heard_of(&play.all(), Duration::from_secs(1)).await.len(), SUBJECTS);
        play.ear.ping().await.unwrap();
        play
    }

    fn all(&self) -> Vec<Subject> {
        self.subjects.iter().map(|(subject, _)| *subject).collect()
    }

    /// Those that a master of the beginning has, and the others.
    fn by_master(&self, master: u16) -> (Vec<Subject>, Vec<Subject>) {
        let slots = 16_384 * master / 3..16_384 * (master + 1) / 3;
        let (its, others): (Vec<_>, Vec<_>) =
            self.subjects.iter().partition(|(_, slot)| slots.contains(slot));
        let subjects =
            |list: Vec<&(Subject, u16)>| list.iter().map(|(subject, _)| *subject).collect();
        (subjects(its), subjects(others))
    }

    /// Publishes about these until all were heard or time is over, and says which were. Gaps are passed over.
    async fn heard_of(&self, subjects: &[Subject], within: Duration) -> BTreeSet<[u8; 16]> {
        let end = Instant::now() + within;
        let mut heard = BTreeSet::new();
        while Instant::now() < end && heard.len() < subjects.len() {
            let missing = subjects.iter().filter(|subject| !heard.contains(&subject.0));
            let publish = missing.map(|subject| self.mouth.publish(*subject, Bytes::new()));
            futures::future::join_all(publish).await;
            while let Ok(happening) = timeout(Duration::from_millis(20), self.listener.next()).await
            {
                if let Some(Happening::Event { subject, .. }) = happening {
                    heard.insert(subject.0);
                }
            }
        }
        heard
    }

    /// Everything is heard within [`HEARD_AGAIN`], the instance says that it is well, and what is said from then on is heard at once.
    async fn everything_is_heard_again(&self, since: Instant) {
        let heard = self.heard_of(&self.all(), HEARD_AGAIN.saturating_sub(since.elapsed())).await;
        println!("heard {} of {SUBJECTS} again after {:?}", heard.len(), since.elapsed());
        assert_eq!(heard.len(), SUBJECTS);
        wait::until(PATIENCE, async || self.ear.ping().await.ok()).await.unwrap();
        while timeout(Duration::from_millis(100), self.listener.next()).await.is_ok() {}
        for subject in self.all() {
            self.mouth.publish(subject, Bytes::new()).await.unwrap();
            assert_eq!(
                hear(&*self.listener).await,
                Happening::Event { subject, payload: Bytes::new() }
            );
        }
    }
}

async fn slot_of(cluster: &RedisCluster, subject: Subject) -> u16 {
    let channel = channel_of(subject);
    let answer = cluster.say(0, &format!("CLUSTER KEYSLOT {NAMESPACE}:{channel}")).await.unwrap();
    answer.trim().trim_start_matches(':').parse().unwrap()
}

/// Instances of all versions must agree on this, so it stands here a second time.
fn channel_of(subject: Subject) -> u64 {
    let hash = subject.0.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash ^ (hash >> 32)) % 1_024
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_without_a_replica_takes_its_own_along_and_no_others() {
    let mut play = Play::begin(false).await;
    let (lost, kept) = play.by_master(1);
    assert!(!lost.is_empty() && !kept.is_empty());

    play.cluster.kill(1).await.unwrap();
    wait::until(PATIENCE, async || play.ear.ping().await.is_err().then_some(())).await.unwrap();
    // While it is gone, for longer than the others take to notice it.
    let end = Instant::now() + Duration::from_secs(4);
    let mut slowest = Duration::ZERO;
    while Instant::now() < end {
        for subject in &kept {
            let start = Instant::now();
            play.mouth.publish(*subject, Bytes::new()).await.unwrap();
            let heard = timeout(PATIENCE, async {
                while hear(&*play.listener).await
                    != (Happening::Event { subject: *subject, payload: Bytes::new() })
                {
                }
            });
            heard.await.unwrap();
            slowest = slowest.max(start.elapsed());
        }
        let start = Instant::now();
        assert!(play.mouth.publish(lost[0], Bytes::new()).await.is_err());
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }
    println!("of the living, the slowest took {slowest:?}");
    assert!(play.ear.ping().await.is_err(), "it is deaf for a third of all conversations");
    // Nobody is kept waiting, neither by what is gone nor by what lives.
    let more: Vec<_> = (0..30).map(|_| subject()).collect();
    timeout(Duration::from_secs(1), play.listener.watch(&more)).await.unwrap().unwrap();

    play.cluster.restart(1).await.unwrap();
    play.everything_is_heard_again(Instant::now()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_takes_over_and_everything_is_heard_again() {
    let mut play = Play::begin(true).await;
    play.cluster.kill(0).await.unwrap();
    let master = async || {
        let role = play.cluster.say(3, "ROLE").await.ok()?;
        role.contains("master").then_some(())
    };
    wait::until(Duration::from_secs(30), master).await.unwrap();
    play.everything_is_heard_again(Instant::now()).await;

    // It comes back as a replica of what was its own: nothing changes for anybody.
    play.cluster.restart(0).await.unwrap();
    play.everything_is_heard_again(Instant::now()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_that_move_are_followed_with_a_gap() {
    let play = Play::begin(false).await;
    let (its, _) = play.by_master(2);
    for subject in its.iter().take(3) {
        let slot = play.subjects.iter().find(|(other, _)| other == subject).unwrap().1;
        play.cluster.move_slot(slot, 2, 0).await.unwrap();
        timeout(HEARD_AGAIN, async { while hear(&*play.listener).await != Happening::Gap {} })
            .await
            .unwrap();
        play.everything_is_heard_again(Instant::now()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_while_a_master_dies_and_returns_is_covered_by_a_gap() {
    let mut play = Play::begin(false).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let (mouth, subjects) = (Arc::clone(&play.mouth), play.all());
    let speaking = tokio::spawn(async move {
        let mut said: HashMap<[u8; 16], Vec<u32>> = HashMap::new();
        for round in 0_u32.. {
            if *stopped.borrow() {
                break;
            }
            let publish = subjects.iter().map(|subject| async {
                let payload = Bytes::copy_from_slice(&round.to_be_bytes());
                (subject.0, mouth.publish(*subject, payload).await.is_ok())
            });
            for (subject, taken) in futures::future::join_all(publish).await {
                if taken {
                    said.entry(subject).or_default().push(round);
                }
            }
            sleep(Duration::from_millis(5)).await;
        }
        said
    });
    let mut heard = Heard::default();
    heard.listen(&*play.listener, Duration::from_secs(1)).await;
    play.cluster.kill(2).await.unwrap();
    heard.listen(&*play.listener, Duration::from_secs(3)).await;
    play.cluster.restart(2).await.unwrap();
    heard.listen(&*play.listener, HEARD_AGAIN).await;
    stop.send(true).unwrap();
    let said = speaking.await.unwrap();
    heard.listen(&*play.listener, Duration::from_secs(1)).await;
    heard.check(&said);
    wait::until(PATIENCE, async || play.ear.ping().await.ok()).await.unwrap();
}

/// What was heard, and for each subject which round had been heard of it at the last gap.
#[derive(Default)]
struct Heard {
    rounds: HashMap<[u8; 16], BTreeSet<u32>>,
    gaps: usize,
    latest: u32,
    latest_at_gap: u32,
}

impl Heard {
    async fn listen(&mut self, listener: &dyn Listener, time: Duration) {
        let end = Instant::now() + time;
        while let Ok(Some(happening)) = tokio::time::timeout_at(end, listener.next()).await {
            match happening {
                Happening::Event { subject, payload } => {
                    let round = u32::from_be_bytes(payload[..].try_into().unwrap());
                    self.rounds.entry(subject.0).or_default().insert(round);
                    self.latest = self.latest.max(round);
                }
                Happening::Gap => {
                    self.gaps += 1;
                    self.latest_at_gap = self.latest;
                }
            }
        }
    }

    /// What was taken by a server and not heard was taken before the last gap was told.
    fn check(&self, said: &HashMap<[u8; 16], Vec<u32>>) {
        let nothing = BTreeSet::new();
        let mut missing: BTreeMap<u32, usize> = BTreeMap::new();
        for (subject, rounds) in said {
            let heard = self.rounds.get(subject).unwrap_or(&nothing);
            for round in rounds.iter().filter(|round| !heard.contains(round)) {
                *missing.entry(*round).or_default() += 1;
            }
        }
        println!("{} rounds, {} gaps, missing {missing:?}", self.latest, self.gaps);
        assert!(self.gaps > 0);
        // The rounds that were under way when the gap was told count as before it.
        let uncovered = missing.keys().find(|round| **round > self.latest_at_gap + 2);
        assert_eq!(uncovered, None, "the last gap was told at {}", self.latest_at_gap);
    }
}

//! People who send through several instances and resend as clients must, and what has to be true afterwards.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fanout::MemoryFanout;
use futures::future::join_all;
use kernel::{Clock, ConversationId, EntryId, SystemClock, SystemRandom, UserId};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::super::super::{Person, id, made};
use super::super::{log_within, stores};
use super::drafts;
use crate::conversations::members::Members;
use crate::live::announce::Announcer;
use crate::log::append::{Appender, Parts};
use crate::log::entry::Entry;
use crate::log::mongo::Limits;
use crate::log::store::Appended;
use crate::mongo::open;
use crate::tests::place::LIMITS;

/// How long a client waits before it sends again what was not taken.
const AGAIN: Duration = Duration::from_millis(20);

/// An instance of the service, as far as appending goes: connections, caches and queues of its own.
pub(super) async fn instance(url: &str, limits: Limits) -> Arc<Appender> {
    let db = open(url, "faults").await.unwrap();
    let (log, conversations) = (log_within(&db, limits), stores(&db).conversations);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let members = Members::new(
        Arc::clone(&conversations),
        Arc::clone(&log),
        Arc::clone(&clock),
        limits.head_cache,
    );
    Appender::new(Parts {
        log,
        conversations,
        members: Arc::new(members),
        announcer: Announcer::new(Arc::new(MemoryFanout::new(16)), usize::MAX),
        clock,
        random: Arc::new(SystemRandom),
        limits: LIMITS,
    })
}

/// How much is sent, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    pub conversations: usize,
    /// In each conversation, one after the other on the next instance.
    pub senders: usize,
    /// By each sender.
    pub messages: usize,
    /// Messages that a sender has under way.
    pub window: usize,
    /// A sender sends one this often; as fast as they are taken, if nothing is said.
    pub every: Option<Duration>,
}

/// What the senders were told so far.
#[derive(Debug)]
pub(super) struct Told {
    start: Instant,
    /// How many were acknowledged, when the last was, and the longest time without one.
    acknowledged: Mutex<(u64, Instant, Duration)>,
}

impl Told {
    pub(super) fn new() -> Arc<Self> {
        let start = Instant::now();
        Arc::new(Self { start, acknowledged: Mutex::new((0, start, Duration::ZERO)) })
    }

    /// Messages acknowledged.
    pub(super) fn count(&self) -> u64 {
        self.acknowledged.lock().unwrap().0
    }

    /// For the person who reads the result.
    pub(super) fn summary(&self) -> String {
        let (count, last, longest) = *self.acknowledged.lock().unwrap();
        let took = last - self.start;
        format!("{count} messages in {took:.1?}, longest time without an answer {longest:.1?}")
    }

    fn note(&self) {
        let (count, last, longest) = &mut *self.acknowledged.lock().unwrap();
        let now = Instant::now();
        *count += 1;
        *longest = (*longest).max(now - *last);
        *last = now;
    }
}

/// What one sender sent and was answered, in order.
#[derive(Debug)]
struct Story {
    sender: UserId,
    sent: Vec<EntryId>,
    answers: Vec<Entry>,
}

/// Sends everything, and checks the logs. Fails when it takes longer than `patience`.
pub(super) async fn weather(
    url: &str,
    instances: Vec<Arc<Appender>>,
    load: Load,
    told: Arc<Told>,
    patience: Duration,
) {
    // Looks past whatever is in the way of the instances.
    let db = open(url, "judge").await.unwrap();
    let judge = stores(&db);
    let mut stories: HashMap<ConversationId, Vec<_>> = HashMap::new();
    for _ in 0..load.conversations {
        let (one, two) = (Person::with_devices(1), Person::with_devices(1));
        let conversation = made(&judge, &one, &two).await;
        for sender in 0..load.senders {
            let story = send(instances.clone(), sender, conversation, load, Arc::clone(&told));
            stories.entry(conversation).or_default().push(tokio::spawn(story));
        }
    }
    let all = load.conversations * load.senders * load.messages;
    let telling = async {
        let mut told = Vec::new();
        for (conversation, stories) in stories {
            let stories = join_all(stories).await.into_iter().map(Result::unwrap);
            told.push((conversation, stories.collect::<Vec<Story>>()));
        }
        told
    };
    let stories = timeout(patience, telling).await;
    let stories = stories.unwrap_or_else(|_| panic!("{} of {all} acknowledged", told.count()));
    for (conversation, stories) in stories {
        let sent = (load.senders * load.messages) as u64;
        let log = judge.log.entries(conversation, 0, u32::MAX).await.unwrap();
        let places = log.iter().map(|entry| (entry.seq, entry.count));
        assert!(places.eq((1..=sent).map(|seq| (seq, seq))), "{} entries", log.len());
        let counted = judge.conversations.get(conversation).await.unwrap().unwrap();
        assert_eq!((counted.head_seq, counted.head_count), (sent, sent));
        for story in stories {
            let own = log.iter().filter(|entry| entry.sender == story.sender);
            assert!(own.map(|entry| entry.id).eq(story.sent), "each once, in the order of sending");
            for answer in story.answers {
                let at = usize::try_from(answer.seq - 1).unwrap();
                assert_eq!(log[at], answer, "the answer says where it is");
            }
        }
    }
}

/// A client: what was not acknowledged is sent again in order, to the next instance.
async fn send(
    instances: Vec<Arc<Appender>>,
    home: usize,
    conversation: ConversationId,
    load: Load,
    told: Arc<Told>,
) -> Story {
    let sender = id();
    let texts: Vec<String> = (0..load.messages).map(|number| format!("text {number}")).collect();
    let drafts = drafts(conversation, sender, &texts);
    let (mut answers, mut at) = (Vec::new(), home);
    let mut beat = load.every.map(interval);
    if let Some(beat) = &mut beat {
        beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
    }
    while answers.len() < drafts.len() {
        let rest = drafts[answers.len()..].iter().take(load.window);
        let instance = &instances[at % instances.len()];
        let under_way: Vec<_> = rest.map(|draft| instance.submit(draft.clone())).collect();
        let mut failed = false;
        for answer in under_way {
            match answer.await {
                Ok(Appended::Stored(entry) | Appended::Existing(entry)) => {
                    assert!(!failed, "what comes after a failed one fails too");
                    told.note();
                    answers.push(entry);
                }
                Ok(Appended::Unavailable) | Err(_) => failed = true,
                other => panic!("{other:?}"),
            }
        }
        if failed {
            at += 1;
            sleep(AGAIN).await;
        }
        if let Some(beat) = &mut beat {
            beat.tick().await;
        }
    }
    Story { sender, sent: drafts.iter().map(|draft| draft.id).collect(), answers }
}

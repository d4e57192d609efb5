//! A replica set of three whose primary is killed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bson::{Document, doc};
use kernel::{ConversationId, EntryId};
use mongodb::options::ReadConcern;
use testkit::servers::{ReplicaSet, private_replica_set};
use testkit::wait::until;

use super::super::super::{asked, id, log_race};
use super::super::{LIMITS, log_within};
use super::drafts;
use super::storm::{Load, Told, instance, weather};
use crate::log::mongo::Limits;
use crate::log::store::LogStore;
use crate::mongo::{ENTRIES, create_indexes, open, uuid};

const SOON: Duration = Duration::from_mins(1);
const PATIENCE: Duration = Duration::from_mins(3);

async fn set() -> (ReplicaSet, String) {
    let set = private_replica_set().await.unwrap();
    let url = set.database_url("chat");
    create_indexes(&open(&url, "faults").await.unwrap()).await.unwrap();
    (set, url)
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_carry_on_when_the_primary_is_killed() {
    let kills = asked("RESTANTE_TEST_KILLS", 1);
    let (mut set, url) = set().await;
    let mut instances = Vec::new();
    for _ in 0..3 {
        instances.push(instance(&url, LIMITS).await);
    }
    // Forty-eight people with one message each 240 ms: 200 messages/s.
    let load = Load {
        conversations: 16,
        senders: 3,
        messages: 25 + 25 * usize::try_from(kills).unwrap(),
        window: 1,
        every: Some(Duration::from_millis(240)),
    };
    let told = Told::new();
    let patience = PATIENCE * u32::try_from(kills).unwrap();
    let storm = tokio::spawn({
        let (url, told) = (url.clone(), Arc::clone(&told));
        async move { weather(&url, instances, load, told, patience).await }
    });
    for kill in 1..=kills {
        let enough = 1_000 * kill - 400;
        until(patience, || async { (told.count() > enough).then_some(()) }).await.unwrap();
        let primary = set.primary().await.unwrap();
        set.kill(primary).await.unwrap();
        assert!(!storm.is_finished(), "killed too late");
        set.primary().await.unwrap();
        let before = told.count();
        until(SOON, || async { (told.count() > before + 48).then_some(()) }).await.unwrap();
        set.restart(primary).await.unwrap();
    }
    storm.await.unwrap();
    eprintln!("{kills} kills, {}", told.summary());
}

/// What a device was given by any `sync`: nothing of it may change or go.
#[derive(Debug, Default)]
struct Reader {
    reads: AtomicU64,
    stop: AtomicBool,
}

impl Reader {
    async fn read(
        &self,
        log: &dyn LogStore,
        conversation: ConversationId,
    ) -> BTreeMap<u64, EntryId> {
        let mut seen = BTreeMap::new();
        while !self.stop.load(Ordering::SeqCst) {
            let Ok(entries) = log.entries(conversation, 0, 1_000).await else { continue };
            let now: BTreeMap<u64, EntryId> =
                entries.iter().map(|entry| (entry.seq, entry.id)).collect();
            for (seq, id) in &seen {
                assert_eq!(now.get(seq), Some(id), "entry {seq} was seen and is gone");
            }
            seen = now;
            self.reads.fetch_add(1, Ordering::SeqCst);
        }
        seen
    }

    /// So many reads begin and end from now on.
    async fn reads(&self, count: u64) {
        let end = self.reads.load(Ordering::SeqCst) + count;
        let look = || async { (self.reads.load(Ordering::SeqCst) > end).then_some(()) };
        until(SOON, look).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_never_sees_what_a_fail_over_takes_back() {
    let (mut set, url) = set().await;
    let conversation: ConversationId = id();
    let (one, two) = (id(), id());
    let log = async |limits| log_within(&open(&url, "faults").await.unwrap(), limits);
    let first = drafts(conversation, one, &["one", "two", "three", "only on the primary"]);
    let writer = log(Limits { append_timeout: Duration::from_secs(20), ..LIMITS }).await;
    log_race::send_all(Arc::clone(&writer), first[..3].to_vec()).await;

    let reader = Arc::<Reader>::default();
    let reading = tokio::spawn({
        let (reader, log) = (Arc::clone(&reader), log(LIMITS).await);
        async move { reader.read(&*log, conversation).await }
    });
    let primary = set.primary().await.unwrap();
    for other in set.others(primary) {
        set.hold_back(other).await.unwrap();
    }
    let lone = first[3].clone();
    let inserting = tokio::spawn({
        let (writer, lone) = (Arc::clone(&writer), lone.clone());
        async move { writer.append(&[lone]).await }
    });
    let alone = open(&set.member_url(primary, "chat"), "faults").await.unwrap();
    let entries = alone.collection::<Document>(ENTRIES);
    let stored = || async {
        let find = entries.find_one(doc! { "conversationId": uuid(conversation), "seq": 4 });
        find.read_concern(ReadConcern::local()).await.unwrap().map(drop)
    };
    until(SOON, stored).await.unwrap();
    // It is stored on the primary, and devices sync meanwhile.
    reader.reads(20).await;
    // The instance dies too, or its driver would be the first to take the place again.
    inserting.abort();
    set.kill(primary).await.unwrap();
    for other in set.others(primary) {
        set.let_go(other).await.unwrap();
    }
    let mut others = drafts(conversation, two, &["another's", "and one more"]);
    let answered = log_race::send_all(log(LIMITS).await, others.clone()).await;
    let seqs: Vec<u64> = answered.iter().map(|entry| entry.seq).collect();
    let again = log_race::send_all(log(LIMITS).await, vec![lone.clone()]).await;
    assert_eq!((seqs, again[0].seq), (vec![4, 5], 6), "the fail-over took nothing back");
    set.restart(primary).await.unwrap();
    set.whole().await.unwrap();
    reader.reads(20).await;
    reader.stop.store(true, Ordering::SeqCst);
    let seen = reading.await.unwrap();
    others.extend(first);
    assert_eq!(seen.len(), others.len());
    assert!(seen.keys().copied().eq(1..=6));
    assert!(others.iter().all(|draft| seen.values().filter(|id| **id == draft.id).count() == 1));
}

//! What [`crate::log::store::LogStore`] promises when many write at the same time.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use kernel::{ConversationId, EntryId, UserId};
use tokio::time::timeout;

use super::log::draft;
use super::{Case, Stores, id};
use crate::log::entry::Entry;
use crate::log::store::{Appended, Draft, LogStore};

const INSTANCES: usize = 2;
const SENDERS: usize = 8;
const DRAFTS: usize = 50;
/// Everything together; only a store that is stuck needs longer.
const PATIENCE: Duration = Duration::from_secs(150);

pub(super) const CASES: &[Case] = &[
    ("many writers make one gapless log", |stores| Box::pin(gapless(stores))),
    ("one draft sent to two instances is stored once", |stores| Box::pin(same_draft(stores))),
];

/// Sends everything in calls of one to five drafts, and what was not stored again in order, as a client does.
pub(super) async fn send_all(log: Arc<dyn LogStore>, drafts: Vec<Draft>) -> Vec<Entry> {
    let mut stored = Vec::new();
    let mut size = 1;
    while stored.len() < drafts.len() {
        let rest = &drafts[stored.len()..];
        let appended = log.append(&rest[..rest.len().min(size)]).await;
        for (draft, appended) in rest.iter().zip(appended) {
            match appended {
                Appended::Stored(entry) | Appended::Existing(entry) => {
                    assert!(draft.is_stored_as(&entry));
                    stored.push(entry);
                }
                Appended::Raced | Appended::Unavailable => break,
                other => panic!("{other:?}"),
            }
        }
        size = size % 5 + 1;
    }
    stored
}

async fn gapless(stores: Stores) {
    let conversation: ConversationId = id();
    let mut sent: HashMap<UserId, Vec<EntryId>> = HashMap::new();
    let mut tasks = Vec::new();
    for sender in 0..INSTANCES * SENDERS {
        let log = if sender % INSTANCES == 0 { &stores.log } else { &stores.elsewhere };
        let user = id();
        let drafts: Vec<Draft> = (0..DRAFTS)
            .map(|number| draft(conversation, user, &format!("text {number}")))
            .collect();
        sent.insert(user, drafts.iter().map(|draft| draft.id).collect());
        tasks.push(tokio::spawn(send_all(Arc::clone(log), drafts)));
    }
    let answers = timeout(PATIENCE, join_all(tasks)).await.expect("the writers are stuck");
    let answers: Vec<Entry> = answers.into_iter().flat_map(Result::unwrap).collect();

    let log = stores.log.entries(conversation, 0, 10_000).await.unwrap();
    let written = (INSTANCES * SENDERS * DRAFTS) as u64;
    let places: Vec<_> = log.iter().map(|entry| (entry.seq, entry.count)).collect();
    assert_eq!(places, (1..=written).map(|seq| (seq, seq)).collect::<Vec<_>>());
    for (user, ids) in sent {
        let own = log.iter().filter(|entry| entry.sender == user).map(|entry| entry.id);
        assert_eq!(own.collect::<Vec<_>>(), ids, "in the order of sending");
    }
    for answer in answers {
        let at = usize::try_from(answer.seq - 1).unwrap();
        assert_eq!(log[at], answer, "the answer says where it is");
    }
}

async fn same_draft(stores: Stores) {
    let conversation: ConversationId = id();
    for number in 0..20 {
        let draft = draft(conversation, id(), &format!("text {number}"));
        let tasks = [&stores.log, &stores.elsewhere]
            .map(|log| tokio::spawn(send_all(Arc::clone(log), vec![draft.clone()])));
        let answers = join_all(tasks).await.into_iter().flat_map(Result::unwrap);
        let places: HashSet<u64> = answers.map(|entry| entry.seq).collect();
        assert_eq!(places, HashSet::from([number + 1]));
    }
    assert_eq!(stores.log.entries(conversation, 0, 100).await.unwrap().len(), 20);
}

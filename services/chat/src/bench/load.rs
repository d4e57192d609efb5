//! Senders who each wait for the answer before they send the next message.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::Instant;

use super::bed::{Bed, Heard, Talk, draft};
use super::cpu::{PerMessage, Used};
use super::table::Sorted;
use crate::log::append::Appender;
use crate::log::store::Appended;

/// Conversations that few senders go round in.
const MANY: usize = 100;
/// Before the clock runs: heads are read, statements prepared.
const WARM: Duration = Duration::from_millis(500);

/// What so many senders brought about.
#[derive(Debug)]
pub(super) struct Cell {
    /// Messages a second.
    pub(super) rate: f64,
    pub(super) cpu: PerMessage,
    /// From the call to its acknowledgement.
    pub(super) acked: Sorted,
    /// From the call to the moment at which recipients hear of it, the middle one. Of one sender only: with more than one in
    /// a conversation nobody notes whose message it was.
    pub(super) heard_ms: f64,
}

/// Lets `senders` send for so long, all into one conversation if it is `hot`.
pub(super) async fn run(bed: &Bed, senders: usize, hot: bool, length: Duration) -> Cell {
    let talks = bed.talks(if hot { 1 } else { senders.max(MANY) }).await;
    all(bed, &talks, senders, WARM).await;
    let (before, start) = (Used::now(bed.pid()), Instant::now());
    let sent = all(bed, &talks, senders, length).await;
    let elapsed = start.elapsed();
    let messages = sent.len();
    let (acked, heard): (Vec<_>, Vec<_>) = sent.into_iter().unzip();
    let heard_ms = if senders == 1 { Sorted::new(heard).at(50) } else { f64::NAN };
    Cell {
        rate: f64::from(u32::try_from(messages).unwrap()) / elapsed.as_secs_f64(),
        cpu: before.each(bed.pid(), messages),
        acked: Sorted::new(acked),
        heard_ms,
    }
}

async fn all(
    bed: &Bed,
    talks: &[Talk],
    senders: usize,
    length: Duration,
) -> Vec<(Duration, Duration)> {
    let running = (0..senders).map(|number| {
        let own: Vec<Talk> =
            talks.iter().copied().skip(number % talks.len()).step_by(senders).collect();
        let (appender, heard) = (Arc::clone(&bed.appender), Arc::clone(&bed.heard));
        tokio::spawn(one(appender, heard, own, length))
    });
    join_all(running).await.into_iter().flat_map(Result::unwrap).collect()
}

async fn one(
    appender: Arc<Appender>,
    heard: Arc<Heard>,
    talks: Vec<Talk>,
    length: Duration,
) -> Vec<(Duration, Duration)> {
    let (begin, mut sent) = (Instant::now(), Vec::new());
    // Somebody of their own in a hot conversation: who waits for a retry holds nobody else up.
    for (number, talk) in talks.iter().cycle().enumerate() {
        if begin.elapsed() >= length {
            break;
        }
        let start = Instant::now();
        let draft = draft(talk.id, talk.people[number % 2].user);
        match appender.submit(draft).await {
            Ok(Appended::Stored(_)) => {}
            other => panic!("{other:?}"),
        }
        let at = heard.last(talk.id).unwrap();
        sent.push((start.elapsed(), at.saturating_duration_since(start)));
    }
    sent
}

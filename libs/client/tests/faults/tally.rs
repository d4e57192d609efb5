//! What is wrong with what people have on their devices.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::Duration;

use client::protocol::Entry;
use kernel::EntryId;
use serde::Deserialize;
use tokio::time::Instant;

use crate::crowd::{Crowd, Talk};
use crate::timed::Timed;
use crate::traffic::Said;

/// Over all devices.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    written: usize,
    /// Messages that have to be on a device, over all devices.
    deliveries: usize,
    /// Not there, not where it was acknowledged to be, or without its text; and holes in a log.
    lost: usize,
    /// There under two positions or under two ids, or written by nobody.
    twice: usize,
    /// Behind a later message of the same writer.
    reordered: usize,
    /// From the acknowledgement of a message until it was stored, upwards.
    late: Vec<Duration>,
    /// From writing to the acknowledgement, upwards.
    acknowledged: Vec<Duration>,
}

impl Tally {
    pub(crate) fn of(crowd: &Crowd, said: &[Said]) -> Self {
        let mut tally = Self { written: said.len(), ..Self::default() };
        let mut by_talk: HashMap<usize, Vec<&Said>> = HashMap::new();
        for said in said {
            by_talk.entry(said.talk).or_default().push(said);
            tally.acknowledged.push(said.acknowledged - said.sent);
        }
        for (talk, said) in by_talk {
            let talk = &crowd.talks[talk];
            for member in &talk.members {
                tally.look(&crowd.members[*member].storage, talk, &said);
            }
        }
        tally.late = times(crowd, said, |said| said.acknowledged);
        tally.acknowledged.sort_unstable();
        tally
    }

    fn look(&mut self, device: &Timed, talk: &Talk, said: &[&Said]) {
        let entries = device.memory.entries(talk.id);
        self.deliveries += said.len();
        self.lost += entries.windows(2).filter(|two| two[1].seq != two[0].seq + 1).count();
        self.twice += usize::try_from(device.memory.repeated()).unwrap();
        let by_id: HashMap<EntryId, &Entry> =
            entries.iter().map(|entry| (entry.id, entry)).collect();
        for said in said {
            let words = (said.writer, said.number);
            let there = by_id.get(&said.id).copied();
            let there =
                there.filter(|entry| entry.seq == said.seq && words_of(entry) == Some(words));
            self.lost += usize::from(there.is_none());
        }
        let ours: HashSet<EntryId> = said.iter().map(|said| said.id).collect();
        let messages = entries.iter().filter(|entry| entry.kind == "message");
        self.twice += messages.filter(|entry| !ours.contains(&entry.id)).count();
        let mut last: HashMap<usize, usize> = HashMap::new();
        for (writer, number) in entries.iter().filter_map(words_of) {
            let last = last.entry(writer).or_insert(number);
            self.reordered += usize::from(number < *last);
            *last = number;
        }
    }

    /// The time in which so many of a hundred were stored after their acknowledgement.
    pub(crate) fn late(&self, percent: usize) -> Duration {
        percentile(&self.late, percent)
    }

    pub(crate) fn assert_perfect(&self) {
        assert!(self.deliveries > 0, "nothing was said");
        assert_eq!((self.lost, self.twice, self.reordered), (0, 0, 0), "lost, twice, reordered");
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { written, deliveries, lost, twice, reordered, late, acknowledged } = self;
        write!(f, "{written} messages, {deliveries} deliveries: lost {lost}, twice {twice}, ")?;
        write!(f, "reordered {reordered}; acknowledged p50 {:.0?}", percentile(acknowledged, 50))?;
        write!(f, " p99 {:.0?}", percentile(acknowledged, 99))?;
        write!(f, ", then stored after p50 {:.0?}", percentile(late, 50))?;
        write!(f, " p99 {:.0?} at most {:.0?}", percentile(late, 99), percentile(late, 100))
    }
}

/// From that moment of each until it was stored, on every device, upwards.
pub(crate) fn times(
    crowd: &Crowd,
    said: &[Said],
    since: impl Fn(&Said) -> Instant + Copy,
) -> Vec<Duration> {
    let times = said.iter().flat_map(|said| {
        let talk = &crowd.talks[said.talk];
        talk.members.iter().filter_map(move |member| {
            let at = crowd.members[*member].storage.at(talk.id, said.seq)?;
            Some(at.saturating_duration_since(since(said)))
        })
    });
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    times
}

pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or_default()
}

/// Who wrote it, and as the how manieth.
fn words_of(entry: &Entry) -> Option<(usize, usize)> {
    #[derive(Deserialize)]
    struct Text {
        text: String,
    }
    let text = serde_json::from_str::<Text>(entry.data.as_deref()?.get()).ok()?.text;
    let mut words = text.split(' ').map(str::parse);
    Some((words.next()?.ok()?, words.next()?.ok()?))
}

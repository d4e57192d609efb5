//! The state of the service against the oracle's.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

use super::oracle::{Device, Line, Who};
use super::world::{World, pick};
use crate::delivery::store::Owner;
use crate::log::entry::{Entry, EntryType};
use crate::messages::history;
use crate::reading::unread;
use crate::sync::catch_up::{self, SyncRequest};

/// Entries, and runs of positions that are gone.
type News = (Vec<Entry>, Vec<(u64, u64)>);

/// More than any case writes.
const MANY: u32 = 1_000;

impl World<'_> {
    /// Everything, as one instance sees it.
    pub async fn compare_all(&self, at: usize) -> Result<()> {
        for talk in 0..self.talks.len() {
            self.compare(talk, at).await?;
        }
        Ok(())
    }

    /// One conversation: its log, what it counts, and how far it is delivered.
    pub async fn compare(&self, talk: usize, at: usize) -> Result<()> {
        let (chat, id) = (&self.instances[at], self.talks[talk].0);
        let expected = &self.oracle.talks[talk];
        let entries = chat.log.entries(id, 0, MANY).await?;
        self.same(talk, 0, None, &entries)
            .with_context(|| format!("the log of conversation {talk}"))?;
        let conversation = chat.conversations.get(id).await?.context("no such conversation")?;
        let counted = (conversation.head_seq, conversation.head_count);
        let end = (expected.head(), expected.count());
        ensure!(counted == end, "conversation {talk} counts {counted:?}, should be {end:?}");
        let progress = chat.delivery.progress(id).await?.context("no delivery state")?;
        let came = (progress.floor, progress.stripped_to);
        let should = (expected.floor, expected.stripped);
        ensure!(came == should, "floor and stripped of {talk} are {came:?}, should be {should:?}");
        Ok(())
    }

    /// Entries above `after` as they should be: as that person gets to see them, or as they are stored.
    fn same(&self, talk: usize, after: u64, reader: Option<Who>, entries: &[Entry]) -> Result<()> {
        let there = self.there(talk, after);
        let seqs: Vec<u64> = entries.iter().map(|entry| entry.seq).collect();
        let expected: Vec<u64> = there.iter().map(|(seq, _)| *seq).collect();
        ensure!(seqs == expected, "positions {seqs:?}, should be {expected:?}");
        for (entry, (seq, line)) in entries.iter().zip(there) {
            let withheld = reader.is_some() && line.withheld == reader;
            let sender =
                self.people[if withheld { reader.unwrap_or(line.from) } else { line.from }];
            ensure!(entry.id == line.id && entry.sender == sender, "another entry at {seq}");
            let from = line.withheld.map(|who| self.people[who]);
            ensure!(
                entry.withheld_from == from,
                "{seq} is withheld from {:?}",
                entry.withheld_from
            );
            ensure!((entry.kind == EntryType::Withheld) == withheld, "{seq} is {:?}", entry.kind);
            let (came, should) = ((entry.count, entry.mseq), (line.count, line.mseq));
            ensure!(came == should, "{seq} counts {came:?}, should count {should:?}");
            let text = entry.data.as_deref().map(serde_json::value::RawValue::get);
            match text {
                None if withheld => {}
                Some(text) => {
                    ensure!(!withheld, "{seq} is to be withheld");
                    ensure!(line.content, "{seq} is still there, though everyone has it");
                    ensure!(text.contains(&line.text), "{seq} holds other words");
                }
                None => ensure!(!line.content, "{seq} was forgotten too early"),
            }
        }
        Ok(())
    }

    fn there(&self, talk: usize, after: u64) -> Vec<(u64, &Line)> {
        let log = (1_u64..).zip(&self.oracle.talks[talk].log);
        log.filter(|(seq, line)| *seq > after && !line.gone).collect()
    }

    /// A device gets what lies above its cursors, whatever instance it asks.
    pub async fn check_sync(&mut self, device: Device, at: usize) -> Result<()> {
        let (chat, caller) = (&self.instances[at], &self.devices[device]);
        let mut news: BTreeMap<usize, News> = BTreeMap::new();
        let mut request = SyncRequest::default();
        loop {
            let answer = catch_up::catch_up_at_the_door(chat, caller, request).await?;
            for one in answer.conversations {
                let id = one.conversation.id;
                let Some(talk) = self.talks.iter().position(|(talk, _)| *talk == id) else {
                    continue;
                };
                ensure!(!one.reset, "a reset out of nothing");
                let all = news.entry(talk).or_default();
                all.0.extend(one.entries);
                all.1.extend(one.gone);
            }
            if !answer.more {
                break;
            }
            request = SyncRequest { since: Some(answer.since), cursors: None };
        }
        self.oracle.register(device);
        let who = self.oracle.devices[device].who;
        for (talk, expected) in self.oracle.talks.iter().enumerate() {
            let member = expected.members.contains(&who);
            let cursor = expected.cursors.get(&device).copied().unwrap_or(0);
            let (entries, gone) = news.remove(&talk).unwrap_or_default();
            if !member || cursor == expected.head() {
                ensure!(entries.is_empty() && gone.is_empty(), "news of {talk} out of nothing");
                continue;
            }
            self.same(talk, cursor, Some(who), &entries)
                .with_context(|| format!("sync of {talk}"))?;
            rest_is_gone(talk, cursor, expected.head(), &entries, &gone)?;
        }
        self.cursors_are_right(device, at).await
    }

    async fn cursors_are_right(&self, device: Device, at: usize) -> Result<()> {
        let ids: Vec<_> = self.talks.iter().map(|(id, _)| *id).collect();
        let caller = &self.devices[device];
        let owner = Owner { user: caller.user, device: caller.device };
        let cursors = self.instances[at].delivery.cursors(owner, &ids).await?;
        for (talk, expected) in self.oracle.talks.iter().enumerate() {
            let (came, should) = (cursors.get(&ids[talk]), expected.cursors.get(&device));
            ensure!(came == should, "cursor in {talk} is {came:?}, should be {should:?}");
        }
        Ok(())
    }

    pub async fn check_range(&self, device: u8, talk: usize, from: u8, at: usize) -> Result<()> {
        let Some(device) = pick(&self.inside(talk), device) else { return Ok(()) };
        let head = self.oracle.talks[talk].head();
        let after = u64::from(from) % (head + 1);
        let (chat, caller, id) = (&self.instances[at], &self.devices[device], self.talks[talk].0);
        let stretch = history::range(chat, caller, id, (after, u64::MAX), 200).await?;
        self.same(talk, after, Some(self.oracle.devices[device].who), &stretch.entries)
            .context("range")?;
        rest_is_gone(talk, after, head, &stretch.entries, &stretch.gone)
    }

    /// At the end: what each person has not read, and what each device would get.
    pub async fn compare_at_the_end(&mut self) -> Result<()> {
        for device in self.oracle.live() {
            let at = device % self.instances.len();
            self.check_sync(device, at).await?;
            let unread = unread::unread(&self.instances[at], &self.devices[device]).await?;
            let who = self.oracle.devices[device].who;
            for (talk, expected) in self.oracle.talks.iter().enumerate() {
                let id = self.talks[talk].0;
                let came = unread.conversations.iter().find(|row| row.id == id);
                let came = came.map_or(0, |row| row.unread);
                let should = if expected.members.contains(&who) { expected.unread(who) } else { 0 };
                ensure!(came == should, "{who} has {came} unread in {talk}, should be {should}");
            }
        }
        self.compare_all(1).await
    }
}

/// Every position is told of: as an entry or as gone.
fn rest_is_gone(
    talk: usize,
    after: u64,
    to: u64,
    entries: &[Entry],
    gone: &[(u64, u64)],
) -> Result<()> {
    let mut told: Vec<u64> = entries.iter().map(|entry| entry.seq).collect();
    told.extend(gone.iter().flat_map(|(first, last)| *first..=*last));
    told.sort_unstable();
    let all: Vec<u64> = (after + 1..=to).collect();
    ensure!(told == all, "of {talk} {told:?} was told, should be {all:?}");
    Ok(())
}

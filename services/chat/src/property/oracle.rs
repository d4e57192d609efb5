//! What the product promises, in the simplest form: everything in memory, one step at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kernel::{EntryId, Timestamp};

use crate::conversations::Retention;

/// A person, by number.
pub type Who = usize;
/// A device, by number over the whole case.
pub type Device = usize;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Message,
    /// Of that message.
    Edit(EntryId),
    /// Of that message.
    Delete(EntryId),
    /// Somebody came or went.
    Member,
    /// Of the conversation.
    Setting,
}

/// An entry as it is to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub id: EntryId,
    pub what: What,
    pub from: Who,
    /// Who does not get to see it.
    pub withheld: Option<Who>,
    /// Stands somewhere in its content.
    pub text: String,
    pub at: Timestamp,
    pub count: u64,
    pub mseq: u64,
    /// What was written is there.
    pub content: bool,
    /// When the header goes; as long as it is there nobody may take its place.
    pub expires: Option<Timestamp>,
    /// The header is gone too.
    pub gone: bool,
}

/// One conversation.
#[derive(Debug)]
pub struct Talk {
    pub members: BTreeSet<Who>,
    /// Position 1 is the first.
    pub log: Vec<Line>,
    pub cursors: BTreeMap<Device, u64>,
    /// Holds the floor for a member without a device.
    pub held: BTreeMap<Who, u64>,
    pub floor: u64,
    pub stripped: u64,
    pub retention: Retention,
    /// Who blocks the other.
    pub blocks: BTreeSet<Who>,
    /// For each member: up to which position, and messages up to there.
    pub read: BTreeMap<Who, (u64, u64)>,
}

impl Talk {
    pub fn of(members: impl IntoIterator<Item = Who>) -> Self {
        Self {
            members: members.into_iter().collect(),
            log: Vec::new(),
            cursors: BTreeMap::new(),
            held: BTreeMap::new(),
            floor: 0,
            stripped: 0,
            retention: Retention::Relay,
            blocks: BTreeSet::new(),
            read: BTreeMap::new(),
        }
    }

    pub fn head(&self) -> u64 {
        self.log.len() as u64
    }

    pub fn count(&self) -> u64 {
        self.log.last().map_or(0, |line| line.count)
    }

    /// The entry whose header is still there, and its position.
    pub fn find(&self, id: EntryId) -> Option<(u64, &Line)> {
        let seqs = 1_u64..;
        seqs.zip(&self.log).find(|(_, line)| line.id == id && !line.gone)
    }

    /// It is stored: its position. Who wrote it has read up to there, and so has whoever it is withheld from. What is deleted
    /// is forgotten.
    pub fn append(&mut self, sent: &Sent, at: Timestamp) -> u64 {
        let Sent { id, what, from, .. } = *sent;
        let count = self.count() + u64::from(what == What::Message);
        let seq = self.head() + 1;
        let before = self.log.last().map_or(0, |line| line.mseq);
        let mseq = if what == What::Member { seq } else { before };
        if let What::Delete(message) = what {
            let about = |line: &&mut Line| line.id == message || line.what == What::Edit(message);
            self.log.iter_mut().filter(about).for_each(|line| line.content = false);
        }
        let (text, content, gone) = (sent.text.clone(), true, false);
        let blocker = self.blocks.iter().copied().find(|who| *who != from);
        let withheld = blocker.filter(|_| !matches!(what, What::Delete(_)));
        let line =
            Line { id, what, from, withheld, text, at, count, mseq, content, expires: None, gone };
        self.log.push(line);
        self.read(from, seq, count);
        if let Some(who) = withheld {
            self.read(who, seq, count);
        }
        seq
    }

    /// Why that person may do nothing to a message any more that may be done for so long; `made` is when its id was made.
    pub fn refusal(
        &self,
        by: Who,
        message: &Sent,
        now: Timestamp,
        window: Duration,
    ) -> Option<Refusal> {
        let found = self.find(message.id).filter(|(_, line)| line.withheld != Some(by));
        let Some((_, line)) = found else {
            let old = now.since(message.made) > window;
            return Some(if old { Refusal::Gone } else { Refusal::Unknown });
        };
        let deletion = What::Delete(message.id);
        if self.log.iter().any(|line| line.what == deletion && !line.gone) {
            return Some(Refusal::Gone);
        }
        (now.since(line.at) > window).then_some(Refusal::TooLate)
    }

    /// Somebody is not there any more, and nothing waits for them.
    pub fn go(&mut self, who: Who, devices: &[Device]) {
        self.members.remove(&who);
        self.read.remove(&who);
        self.held.remove(&who);
        self.cursors.retain(|device, _| !devices.contains(device));
        self.settle();
    }

    /// How long content is kept changes with the entry at `seq`: what an archive has, it keeps.
    pub fn turn(&mut self, to: Retention, seq: u64) {
        self.retention = to;
        if to == Retention::Relay {
            self.stripped = self.stripped.max(seq);
        }
    }

    pub fn read(&mut self, who: Who, seq: u64, count: u64) {
        let read = self.read.entry(who).or_default();
        *read = (read.0.max(seq), read.1.max(count));
    }

    pub fn unread(&self, who: Who) -> u64 {
        self.count() - self.read.get(&who).map_or(0, |read| read.1)
    }

    /// A device that is new here starts where its person's place was held, else at the floor.
    pub fn join(&mut self, who: Who, device: Device) {
        let start = self.held.remove(&who).unwrap_or(self.floor);
        self.cursors.entry(device).or_insert(start);
    }

    /// The device is gone; the last of a person leaves a placeholder.
    pub fn leave(&mut self, who: Who, device: Device, last: bool) {
        if let Some(seq) = self.cursors.remove(&device)
            && last
        {
            self.held.insert(who, seq);
        }
        self.settle();
    }

    pub fn ack(&mut self, device: Device, seq: u64) {
        if let Some(cursor) = self.cursors.get_mut(&device) {
            *cursor = seq.max(*cursor);
        }
        self.settle();
    }

    fn settle(&mut self) {
        let lowest = self.cursors.values().chain(self.held.values()).min().copied();
        self.floor = self.floor.max(lowest.unwrap_or(0));
    }

    /// What everyone has is forgotten; the header goes at that time.
    pub fn strip(&mut self, expires: Timestamp) {
        if self.retention == Retention::Archive || self.floor <= self.stripped {
            return;
        }
        let from = usize::try_from(self.stripped).unwrap_or(0);
        let to = usize::try_from(self.floor).unwrap_or(0);
        for line in self.log[from..to].iter_mut().filter(|line| line.content) {
            line.content = false;
            line.expires = Some(expires);
        }
        self.stripped = self.floor;
    }

    /// Headers past their time are gone.
    pub fn expire(&mut self, now: Timestamp) {
        for line in &mut self.log {
            line.gone |= line.expires.is_some_and(|expires| expires <= now);
        }
    }
}

/// Why nothing may be done to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    Unknown,
    Gone,
    TooLate,
    /// Not by this person.
    NotAllowed,
}

/// Something that was sent once.
#[derive(Debug, Clone)]
pub struct Sent {
    pub talk: usize,
    pub id: EntryId,
    pub what: What,
    /// When the id was made.
    pub made: Timestamp,
    pub from: Who,
    pub text: String,
}

/// A device of the case.
#[derive(Debug, Clone)]
pub struct Known {
    pub who: Who,
    pub live: bool,
    /// It has connected before.
    pub registered: bool,
}

/// Everything there is.
#[derive(Debug)]
pub struct Oracle {
    pub talks: Vec<Talk>,
    pub devices: Vec<Known>,
    pub sent: Vec<Sent>,
    /// How long headers stay; `None` if the store does not go by our clock.
    pub header: Option<Duration>,
}

impl Oracle {
    pub fn live(&self) -> Vec<Device> {
        (0..self.devices.len()).filter(|device| self.devices[*device].live).collect()
    }

    pub fn devices_of(&self, who: Who) -> Vec<Device> {
        self.live().into_iter().filter(|device| self.devices[*device].who == who).collect()
    }

    /// Before a device is answered anything, it has a place in all conversations of its person.
    pub fn register(&mut self, device: Device) {
        if self.devices[device].registered {
            return;
        }
        self.devices[device].registered = true;
        let who = self.devices[device].who;
        for talk in self.talks.iter_mut().filter(|talk| talk.members.contains(&who)) {
            talk.join(who, device);
        }
    }

    pub fn log_out(&mut self, device: Device, now: Timestamp) {
        self.devices[device].live = false;
        let who = self.devices[device].who;
        for talk in &mut self.talks {
            let others = talk
                .cursors
                .keys()
                .any(|other| *other != device && self.devices[*other].who == who);
            talk.leave(who, device, !others);
        }
        self.sweep(now);
    }

    /// What is left to do is done.
    pub fn sweep(&mut self, now: Timestamp) {
        for talk in 0..self.talks.len() {
            self.strip(talk, now);
            if self.header.is_some() {
                self.talks[talk].expire(now);
            }
        }
    }

    pub fn strip(&mut self, talk: usize, now: Timestamp) {
        // Without a time of its own the header stays for the whole case.
        let header = self.header.unwrap_or(Duration::from_hours(24 * 365));
        self.talks[talk].strip(now.plus(header));
    }
}

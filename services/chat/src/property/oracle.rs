//! What the product promises, in the simplest form: everything in memory, one step at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kernel::{EntryId, Timestamp};

/// A person, by number.
pub type Who = usize;
/// A device, by number over the whole case.
pub type Device = usize;

/// An entry as it is to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub id: EntryId,
    pub from: Who,
    pub text: String,
    pub count: u64,
    /// What was written is there.
    pub content: bool,
    /// When the header goes; as long as it is there nobody may take its place.
    pub expires: Option<Timestamp>,
    /// The header is gone too.
    pub gone: bool,
}

/// One conversation.
#[derive(Debug, Default)]
pub struct Talk {
    pub members: BTreeSet<Who>,
    /// Position 1 is the first.
    pub log: Vec<Line>,
    pub cursors: BTreeMap<Device, u64>,
    /// Holds the floor for a member without a device.
    pub held: BTreeMap<Who, u64>,
    pub floor: u64,
    pub stripped: u64,
    /// For each member: up to which position, and messages up to there.
    pub read: BTreeMap<Who, (u64, u64)>,
}

impl Talk {
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

    /// A message is stored: its position. The writer has read up to there.
    pub fn append(&mut self, id: EntryId, from: Who, text: &str) -> u64 {
        let count = self.count() + 1;
        let text = text.to_owned();
        self.log.push(Line { id, from, text, count, content: true, expires: None, gone: false });
        self.read(from, self.head(), count);
        self.head()
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
        let from = usize::try_from(self.stripped).unwrap_or(0);
        let to = usize::try_from(self.floor).unwrap_or(0);
        for line in &mut self.log[from..to] {
            line.content = false;
            line.expires = line.expires.or(Some(expires));
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

/// A message that was sent once.
#[derive(Debug, Clone)]
pub struct Sent {
    pub talk: usize,
    pub id: EntryId,
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

//! All there is to know of one conversation at one moment: store, instances, devices, clients, and what was promised.
//!
//! Numbers are as small as they can be: ten million of these are looked at in a minute.

use restante_chat::numbering::Head;

use crate::config::{Config, Device};

/// Messages at most.
pub const MESSAGES: usize = 4;
/// Positions at most: one more than messages, for what goes wrong.
pub const PLACES: usize = 5;
/// Instances at most.
pub const INSTANCES: usize = 3;
/// Devices at most.
pub const DEVICES: usize = 3;
/// Drafts in one batch.
pub const BATCH: usize = 2;
/// Drafts that wait at one instance.
pub const QUEUE: usize = 3;
/// No number.
pub const NONE: u8 = u8::MAX;
/// The person who may be removed; the others are 0.
pub const MEMBER: u8 = 1;

/// A place in the log; [`Head`] in small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// Position.
    pub seq: u8,
    /// Messages up to there.
    pub count: u8,
    /// Last change of membership up to there.
    pub mseq: u8,
}

impl Place {
    /// The end of an empty log.
    pub const EMPTY: Self = Self { seq: 0, count: 0, mseq: 0 };

    /// As the product has it.
    pub fn head(self) -> Head {
        Head { seq: self.seq.into(), count: self.count.into(), mseq: self.mseq.into() }
    }

    /// From what the product says.
    pub fn of(head: Head) -> Self {
        let small = |number| u8::try_from(number).unwrap_or(NONE);
        Self { seq: small(head.seq), count: small(head.count), mseq: small(head.mseq) }
    }
}

/// What the store has at a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Kept {
    /// Nothing, and never had.
    #[default]
    Nothing,
    /// The whole entry.
    Content,
    /// Only the header.
    Header,
    /// Nothing any more.
    Removed,
}

/// One position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Slot {
    /// Whose position it is, or was.
    pub message: u8,
    /// Count and last change of membership that were stored.
    pub place: Place,
    /// What is left.
    pub kept: Kept,
}

impl Slot {
    /// Whether the store has a document here.
    pub const fn is_there(&self) -> bool {
        matches!(self.kept, Kept::Content | Kept::Header)
    }
}

/// What one member of the replica set holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Data {
    /// The log; position 1 first.
    pub slots: [Slot; PLACES],
    /// `conversations.head`.
    pub head: Place,
    /// `delivery.floor`.
    pub floor: u8,
    /// `delivery.d`: what each device has stored.
    pub cursors: [u8; DEVICES],
    /// `delivery.d`, the placeholder of the person with devices 1 and 2.
    pub placeholder: u8,
    /// Whether [`MEMBER`] is removed.
    pub out: bool,
}

/// An insert whose client is gone; the rest of it lands yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stray {
    /// In order; [`NONE`] behind the last.
    pub messages: [u8; BATCH],
    /// Where each goes.
    pub places: [Place; BATCH],
    /// Whether a part of the insert has landed: then it ends with the primary that took that part.
    pub begun: bool,
}

impl Stray {
    /// Nothing on the way.
    pub const NOTHING: Self =
        Self { messages: [NONE; BATCH], places: [Place::EMPTY; BATCH], begun: false };
}

/// What became of a draft, as far as its instance knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Fate {
    /// Nothing yet.
    #[default]
    Open,
    /// Stored by this attempt.
    Stored,
    /// Found stored.
    Existing,
    /// To be tried again.
    Raced,
    /// The sender is to be looked at again.
    Stale,
    /// Answered.
    Done,
    /// Given up.
    Failed,
}

/// A draft under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Draft {
    /// Which message; [`NONE`]: no draft.
    pub message: u8,
    /// Up to which change of membership the sender was seen to be a member.
    pub checked: u8,
    /// What became of it.
    pub fate: Fate,
    /// Its place, if it has one.
    pub place: Place,
}

impl Draft {
    /// No draft.
    pub const NOTHING: Self =
        Self { message: NONE, checked: 0, fate: Fate::Open, place: Place::EMPTY };

    /// Whether there is one.
    pub const fn is_there(&self) -> bool {
        self.message != NONE
    }
}

/// What an instance is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Phase {
    /// Nothing.
    #[default]
    Idle,
    /// Has read the head that the conversation counts, not yet the top of the log.
    ReadCounted,
    /// Has read the top of the log, not yet the head that the conversation counts.
    ReadTop,
    /// Inserting.
    Inserting,
    /// Waiting for the answer.
    Inserted,
    /// About to ask what is stored all the same.
    LookingUp,
    /// About to compare with the floor (only without the rule against it).
    Fencing,
    /// Telling everybody.
    Publishing,
    /// About to raise the head.
    Raising,
    /// Answering.
    Acknowledging,
    /// About to look at the sender again.
    Checking,
}

/// One instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Instance {
    /// The head it believes in.
    pub cached: Option<Place>,
    /// Messages that wait, and up to where their senders were checked.
    pub queue: [(u8, u8); QUEUE],
    /// Drafts under way.
    pub batch: [Draft; BATCH],
    /// The head that the batch was numbered with.
    pub head: Place,
    /// What it does.
    pub phase: Phase,
    /// How many of the batch the phase has done.
    pub done: u8,
    /// The first of an unordered insert that failed; or, when checking, what was read first.
    pub noted: u8,
}

impl Instance {
    /// Just started.
    pub const FRESH: Self = Self {
        cached: None,
        queue: [(NONE, 0); QUEUE],
        batch: [Draft::NOTHING; BATCH],
        head: Place::EMPTY,
        phase: Phase::Idle,
        done: 0,
        noted: NONE,
    };

    /// Whether the message waits here or is under way.
    pub fn has(&self, message: u8) -> bool {
        self.queue.iter().any(|(waiting, _)| *waiting == message)
            || self.batch.iter().any(|draft| draft.message == message)
    }

    /// Whether nothing is under way and nothing waits.
    pub fn is_idle(&self) -> bool {
        self.phase == Phase::Idle && self.queue[0].0 == NONE
    }
}

/// How a device is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Link {
    /// Has not come yet.
    Unknown,
    /// Its cursor is being written.
    Registering,
    /// Not connected.
    Away,
    /// Subscribed; has to read.
    Behind,
    /// Has read the first half: the end of the log (or, without the rule, the entries).
    Reading,
    /// Listening.
    Live,
    /// Removed.
    Gone,
}

/// One device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reader {
    /// How it is connected.
    pub link: Link,
    /// Where it started.
    pub from: u8,
    /// It has everything up to here, or was told that it is gone.
    pub cursor: u8,
    /// The end of the log that its read began with.
    pub end: u8,
    /// At which position it has each message; 0: not.
    pub has: [u8; MESSAGES],
    /// Events on their way: a bit for each message at each position.
    pub inbox: u32,
}

/// The bit of an event.
pub const fn event(message: u8, seq: u8) -> u32 {
    1 << (message as usize * (PLACES + 1) + seq as usize)
}

/// What can still go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Left {
    /// Crashes.
    pub crashes: u8,
    /// Replies lost.
    pub lost_replies: u8,
    /// Fail-overs.
    pub failovers: u8,
    /// Events lost.
    pub losses: u8,
    /// Connections cut.
    pub cuts: u8,
    /// How often each message may still be sent.
    pub attempts: [u8; MESSAGES],
}

/// Everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct World {
    /// What the primary holds.
    pub primary: Data,
    /// What a majority holds: what no fail-over takes back.
    pub durable: Data,
    /// An insert that lands late.
    pub stray: Stray,
    /// The instances.
    pub instances: [Instance; INSTANCES],
    /// The devices.
    pub readers: [Reader; DEVICES],
    /// What can still go wrong.
    pub left: Left,
    /// Positions that messages were first acknowledged with; 0: not.
    pub acked: [u8; MESSAGES],
    /// Messages sent at least once, as bits.
    pub sent: u8,
    /// Messages published at least once, as bits.
    pub published: u8,
    /// Messages answered with "no", for good, as bits.
    pub refused: u8,
    /// What the person with devices 1 and 2 had stored when the last was removed; [`NONE`] if they have one.
    pub owed: u8,
    /// Whether somebody was answered with another position than the first time.
    pub other_answer: bool,
    /// Whether a device was given one message at two positions.
    pub twice: bool,
}

impl World {
    /// The beginning.
    pub fn start(config: &Config) -> Self {
        let cursor = |device| match device {
            Device::Live | Device::Away | Device::Leaving => 0,
            Device::Absent | Device::New => NONE,
        };
        let data = Data {
            slots: [Slot { message: NONE, ..Slot::default() }; PLACES],
            head: Place::default(),
            floor: 0,
            cursors: config.devices.map(cursor),
            placeholder: NONE,
            out: false,
        };
        let mut attempts = [0; MESSAGES];
        attempts[..config.messages.len()].fill(config.attempts);
        let cached = config.warm.then_some(Place::default());
        Self {
            primary: data,
            durable: data,
            stray: Stray::NOTHING,
            instances: [Instance { cached, ..Instance::FRESH }; INSTANCES],
            readers: config.devices.map(Reader::start),
            left: Left {
                crashes: config.crashes,
                lost_replies: config.lost_replies,
                failovers: config.failovers,
                losses: config.losses,
                cuts: config.cuts,
                attempts,
            },
            acked: [0; MESSAGES],
            sent: 0,
            published: 0,
            refused: 0,
            owed: NONE,
            other_answer: false,
            twice: false,
        }
    }
}

impl Reader {
    /// At the beginning.
    pub const fn start(device: Device) -> Self {
        let link = match device {
            Device::Absent => Link::Gone,
            Device::Live | Device::Leaving => Link::Live,
            Device::Away => Link::Away,
            Device::New => Link::Unknown,
        };
        Self { link, from: 0, cursor: 0, end: 0, has: [0; MESSAGES], inbox: 0 }
    }

    /// Whether its subscription stands.
    pub const fn hears(&self) -> bool {
        matches!(self.link, Link::Behind | Link::Reading | Link::Live)
    }

    /// Whether content waits for it.
    pub const fn is_due(&self) -> bool {
        !matches!(self.link, Link::Unknown | Link::Registering | Link::Gone)
    }
}

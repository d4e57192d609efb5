//! What can happen in one search, and what protects against it.

use restante_chat::numbering::EntryType;

use crate::rules::Rules;
use crate::world::DEVICES;

/// What a client wants to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// Only messages count, and only `Member` changes who may write.
    pub kind: EntryType,
    /// Who sends it.
    pub sender: u8,
    /// Whether it removes the member.
    pub removes: bool,
}

/// How a device begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// There is none.
    Absent,
    /// Connected, with everything.
    Live,
    /// Registered, not connected.
    Away,
    /// Comes at some time.
    New,
    /// May be removed at some time (log-out), whatever it has.
    Leaving,
}

/// What can happen in one search.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// For reports.
    pub name: &'static str,
    /// How many instances.
    pub instances: u8,
    /// What is sent.
    pub messages: &'static [Message],
    /// How often each is sent at most, to any instance, also while the first attempt is under way.
    pub attempts: u8,
    /// Drafts in one batch.
    pub batch: u8,
    /// Whether every instance begins with the head of the empty log, however old that gets.
    pub warm: bool,
    /// Whether a load of the head is two reads with time between them.
    pub split_load: bool,
    /// Instances that crash.
    pub crashes: u8,
    /// Replies of inserts that are lost.
    pub lost_replies: u8,
    /// Whether the rest of an insert whose client is gone lands later.
    pub late: bool,
    /// Fail-overs of the store.
    pub failovers: u8,
    /// Events lost on the way to a device.
    pub losses: u8,
    /// Connections cut.
    pub cuts: u8,
    /// Whether what is delivered is forgotten.
    pub retention: bool,
    /// Whether content that nobody calls for is dropped as well.
    pub cap: bool,
    /// The devices.
    pub devices: [Device; DEVICES],
    /// Each person sends all messages through one instance, in order.
    pub in_order: bool,
    /// What protects.
    pub rules: Rules,
}

impl Config {
    /// Nothing goes wrong, nothing is forgotten; one device that listens.
    pub const CALM: Self = Self {
        name: "calm",
        instances: 2,
        messages: &[],
        attempts: 1,
        batch: 1,
        warm: false,
        split_load: false,
        crashes: 0,
        lost_replies: 0,
        late: false,
        failovers: 0,
        losses: 0,
        cuts: 0,
        retention: false,
        cap: false,
        devices: [Device::Live, Device::Absent, Device::Absent],
        in_order: false,
        rules: Rules::ALL,
    };

    /// What the message is.
    pub fn message(&self, message: u8) -> Message {
        self.messages[usize::from(message)]
    }

    /// Every message.
    pub fn all_messages(&self) -> impl Iterator<Item = u8> + use<> {
        0..u8::try_from(self.messages.len()).unwrap_or(0)
    }

    /// Every device that there can be.
    pub fn all_devices(&self) -> impl Iterator<Item = usize> {
        (0..DEVICES).filter(|device| self.devices[*device] != Device::Absent)
    }

    /// Whether a write is durable at once, because nothing ever takes one back.
    pub const fn durable_at_once(&self) -> bool {
        self.failovers == 0
    }

    /// Whether an insert is answered as soon as it ends, because that answer is never lost.
    pub const fn answered_at_once(&self) -> bool {
        self.durable_at_once() && self.lost_replies == 0
    }
}

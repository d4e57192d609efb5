//! A device: subscribes, reads what is above its cursor, listens; stores, and says what it has stored.
//!
//! Instances pass entries on in order and repair holes from the store; here each device does that for itself, which is the
//! same with more that can happen.

use crate::config::{Config, Device};
use crate::store::positions;
use crate::world::{DEVICES, Data, Kept, Link, MESSAGES, NONE, PLACES, Reader, World, event};

/// Every event there can be, with its bit.
pub fn events() -> impl Iterator<Item = (u8, u8)> {
    let messages = 0..u8::try_from(MESSAGES).unwrap_or(0);
    messages.flat_map(|message| positions().map(move |seq| (message, seq)))
}

impl Reader {
    /// Stores an entry. Says whether it has the same message at another position.
    fn store(&mut self, message: u8, seq: u8) -> bool {
        let has = &mut self.has[usize::from(message)];
        let other = *has != 0 && *has != seq;
        if *has == 0 {
            *has = seq;
        }
        other
    }

    /// Stores everything from the cursor up to `end` that is there; the rest is gone. Says whether a message appeared twice.
    fn read(&mut self, data: &Data, end: u8) -> bool {
        let mut twice = false;
        for seq in self.cursor + 1..=end {
            let content = data.slot(seq).filter(|slot| slot.kept == Kept::Content);
            if let Some(slot) = content {
                twice |= self.store(slot.message, seq);
            }
        }
        self.pass(end);
        twice
    }

    /// It has everything up to here; events from below say nothing new.
    fn pass(&mut self, seq: u8) {
        self.cursor = self.cursor.max(seq);
        for (message, passed) in events().filter(|(_, seq)| *seq <= self.cursor) {
            self.inbox &= !event(message, passed);
        }
    }
}

impl World {
    /// What a device's reads see.
    pub const fn readable(&self, config: &Config) -> &Data {
        if config.rules.majority_sync { &self.durable } else { &self.primary }
    }

    /// The device connects: its subscription stands, and it has to read.
    pub fn connect(&mut self, device: usize) {
        self.readers[device].link = Link::Behind;
    }

    /// The connection is cut; what was on its way is gone.
    pub fn cut(&mut self, device: usize) {
        self.left.cuts -= 1;
        let reader = &mut self.readers[device];
        (reader.link, reader.inbox, reader.end) = (Link::Away, 0, 0);
    }

    /// The first of the two reads: the end of the log.
    pub fn read_first(&mut self, config: &Config, device: usize) {
        let data = *self.readable(config);
        let reader = &mut self.readers[device];
        reader.link = Link::Reading;
        if config.rules.end_before_entries {
            reader.end = data.end().seq;
        } else {
            reader.end = data.top().seq;
            // What is missing below is not known to be gone yet: only what is there is stored.
            let cursor = reader.cursor;
            self.twice |= reader.read(&data, data.top().seq);
            reader.cursor = cursor;
        }
    }

    /// The second: the entries.
    pub fn read_second(&mut self, config: &Config, device: usize) {
        let data = *self.readable(config);
        let reader = &mut self.readers[device];
        if config.rules.end_before_entries {
            self.twice |= reader.read(&data, reader.end);
        } else {
            reader.pass(data.end().seq);
        }
        (reader.link, reader.end) = (Link::Live, 0);
    }

    /// An event arrives. The next entry is stored; a later one says that something is missing.
    pub fn hear(&mut self, device: usize, message: u8, seq: u8) {
        let reader = &mut self.readers[device];
        reader.inbox &= !event(message, seq);
        if seq == reader.cursor + 1 {
            self.twice |= reader.store(message, seq);
            reader.pass(seq);
        } else if seq > reader.cursor {
            reader.link = Link::Behind;
        }
    }

    /// An event is lost.
    pub const fn lose(&mut self, device: usize, message: u8, seq: u8) {
        self.left.losses -= 1;
        self.readers[device].inbox &= !event(message, seq);
    }

    /// Whether reading the head again would tell the device something, when everything on its way has arrived.
    pub fn can_notice(&self, device: usize) -> bool {
        let reader = &self.readers[device];
        reader.link == Link::Live && reader.inbox == 0 && self.durable.end().seq > reader.cursor
    }

    /// The head is read again: something is missing.
    pub const fn notice(&mut self, device: usize) {
        self.readers[device].link = Link::Behind;
    }

    /// Whether the device has an acknowledgement that the store does not know.
    pub fn has_ack(&self, device: usize) -> bool {
        let (reader, known) = (&self.readers[device], self.primary.cursors[device]);
        reader.is_due() && known != NONE && reader.cursor > known
    }

    /// Whether the head must be raised before that acknowledgement.
    pub fn is_above_head(&self, device: usize) -> bool {
        self.readers[device].cursor > self.primary.head.seq
    }

    /// Raises the head because something is above it.
    pub fn raise_to_end(&mut self, config: &Config) {
        let end = self.durable.end();
        self.primary.raise(end);
        self.wrote(config);
    }

    /// The acknowledgement is folded in.
    pub fn fold(&mut self, config: &Config, device: usize) {
        self.primary.cursors[device] = self.readers[device].cursor;
        self.primary.settle();
        self.wrote(config);
    }

    /// A new device asks for a cursor. Without the rule it reads at once, and the cursor comes later.
    pub fn register(&mut self, config: &Config, device: usize) {
        self.write_cursor(device);
        self.readers[device].link = Link::Registering;
        self.wrote(config);
    }

    /// A new device reads before it has a cursor (only without the rule).
    pub fn read_early(&mut self, device: usize) {
        let from = self.durable.floor;
        let reader = &mut self.readers[device];
        (reader.link, reader.from, reader.cursor) = (Link::Behind, from, from);
    }

    /// The cursor of a device that read early is written at last.
    pub fn register_late(&mut self, config: &Config, device: usize) {
        self.write_cursor(device);
        self.wrote(config);
    }

    fn write_cursor(&mut self, device: usize) {
        let held = self.primary.placeholder;
        if self.primary.cursors[device] == NONE {
            self.primary.cursors[device] = if held == NONE { self.primary.floor } else { held };
        }
        self.primary.placeholder = NONE;
        self.primary.settle();
    }

    /// The cursor of the new device is durable.
    pub fn registered(&mut self, device: usize) {
        let from = self.durable.cursors[device];
        let reader = &mut self.readers[device];
        (reader.link, reader.from, reader.cursor) = (Link::Away, from, from);
        // Nothing is owed to the person any more but what is owed to this device, from where the person was.
        if self.owed != NONE {
            reader.from = self.owed;
            self.owed = NONE;
        }
    }

    /// The device is removed. The last of a person leaves a placeholder.
    pub fn unregister(&mut self, config: &Config, device: usize) {
        let cursor = self.primary.cursors[device];
        self.primary.cursors[device] = NONE;
        self.readers[device] = Reader { link: Link::Gone, ..Reader::start(Device::Absent) };
        let others = (1..DEVICES).any(|other| self.primary.cursors[other] != NONE);
        if device > 0 && !others {
            self.owed = cursor;
            if config.rules.placeholder {
                self.primary.placeholder = cursor;
            }
        }
        self.primary.settle();
        self.wrote(config);
    }
}

const _: () = assert!(MESSAGES * (PLACES + 1) <= 32, "an inbox has 32 bits");

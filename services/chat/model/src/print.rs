//! The fingerprint of a world: everything that matters in a few words.

use crate::checker::Print;
use crate::config::Config;
use crate::world::{Data, INSTANCES, Instance, NONE, Place, Reader, World};

impl World {
    /// Equal for worlds that differ only in which instance is called what, unless that matters.
    pub fn fingerprint(&self, config: &Config) -> u64 {
        let mut print = Print::default();
        self.primary.print(config, &mut print);
        if !config.durable_at_once() {
            self.durable.print(config, &mut print);
        }
        if config.late {
            for (message, place) in self.stray.messages.iter().zip(self.stray.places) {
                print.add(*message);
                place.print(&mut print);
            }
            print.add(u8::from(self.stray.begun));
        }
        let left = &self.left;
        for number in [left.crashes, left.lost_replies, left.failovers, left.losses, left.cuts] {
            print.add(number);
        }
        for message in 0..config.messages.len() {
            print.add(left.attempts[message]);
            print.add(self.acked[message]);
        }
        for number in [self.sent, self.published, self.refused, self.owed] {
            print.add(number);
        }
        print.add(u8::from(self.other_answer) | u8::from(self.twice) << 1);
        for device in config.all_devices() {
            self.readers[device].print(config, &mut print);
        }
        let mut instances = [0; INSTANCES];
        for (number, instance) in self.instances.iter().enumerate() {
            instances[number] = instance.print();
        }
        if !config.in_order {
            instances.sort_unstable();
        }
        for instance in instances {
            print.add_all(instance);
        }
        print.finish()
    }
}

impl Data {
    fn print(&self, config: &Config, print: &mut Print) {
        for slot in &self.slots {
            print.add(slot.message);
            if slot.message != NONE {
                slot.place.print(print);
                print.add(slot.kept as u8);
            }
        }
        self.head.print(print);
        print.add(self.floor);
        for device in config.all_devices() {
            print.add(self.cursors[device]);
        }
        print.add(self.placeholder);
        print.add(u8::from(self.out));
    }
}

impl Place {
    fn print(self, print: &mut Print) {
        print.add(self.seq);
        print.add(self.count);
        print.add(self.mseq);
    }
}

impl Instance {
    fn print(&self) -> u64 {
        let mut print = Print::default();
        print.add(u8::from(self.cached.is_some()));
        self.cached.unwrap_or_default().print(&mut print);
        for (message, checked) in self.queue {
            print.add(message);
            print.add(checked);
        }
        for draft in &self.batch {
            print.add(draft.message);
            if draft.is_there() {
                print.add(draft.checked);
                print.add(draft.fate as u8);
                draft.place.print(&mut print);
            }
        }
        self.head.print(&mut print);
        print.add(self.phase as u8);
        print.add(self.done);
        print.add(self.noted);
        print.finish()
    }
}

impl Reader {
    fn print(&self, config: &Config, print: &mut Print) {
        for number in [self.link as u8, self.from, self.cursor, self.end] {
            print.add(number);
        }
        for has in &self.has[..config.messages.len()] {
            print.add(*has);
        }
        print.add_all(self.inbox.into());
    }
}

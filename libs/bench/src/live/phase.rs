//! One stretch of the load: what was due when, and what became of it.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::outcome::{Outcome, Times};

/// Nothing here is ordered by these counters: they are read when everything has come to rest.
const LOOSE: Ordering = Ordering::Relaxed;

/// A message that is due.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due {
    /// From the start of the phase.
    pub(crate) after: Duration,
    /// The member who sends it.
    pub(crate) sender: u32,
}

/// What is known of one message; microseconds from the start of the phase, 0 as long as it did not happen.
#[derive(Debug, Default)]
struct Slot {
    sender: AtomicU32,
    due: AtomicU64,
    sent: AtomicU64,
    answered: AtomicU64,
    /// Recipients who have it, and when the last of them got it.
    received: AtomicU32,
    last: AtomicU64,
}

/// One stretch of the load. Shared by all members.
#[derive(Debug)]
pub(crate) struct Phase {
    number: u32,
    run: String,
    begun: Instant,
    /// After this nothing more is sent.
    until: Instant,
    recipients: u32,
    tellers: u32,
    slots: Vec<Slot>,
    /// Messages that were made.
    made: AtomicU32,
    refused: AtomicU32,
    twice: AtomicU32,
    reordered: AtomicU32,
    received: AtomicU64,
    /// Acknowledgements that the server has answered, and when the last was.
    told: AtomicU64,
    ended: AtomicU64,
}

/// What all phases of a crowd have in common.
#[derive(Debug, Clone)]
pub(crate) struct Kind {
    /// Seven hexadecimal digits that ids of this crowd carry.
    pub(crate) run: String,
    /// Everybody but the sender.
    pub(crate) recipients: u32,
    /// Devices that acknowledge a message.
    pub(crate) tellers: u32,
}

impl Phase {
    /// A phase that starts now, with room for so many messages.
    pub(crate) fn new(number: u32, kind: &Kind, room: usize, length: Duration) -> Self {
        let begun = Instant::now();
        Self {
            number,
            run: kind.run.clone(),
            begun,
            until: begun + length,
            recipients: kind.recipients,
            tellers: kind.tellers,
            slots: std::iter::repeat_with(Slot::default).take(room).collect(),
            made: AtomicU32::new(0),
            refused: AtomicU32::new(0),
            twice: AtomicU32::new(0),
            reordered: AtomicU32::new(0),
            received: AtomicU64::new(0),
            told: AtomicU64::new(0),
            ended: AtomicU64::new(0),
        }
    }

    /// Puts down what is due when, and gives the number of each. Done before anything is sent.
    pub(crate) fn plan(&self, dues: &[Due]) -> Vec<(u32, Due)> {
        let make = |due: &Due| Some((self.make(due.sender, micros(due.after))?, *due));
        dues.iter().filter_map(make).collect()
    }

    /// One more message that is due now; nothing when the phase is over.
    pub(crate) fn next(&self, sender: u32) -> Option<u32> {
        let now = Instant::now();
        (now < self.until).then(|| self.make(sender, self.moment(now)))?
    }

    fn make(&self, sender: u32, due: u64) -> Option<u32> {
        let index = self.made.fetch_add(1, LOOSE);
        let Some(slot) = self.slot(index) else {
            self.made.fetch_sub(1, LOOSE);
            return None;
        };
        slot.sender.store(sender, LOOSE);
        slot.due.store(due, LOOSE);
        Some(index)
    }

    /// The message's id: a `UUIDv7` that says which one it is.
    pub(crate) fn id(&self, index: u32, millis: i64) -> String {
        let time = format!("{millis:012x}");
        let (high, low) = time.split_at(8);
        let (first, rest) = self.run.split_at(3);
        format!("{high}-{low}-7{:03x}-8{first}-{rest}{index:08x}", self.number)
    }

    /// Which message an id names, if it is one of this phase.
    pub(crate) fn index(&self, id: &str) -> Option<u32> {
        let own = id.get(20..23)? == &self.run[..3] && id.get(24..28)? == &self.run[3..];
        let number = u32::from_str_radix(id.get(15..18)?, 16).ok()?;
        let index = u32::from_str_radix(id.get(28..36)?, 16).ok()?;
        (own && number == self.number).then_some(index)
    }

    /// The number under which a message is sent: other phases use others.
    pub(crate) fn packet(&self, index: u32) -> u64 {
        u64::from(self.number) << 32 | u64::from(index)
    }

    /// Which message a packet of this number has sent, if it is one of this phase.
    fn of_packet(&self, packet: u64) -> Option<u32> {
        let index = u32::try_from(packet & 0xffff_ffff).ok()?;
        (packet >> 32 == u64::from(self.number)).then_some(index)
    }

    pub(crate) fn sent(&self, index: u32) {
        let Some(slot) = self.slot(index) else { return };
        slot.sent.store(self.now(), LOOSE);
    }

    /// The server has taken what the packet holds. Says whether it belongs to this phase.
    pub(crate) fn answered(&self, packet: u64) -> bool {
        let Some(slot) = self.of_packet(packet).and_then(|index| self.slot(index)) else {
            return false;
        };
        slot.answered.store(self.now(), LOOSE);
        true
    }

    /// The server would not take something; it will be sent again.
    pub(crate) fn refused(&self, answer: &str) {
        if self.refused.fetch_add(1, LOOSE) == 0 {
            eprintln!("bench: refused: {answer}");
        }
    }

    /// A member has it who had not. What comes to its own sender is no delivery.
    pub(crate) fn received(&self, index: u32, member: u32) {
        let Some(slot) = self.slot(index).filter(|slot| slot.sender.load(LOOSE) != member) else {
            return;
        };
        slot.received.fetch_add(1, LOOSE);
        slot.last.fetch_max(self.now(), LOOSE);
        self.received.fetch_add(1, LOOSE);
    }

    pub(crate) fn twice(&self) {
        self.twice.fetch_add(1, LOOSE);
    }

    pub(crate) fn reordered(&self) {
        self.reordered.fetch_add(1, LOOSE);
    }

    /// The server knows that one device has stored so many.
    pub(crate) fn told(&self, count: u32) {
        self.told.fetch_add(u64::from(count), LOOSE);
        self.ended.fetch_max(self.now(), LOOSE);
    }

    /// Whether every message has come to the end of its life.
    pub(crate) fn is_over(&self) -> bool {
        let made = u64::from(self.made.load(LOOSE));
        Instant::now() >= self.until
            && self.received.load(LOOSE) >= made * u64::from(self.recipients)
            && self.told.load(LOOSE) >= made * u64::from(self.tellers)
    }

    /// What came of it. A message that somebody still lacks counts as under way until now.
    pub(crate) fn outcome(&self) -> Outcome {
        let made = self.made.load(LOOSE);
        let slots = &self.slots[..usize::try_from(made).unwrap_or(0).min(self.slots.len())];
        let now = self.now();
        let until = |end: &dyn Fn(&Slot) -> u64| {
            let since_due = |slot: &Slot| {
                let end = Some(end(slot)).filter(|end| *end > 0).unwrap_or(now);
                Duration::from_micros(end.saturating_sub(slot.due.load(LOOSE)))
            };
            Times::new(slots.iter().map(since_due).collect())
        };
        let whole = |slot: &Slot| slot.received.load(LOOSE) >= self.recipients;
        Outcome {
            expected: u64::from(made) * u64::from(self.recipients),
            received: self.received.load(LOOSE),
            refused: self.refused.load(LOOSE),
            twice: self.twice.load(LOOSE),
            reordered: self.reordered.load(LOOSE),
            lives: self.told.load(LOOSE) / u64::from(self.tellers.max(1)),
            took: Duration::from_micros(self.ended.load(LOOSE)),
            delivered: until(&|slot| if whole(slot) { slot.last.load(LOOSE) } else { 0 }),
            answered: until(&|slot| slot.answered.load(LOOSE)),
            late: until(&|slot| slot.sent.load(LOOSE)),
        }
    }

    /// Which of its crowd's phases it is.
    pub(crate) const fn number(&self) -> u32 {
        self.number
    }

    /// When the phase began.
    pub(crate) const fn begun(&self) -> Instant {
        self.begun
    }

    fn slot(&self, index: u32) -> Option<&Slot> {
        self.slots.get(usize::try_from(index).ok()?)
    }

    fn now(&self) -> u64 {
        self.moment(Instant::now())
    }

    fn moment(&self, at: Instant) -> u64 {
        micros(at.saturating_duration_since(self.begun)).max(1)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phase(number: u32, room: usize) -> Phase {
        let kind = Kind { run: "0abcdef".to_owned(), recipients: 1, tellers: 2 };
        Phase::new(number, &kind, room, Duration::ZERO)
    }

    #[test]
    fn ids_are_of_version_7_and_name_their_message() {
        let phase = phase(0x12, 0);
        let id = phase.id(0x1f, 0x0198_8f2c_0001);
        assert_eq!(id, "01988f2c-0001-7012-80ab-cdef0000001f");
        assert_eq!(phase.index(&id), Some(0x1f));
        assert_eq!(self::phase(0x13, 0).index(&id), None, "another phase");
        assert_eq!(phase.index("01988f2c-0001-7012-80ab-cdee0000001f"), None, "another run");
        assert_eq!(phase.index("short"), None);
    }

    #[test]
    fn a_phase_is_over_when_every_device_has_said_that_it_has_every_message() {
        let phase = phase(1, 2);
        let due = |sender| Due { after: Duration::ZERO, sender };
        assert_eq!(phase.plan(&[due(0), due(1), due(0)]).len(), 2, "there is room for two");
        for index in 0..2 {
            phase.sent(index);
            assert!(phase.answered(phase.packet(index)));
            phase.received(index, 0);
            phase.received(index, 1);
        }
        assert!(!phase.answered(7), "a packet of another phase");
        phase.told(3);
        assert!(!phase.is_over());
        phase.told(1);
        assert!(phase.is_over());
        let outcome = phase.outcome();
        assert_eq!((outcome.expected, outcome.received, outcome.lives), (2, 2, 2));
    }

    #[test]
    fn a_message_that_nobody_got_is_as_late_as_now() {
        let phase = phase(1, 1);
        phase.plan(&[Due { after: Duration::ZERO, sender: 0 }]);
        std::thread::sleep(Duration::from_millis(2));
        let outcome = phase.outcome();
        assert_eq!((outcome.expected, outcome.received), (1, 0));
        assert!(outcome.delivered.at(50) >= 2.0);
    }
}

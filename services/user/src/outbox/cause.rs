use bus::Message;
use contracts::events::Event;
use kernel::{Clock, Random, Timestamp};
use uuid::Uuid;

/// What made something happen: when, in which trace, and the id that the ids of its events derive from, so that a store
/// that tries again writes the same events.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    /// When.
    pub(crate) at: Timestamp,
    id: Uuid,
    traceparent: Option<String>,
}

impl Cause {
    /// A new cause, now, in the trace of the current span.
    pub(crate) fn new(clock: &dyn Clock, random: &dyn Random) -> Self {
        let mut noise = [0_u8; 16];
        random.fill(&mut noise);
        let id = uuid::Builder::from_random_bytes(noise).into_uuid();
        Self { at: clock.now(), id, traceparent: runtime::current_traceparent() }
    }

    /// The message that tells the event.
    pub(crate) fn message(&self, event: &Event) -> Message {
        let payload = event.encode();
        let name = [event.topic().as_bytes(), &payload].concat();
        Message {
            id: Uuid::new_v5(&self.id, &name),
            topic: event.topic().to_owned(),
            payload,
            traceparent: self.traceparent.clone(),
            ttl: None,
        }
    }
}

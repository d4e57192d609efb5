use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

/// What an event is about: the 16 bytes of a conversation's or a person's id.
///
/// Adapters hash it onto 1 024 channels, so that a person with 500 conversations is not 500 subscriptions. It travels at a
/// fixed place of the frame: a listener drops what it does not watch without looking further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject(pub [u8; 16]);

/// What a [`Listener`] hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// An event about a subject that is watched.
    Event {
        /// What it is about.
        subject: Subject,
        /// As it was published.
        payload: Bytes,
    },
    /// Events may have been lost since the last thing heard (connection broken and back, own queue full): read again
    /// from the store whatever must not be missed.
    Gap,
}

/// The event was not published, or the subscription not confirmed, in time.
#[derive(Debug, thiserror::Error)]
#[error("fan-out: {0}")]
pub struct FanoutError(pub String);

/// Publishes to every instance and hears from them.
#[async_trait]
pub trait Fanout: Send + Sync + fmt::Debug {
    /// Publishes one event. It may be lost all the same; an error says that it surely was, or may have been.
    async fn publish(&self, subject: Subject, payload: Bytes) -> Result<(), FanoutError>;

    /// Starts listening. One for each instance: it holds the one subscriber connection.
    async fn listen(&self) -> Result<Box<dyn Listener>, FanoutError>;

    /// Answers if events flow: publishing works and the subscription is up.
    async fn ping(&self) -> Result<(), FanoutError>;
}

/// One instance's ear. `watch` and `unwatch` may be called while another task waits in `next`.
#[async_trait]
pub trait Listener: Send + Sync + fmt::Debug {
    /// When this returns, every event published from now on about the subject is heard (or a [`Happening::Gap`] is).
    /// Watching twice is watching once. While the connection is broken this returns at once, because a gap will be heard
    /// when it is back. After an error the subjects may or may not be watched: try again, or unwatch them.
    async fn watch(&self, subjects: &[Subject]) -> Result<(), FanoutError>;

    /// Hears no more of these.
    async fn unwatch(&self, subjects: &[Subject]);

    /// Whether so much waits to be heard that what can be spared should be: half of the queue is full.
    fn is_behind(&self) -> bool;

    /// The next thing heard; waits for it. `None` once the fan-out is closed. The queue behind it is bounded; when it is
    /// full, events are dropped and a [`Happening::Gap`] takes their place.
    async fn next(&self) -> Option<Happening>;
}

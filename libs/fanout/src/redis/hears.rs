use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use redis::{PushInfo, PushKind, Value};
use redis_nodes::Node;
use tokio::sync::Notify;

use super::channels::{Channel, Channels};
use super::link::Link;
use super::names;
use crate::Subject;

/// What comes in from one connection. The driver calls it right where it reads, so that there is no queue but the ear's.
pub(super) struct Hears {
    link: Arc<Link>,
    node: Node,
    /// The number of the connection.
    connection: u64,
    /// The last heartbeat that came back.
    beat: AtomicU64,
    broken: Notify,
}

impl Hears {
    pub(super) fn new(link: Arc<Link>, node: Node, connection: u64) -> Self {
        Self { link, node, connection, beat: AtomicU64::new(0), broken: Notify::new() }
    }

    /// Waits for the end of the connection.
    pub(super) async fn broken(&self) {
        self.broken.notified().await;
    }

    /// The last heartbeat that came back.
    pub(super) fn last_beat(&self) -> u64 {
        self.beat.load(Ordering::Relaxed)
    }

    pub(super) fn push(&self, push: PushInfo) {
        match push.kind {
            PushKind::Message | PushKind::SMessage => self.message(push.data),
            PushKind::Subscribe | PushKind::SSubscribe => {
                if let Some(channel) = self.named(&push.data) {
                    self.with(|channels, connection| channels.confirm(channel, connection));
                }
            }
            PushKind::Unsubscribe | PushKind::SUnsubscribe => {
                let Some(channel) = self.named(&push.data) else { return };
                if self.with(|channels, connection| channels.lose(channel, connection))
                    == Some(true)
                {
                    self.link.directory.doubt();
                    self.link.ask();
                    self.link.tell();
                }
            }
            PushKind::Disconnection => self.broken.notify_one(),
            _ => {}
        }
    }

    fn message(&self, data: Vec<Value>) {
        let Ok([Value::BulkString(channel), Value::BulkString(frame)]) =
            <[Value; 2]>::try_from(data)
        else {
            return;
        };
        if names::is_beat(&channel) {
            self.beat(&frame);
        } else if let Some(subject) = frame.first_chunk::<16>().copied() {
            self.link.ear.hear(Subject(subject), Bytes::from(frame).slice(16..));
        }
    }

    fn beat(&self, frame: &[u8]) {
        let beat = frame.try_into().map_or(0, u64::from_be_bytes);
        self.beat.fetch_max(beat, Ordering::Relaxed);
        if self.with(Channels::hear_beat) == Some(true) {
            self.link.ask();
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Channels, u64) -> T) -> Option<T> {
        self.link.with(&self.node, |channels| act(channels, self.connection))
    }

    fn named(&self, data: &[Value]) -> Option<Channel> {
        match data.first() {
            Some(Value::BulkString(name)) => self.link.names.parse(name),
            _ => None,
        }
    }
}

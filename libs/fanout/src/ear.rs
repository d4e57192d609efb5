use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use bytes::Bytes;
use tokio::sync::Notify;

use crate::{Happening, Subject};

/// What one listener watches, and its bounded queue.
///
/// A gap is not queued but remembered: it is heard after what was queued before it, and events that come in the meantime
/// are dropped, because whoever hears the gap reads the store later than they happened.
#[derive(Debug)]
pub(crate) struct Ear {
    state: Mutex<State>,
    capacity: usize,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    watched: HashSet<Subject>,
    queue: VecDeque<(Subject, Bytes)>,
    gap: bool,
    closed: bool,
}

impl Ear {
    /// A queue of `capacity` events.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { state: Mutex::default(), capacity, changed: Notify::new() }
    }

    /// Says which of them were not watched before.
    pub(crate) fn watch(&self, subjects: &[Subject]) -> Vec<Subject> {
        let mut state = self.state();
        subjects.iter().copied().filter(|subject| state.watched.insert(*subject)).collect()
    }

    /// Says which of them were watched.
    pub(crate) fn unwatch(&self, subjects: &[Subject]) -> Vec<Subject> {
        let mut state = self.state();
        subjects.iter().copied().filter(|subject| state.watched.remove(subject)).collect()
    }

    /// Puts an event in the queue if it is watched; a gap in its place if the queue is full.
    pub(crate) fn hear(&self, subject: Subject, payload: Bytes) {
        let mut state = self.state();
        if !state.watched.contains(&subject) {
            metrics::counter!("fanout_unwanted_total").increment(1);
            return;
        }
        if state.gap {
            return;
        }
        if state.queue.len() < self.capacity {
            state.queue.push_back((subject, payload));
            metrics::counter!("fanout_received_total").increment(1);
        } else {
            state.gap = true;
            metrics::counter!("fanout_gaps_total", "cause" => "queue full").increment(1);
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Whether more than half of the queue is full.
    pub(crate) fn is_behind(&self) -> bool {
        self.state().queue.len() > self.capacity / 2
    }

    /// Says that events may have been lost.
    pub(crate) fn gap(&self) {
        self.state().gap = true;
        metrics::counter!("fanout_gaps_total", "cause" => "connection lost").increment(1);
        self.changed.notify_waiters();
    }

    /// Nothing more will come; what is queued is still heard.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_waiters();
    }

    pub(crate) async fn next(&self) -> Option<Happening> {
        loop {
            // Made before the look, so that what changes after it is not missed.
            let changed = self.changed.notified();
            if let Poll::Ready(next) = self.take() {
                return next;
            }
            changed.await;
        }
    }

    fn take(&self) -> Poll<Option<Happening>> {
        let mut state = self.state();
        if let Some((subject, payload)) = state.queue.pop_front() {
            return Poll::Ready(Some(Happening::Event { subject, payload }));
        }
        if std::mem::take(&mut state.gap) {
            return Poll::Ready(Some(Happening::Gap));
        }
        if state.closed { Poll::Ready(None) } else { Poll::Pending }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

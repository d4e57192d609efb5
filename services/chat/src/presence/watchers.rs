//! Who of this instance looks at whom, and what they were told last.

use std::sync::Arc;

use bytes::Bytes;
use dashmap::DashMap;
use kernel::UserId;

use crate::live::socket::seat::{Seat, packet};

/// The event that tells of somebody's presence.
pub const EVENT: &str = "user:status";

/// Those who look, by whom they look at.
#[derive(Debug, Default)]
pub struct Watchers {
    rows: DashMap<UserId, Row>,
}

#[derive(Debug, Default)]
struct Row {
    seats: Vec<Arc<Seat>>,
    /// What was last heard or read, as clients get it.
    last: Option<Bytes>,
    /// Counts what was heard: a read that began before is older.
    heard: u64,
}

impl Row {
    fn tell(&mut self, body: Bytes) {
        if self.last.as_ref() == Some(&body) {
            return;
        }
        let packet = packet(EVENT, &body);
        for seat in &self.seats {
            seat.deliver(&packet);
        }
        self.last = Some(body);
    }
}

impl Watchers {
    /// The socket looks at the person.
    pub fn add(&self, user: UserId, seat: &Arc<Seat>) {
        let mut row = self.rows.entry(user).or_default();
        if !row.seats.iter().any(|other| Arc::ptr_eq(other, seat)) {
            row.seats.push(Arc::clone(seat));
        }
    }

    /// The socket looks at the person no more.
    pub fn remove(&self, user: UserId, seat: &Arc<Seat>) {
        if let Some(mut row) = self.rows.get_mut(&user) {
            row.seats.retain(|other| !Arc::ptr_eq(other, seat));
        }
    }

    /// Forgets the person if nobody looks at them any more. Says whether it did.
    pub fn tidy(&self, user: UserId) -> bool {
        self.rows.remove_if(&user, |_, row| row.seats.is_empty()).is_some()
    }

    /// Everybody who is looked at.
    pub fn watched(&self) -> Vec<UserId> {
        self.rows.iter().map(|row| *row.key()).collect()
    }

    /// The person's state was heard: tells those who look, if it is news.
    pub fn heard(&self, user: UserId, body: Bytes) {
        if let Some(mut row) = self.rows.get_mut(&user) {
            row.heard += 1;
            row.tell(body);
        }
    }

    /// How often something was heard of the person: a read names it.
    pub fn mark(&self, user: UserId) -> u64 {
        self.rows.get(&user).map_or(0, |row| row.heard)
    }

    /// The person's state was read, after [`Watchers::mark`] had answered `mark`: tells those who look, if it is news.
    pub fn read(&self, user: UserId, mark: u64, body: Bytes) {
        if let Some(mut row) = self.rows.get_mut(&user)
            && row.heard == mark
        {
            row.tell(body);
        }
    }

    /// Those sockets of the watcher that look at the person.
    pub fn of(&self, watcher: UserId, user: UserId) -> Vec<Arc<Seat>> {
        let Some(row) = self.rows.get(&user) else { return Vec::new() };
        row.seats.iter().filter(|seat| seat.identity.user == watcher).cloned().collect()
    }

    /// Tells one socket what was last told of the person.
    pub fn repeat(&self, user: UserId, seat: &Seat) {
        if let Some(row) = self.rows.get(&user)
            && let Some(last) = &row.last
        {
            seat.deliver(&packet(EVENT, last));
        }
    }
}

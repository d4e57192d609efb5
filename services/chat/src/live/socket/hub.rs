//! Who is connected to this instance, and what they hear.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use fanout::{FanoutError, Listener, Subject};
use kernel::{ConversationId, UserId};
use socketio::Packet;
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use super::repair;
use super::seat::Seat;
use crate::live::announce::{INSTANCES, about};
use crate::live::lane::{Arrival, Lane};
use crate::log::entry::Entry;
use crate::log::store::LogStore;
use crate::store::StoreError;

/// Why someone cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The subscription is not confirmed.
    #[error(transparent)]
    Fanout(#[from] FanoutError),
    /// The head of a log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The person has as many sockets here as one may have.
    #[error("the person has too many sockets")]
    TooMany,
}

/// A conversation with listeners here.
#[derive(Debug)]
pub struct Room {
    /// The order of its entries.
    pub lane: Lane,
    /// Tells this room from one that was opened for the same conversation before or after it.
    pub generation: u64,
    seats: Vec<Arc<Seat>>,
}

impl Room {
    /// Passes an event on to everyone who listens.
    pub fn deliver(&self, packet: &Packet) {
        for seat in &self.seats {
            seat.deliver(packet);
        }
    }

    /// Passes an entry on to everyone who listens, as each gets to see it.
    pub fn deliver_entry(&self, entry: &Entry) {
        let Ok(whole) = Packet::event(entry.event(), entry) else { return };
        let Some(from) = entry.withheld_from else { return self.deliver(&whole) };
        let seen = entry.clone().seen_by(from);
        let Ok(withheld) = Packet::event(seen.event(), &seen) else { return };
        for seat in &self.seats {
            seat.deliver(if seat.identity.user == from { &withheld } else { &whole });
        }
    }

    /// Takes a person's sockets out.
    pub fn put_out(&mut self, id: ConversationId, user: UserId) {
        self.seats.retain(|seat| {
            let stays = seat.identity.user != user;
            if !stays {
                seat.part(id);
            }
            stays
        });
    }
}

/// The sockets of this instance and what each of them hears.
#[derive(Debug)]
pub struct Hub {
    listener: Box<dyn Listener>,
    pub(super) log: Arc<dyn LogStore>,
    pub(super) rooms: DashMap<ConversationId, Room>,
    people: DashMap<UserId, Vec<Arc<Seat>>>,
    /// Subscribing and unsubscribing take turns, so that one person's leaving never undoes another's coming.
    subscribing: Mutex<()>,
    /// Rooms opened so far.
    opened: AtomicU64,
    /// Repairs go on when the socket that caused them is gone.
    runtime: Handle,
}

impl Hub {
    /// Listens on the fan-out; repairs run on the runtime that this is called on.
    pub async fn start(
        listener: Box<dyn Listener>,
        log: Arc<dyn LogStore>,
    ) -> Result<Arc<Self>, FanoutError> {
        listener.watch(&[INSTANCES]).await?;
        Ok(Arc::new(Self {
            listener,
            log,
            rooms: DashMap::new(),
            people: DashMap::new(),
            subscribing: Mutex::default(),
            opened: AtomicU64::new(0),
            runtime: Handle::current(),
        }))
    }

    /// Seats a socket. When this returns it hears what concerns the person and everything new in the conversations: from
    /// here on nothing is missed that the stores did not hold before. At most `most` sockets of one person are let in.
    pub async fn enter(
        self: &Arc<Self>,
        seat: &Arc<Seat>,
        ids: &[ConversationId],
        most: usize,
    ) -> Result<(), JoinError> {
        let user = seat.identity.user;
        {
            let mut seats = self.people.entry(user).or_default();
            if seats.len() >= most {
                return Err(JoinError::TooMany);
            }
            seats.push(Arc::clone(seat));
        }
        self.join(&[Arc::clone(seat)], ids, Some(user)).await
    }

    /// Lets the sockets hear the conversations as well.
    pub async fn join(
        self: &Arc<Self>,
        seats: &[Arc<Seat>],
        ids: &[ConversationId],
        user: Option<UserId>,
    ) -> Result<(), JoinError> {
        let ids: Vec<ConversationId> =
            ids.iter().copied().filter(|id| self.seat_in(*id, seats)).collect();
        let mut subjects: Vec<Subject> = ids.iter().map(|id| about(*id)).collect();
        subjects.extend(user.map(about));
        {
            let _turn = self.subscribing.lock().await;
            self.listener.watch(&subjects).await?;
        }
        self.read_new_heads(&ids).await?;
        Ok(())
    }

    /// Adds the sockets to the conversation's room. Says whether anybody is in it then.
    fn seat_in(&self, id: ConversationId, seats: &[Arc<Seat>]) -> bool {
        let open = || Room {
            lane: Lane::default(),
            generation: self.opened.fetch_add(1, Ordering::Relaxed),
            seats: Vec::new(),
        };
        let mut room = self.rooms.entry(id).or_insert_with(open);
        for seat in seats {
            if seat.join(id) {
                room.seats.push(Arc::clone(seat));
            }
        }
        drop(room);
        // All of them may have left meanwhile.
        self.rooms.remove_if(&id, |_, room| room.seats.is_empty()).is_none()
    }

    /// Takes a socket out of everything.
    pub async fn leave(&self, seat: &Arc<Seat>) {
        let gone = |other: &Arc<Seat>| Arc::ptr_eq(other, seat);
        let user = seat.identity.user;
        if let Some(mut seats) = self.people.get_mut(&user) {
            seats.retain(|other| !gone(other));
        }
        let left = seat.leave_all();
        for id in &left {
            if let Some(mut room) = self.rooms.get_mut(id) {
                room.seats.retain(|other| !gone(other));
            }
        }
        let _turn = self.subscribing.lock().await;
        let mut unheard: Vec<Subject> = Vec::new();
        for id in left {
            if self.rooms.remove_if(&id, |_, room| room.seats.is_empty()).is_some() {
                unheard.push(about(id));
            }
        }
        if self.people.remove_if(&user, |_, seats| seats.is_empty()).is_some() {
            unheard.push(about(user));
        }
        self.listener.unwatch(&unheard).await;
    }

    /// Takes a person's sockets out of one conversation's room: from here on they hear nothing of it.
    pub fn expel(self: &Arc<Self>, user: UserId, id: ConversationId) {
        let Some(mut room) = self.rooms.get_mut(&id) else { return };
        room.put_out(id, user);
        drop(room);
        self.tidy(id);
    }

    /// Closes the conversation's room if nobody is left in it.
    pub(super) fn tidy(self: &Arc<Self>, id: ConversationId) {
        if self.rooms.get(&id).is_none_or(|room| !room.seats.is_empty()) {
            return;
        }
        let hub = Arc::clone(self);
        self.spawn(async move {
            let _turn = hub.subscribing.lock().await;
            if hub.rooms.remove_if(&id, |_, room| room.seats.is_empty()).is_some() {
                hub.listener.unwatch(&[about(id)]).await;
            }
        });
    }

    /// The sockets of a person on this instance.
    pub fn seats_of(&self, user: UserId) -> Vec<Arc<Seat>> {
        self.people.get(&user).map(|seats| seats.clone()).unwrap_or_default()
    }

    /// Everyone with a socket on this instance.
    pub fn users(&self) -> Vec<UserId> {
        let mut users: Vec<UserId> = self.people.iter().map(|seats| *seats.key()).collect();
        // One order for every run, so that a simulation repeats itself.
        users.sort_unstable();
        users
    }

    /// Every socket of this instance.
    pub fn seats(&self) -> Vec<Arc<Seat>> {
        self.people.iter().flat_map(|seats| seats.clone()).collect()
    }

    /// Does something that goes on when the socket that caused it is gone.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(task);
    }

    /// Whether what is heard waits so long that what can be spared should be.
    pub fn is_behind(&self) -> bool {
        self.listener.is_behind()
    }

    /// Hears these as well.
    pub async fn subscribe(&self, subjects: &[Subject]) -> Result<(), FanoutError> {
        let _turn = self.subscribing.lock().await;
        self.listener.watch(subjects).await
    }

    /// Hears no more of those whose subject `gone` still gives when it is their turn.
    pub fn unsubscribe(
        self: &Arc<Self>,
        users: Vec<UserId>,
        gone: impl Fn(&UserId) -> Option<Subject> + Send + 'static,
    ) {
        let hub = Arc::clone(self);
        self.spawn(async move {
            let _turn = hub.subscribing.lock().await;
            let subjects: Vec<Subject> = users.iter().filter_map(gone).collect();
            hub.listener.unwatch(&subjects).await;
        });
    }

    /// Passes on who writes, to all but their own sockets.
    pub fn typing(&self, id: ConversationId, user: UserId, packet: &Packet) {
        let Some(room) = self.rooms.get(&id) else { return };
        for seat in room.seats.iter().filter(|seat| seat.identity.user != user) {
            seat.deliver(packet);
        }
    }

    /// The fan-out's next word.
    pub async fn next(&self) -> Option<fanout::Happening> {
        self.listener.next().await
    }

    /// An entry came through the fan-out. Whoever it says is `gone` hears it as the last one.
    pub fn entry(
        self: &Arc<Self>,
        id: ConversationId,
        seq: u64,
        packet: &Packet,
        gone: Option<UserId>,
    ) {
        let Some(mut room) = self.rooms.get_mut(&id) else { return };
        match room.lane.arrive(seq) {
            Arrival::Deliver => room.deliver(packet),
            Arrival::Drop => return,
            Arrival::Repair(from) => return repair::start(self, id, from, room.generation),
        }
        let Some(gone) = gone else { return };
        room.put_out(id, gone);
        drop(room);
        self.tidy(id);
    }

    /// Tells those of the sockets that hear the conversation something about it. Who is put out meanwhile is told that after
    /// this, or gets nothing of this any more.
    pub fn tell(&self, id: ConversationId, seats: &[Arc<Seat>], packet: &Packet) {
        let Some(room) = self.rooms.get(&id) else { return };
        let is_in = |seat: &&Arc<Seat>| room.seats.iter().any(|other| Arc::ptr_eq(other, seat));
        for seat in seats.iter().filter(is_in) {
            seat.tell(packet);
        }
    }

    /// Something that may be lost came through the fan-out.
    pub fn signal(&self, id: ConversationId, packet: &Packet) {
        if let Some(room) = self.rooms.get(&id) {
            room.deliver(packet);
        }
    }

    /// Reads where the conversations stand, and repairs those that are behind. Conversations that nobody listens to here
    /// are passed over.
    pub async fn read_heads(self: &Arc<Self>, ids: &[ConversationId]) -> Result<(), StoreError> {
        let heads = self.log.heads(ids).await?;
        for (id, head) in ids.iter().zip(heads) {
            self.head(*id, head.seq);
        }
        Ok(())
    }

    /// The log reaches up to there: repairs the conversation if it is behind.
    pub fn head(self: &Arc<Self>, id: ConversationId, seq: u64) {
        let Some(mut room) = self.rooms.get_mut(&id) else { return };
        if let Some(from) = room.lane.head(seq) {
            repair::start(self, id, from, room.generation);
        }
    }

    /// The log reaches up to there, somebody says once more. It may be heard before the subscription stands, so it gives no room
    /// its place in the log.
    pub fn told(self: &Arc<Self>, id: ConversationId, seq: u64) {
        let Some(mut room) = self.rooms.get_mut(&id) else { return };
        if let Some(from) = room.lane.told(seq) {
            repair::start(self, id, from, room.generation);
        }
    }

    /// Up to where the conversation's entries were passed on here: whoever joined since hears only what comes after.
    pub fn passed_on(&self, id: ConversationId) -> u64 {
        self.rooms.get(&id).and_then(|room| room.lane.last()).unwrap_or(0)
    }

    /// Every conversation with listeners here.
    pub fn conversations(&self) -> Vec<ConversationId> {
        let mut ids: Vec<ConversationId> = self.rooms.iter().map(|room| *room.key()).collect();
        ids.sort_unstable();
        ids
    }

    /// Gives rooms that were just opened their place in the log.
    async fn read_new_heads(self: &Arc<Self>, ids: &[ConversationId]) -> Result<(), StoreError> {
        let unread = |id: &&ConversationId| {
            self.rooms.get(*id).is_some_and(|room| room.lane.last().is_none())
        };
        let fresh: Vec<ConversationId> = ids.iter().filter(unread).copied().collect();
        if fresh.is_empty() {
            return Ok(());
        }
        self.read_heads(&fresh).await
    }
}

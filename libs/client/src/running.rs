//! A device: connects, and connects again, until nobody needs it any more.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kernel::{Ascending, Clock, ConversationId, EntryId, Random};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::backoff::{Backoff, jittered};
use crate::connection::{Connection, End};
use crate::history::History;
use crate::protocol::{About, Entry, Refusal};
use crate::storage::{Letter, Mark, Storage, StorageError};
use crate::wire::{Lost, Wire};

/// Orders that wait while there is no connection.
const ORDERS: usize = 1_024;

/// Where a device connects, and as whom.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Addresses of the server, such as `http://127.0.0.1:8080`; each connection goes to the next one.
    pub bases: Vec<String>,
    /// An access token; [`Client::renew`] brings the next.
    pub token: String,
}

/// Whether the device is connected.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// It has read everything above its cursors, and hears what comes.
    pub online: bool,
    /// Connections so far that got as far as `ready`.
    pub connections: u64,
    /// The token is not taken any more; nothing happens until there is another.
    pub unauthorized: bool,
    /// How the last connection ended.
    pub ended: Option<String>,
}

/// What the program wants of the device.
#[derive(Debug)]
pub(crate) enum Order {
    Send(Letter, oneshot::Sender<Result<Entry, Refusal>>),
    Cut,
    Renew(String),
}

/// A device, running. Dropping it closes the connection; what is not acknowledged stays in the outbox. It may still store
/// what it is just hearing: whoever goes on with its storage waits with [`Client::close`].
#[derive(Debug)]
pub struct Client {
    orders: mpsc::Sender<Order>,
    state: watch::Receiver<State>,
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    /// Held until a letter is on its way: they go in the order of their ids.
    ids: Mutex<Ascending>,
    task: JoinHandle<()>,
}

impl Client {
    /// Starts a device with what its storage holds.
    pub fn start(
        settings: Settings,
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, StorageError> {
        let (orders, taken) = mpsc::channel(ORDERS);
        let (shown, state) = watch::channel(State::default());
        let Settings { bases, token } = settings;
        let device = Device::open(Arc::clone(&storage), token, shown)?;
        let last = device.outbox.iter().map(|letter| letter.id).max();
        let ids = Mutex::new(Ascending::after(last));
        let task = tokio::spawn(run(device, bases, taken, Arc::clone(&random)));
        Ok(Self { orders, state, storage, clock, random, ids, task })
    }

    /// Writes a message. It is in the outbox when this returns; the answer comes when the server has acknowledged it, however
    /// many connections that takes, or refused it for good.
    pub async fn send(
        &self,
        conversation: ConversationId,
        text: String,
    ) -> Result<oneshot::Receiver<Result<Entry, Refusal>>, StorageError> {
        let place = self.orders.reserve().await;
        let (answer, receiver) = oneshot::channel();
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let id = ids.next(self.clock.now(), &*self.random);
        let letter = Letter { id, conversation, text };
        self.storage.post(&letter)?;
        // Without the task it stays in the outbox.
        if let Ok(place) = place {
            place.send(Order::Send(letter, answer));
        }
        drop(ids);
        Ok(receiver)
    }

    /// Drops the connection without a word, as a train in a tunnel does.
    pub async fn cut(&self) {
        let _ = self.orders.send(Order::Cut).await;
    }

    /// From now on this is the token.
    pub async fn renew(&self, token: String) {
        let _ = self.orders.send(Order::Renew(token)).await;
    }

    /// Whether it is connected; follow it to wait for that.
    pub fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// Closes the connection, and returns when nothing is stored any more.
    pub async fn close(self) {
        let Self { orders, task, .. } = self;
        drop(orders);
        // It ends by itself; a panic in it has been printed.
        let _ = task.await;
    }
}

async fn run(
    mut device: Device,
    bases: Vec<String>,
    mut orders: mpsc::Receiver<Order>,
    random: Arc<dyn Random>,
) {
    let mut backoff = Backoff::default();
    for base in bases.iter().cycle() {
        let pause = match Wire::connect(base, &device.token).await {
            Ok((wire, who)) => {
                device.shown.send_modify(|state| state.connections += 1);
                let end = Connection::new(wire, &mut device).live(&mut orders).await;
                tracing::debug!(user_id = %who.user_id, device_id = %who.device_id, %end, "disconnected");
                if device.shown.borrow().online {
                    backoff.reset();
                }
                device.shown.send_modify(|state| state.ended = Some(end.to_string()));
                device.disconnected();
                match end {
                    End::Closed => return,
                    End::Cut => continue,
                    End::Draining(asked) => jittered(asked, &*random),
                    End::Refused(_, refusal) => backoff.next(refusal.least_wait(), &*random),
                    _ => backoff.next(Duration::ZERO, &*random),
                }
            }
            Err(Lost::Refused(refusal)) if refusal.code == "UNAUTHORIZED" => {
                if device.new_token(&mut orders).await.is_none() {
                    return;
                }
                continue;
            }
            Err(error) => {
                tracing::debug!(%error, "not connected");
                let least = match &error {
                    Lost::Refused(refusal) => refusal.least_wait(),
                    _ => Duration::ZERO,
                };
                backoff.next(least, &*random)
            }
        };
        if device.rest(pause, &mut orders).await.is_none() {
            return;
        }
    }
}

/// What outlives a connection.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) token: String,
    pub(crate) histories: HashMap<ConversationId, History>,
    /// In the order of writing.
    outbox: VecDeque<Letter>,
    /// Letters on the wire: the first so many of the outbox.
    pub(crate) posted: usize,
    answers: HashMap<EntryId, oneshot::Sender<Result<Entry, Refusal>>>,
    storage: Arc<dyn Storage>,
    shown: watch::Sender<State>,
}

impl Device {
    fn open(
        storage: Arc<dyn Storage>,
        token: String,
        shown: watch::Sender<State>,
    ) -> Result<Self, StorageError> {
        let marks = storage.marks()?.into_iter();
        let histories = marks.map(|(id, mark)| (id, History::new(mark))).collect();
        let outbox = storage.outbox()?.into();
        let answers = HashMap::new();
        Ok(Self { token, histories, outbox, posted: 0, answers, storage, shown })
    }

    /// Learns of a conversation, or of its new epoch.
    pub(crate) fn meet(&mut self, about: About, reset: bool) -> Result<(), StorageError> {
        let About { id, epoch, floor } = about;
        match self.histories.get(&id) {
            Some(history) if !reset && history.mark.epoch == epoch => return Ok(()),
            // What was delivered before is on this device, by its id, or was forgotten.
            Some(_) => {
                let mark = Mark { epoch, whole: floor };
                self.storage.begin_anew(id, &mark)?;
                self.histories.insert(id, History::new(mark));
            }
            // What was delivered before this device came is not for it.
            None => {
                let mark = Mark { epoch, whole: floor };
                self.storage.store(id, &mark, &[])?;
                self.histories.insert(id, History::new(mark));
            }
        }
        Ok(())
    }

    pub(crate) fn leave(&mut self, id: ConversationId) -> Result<(), StorageError> {
        self.histories.remove(&id);
        self.storage.leave(id)
    }

    /// Takes in entries of a conversation that it knows, and stores what follows on. Letters that came back so are taken out
    /// of the outbox: they are in the log, whether their answers got here or not.
    pub(crate) fn take(
        &mut self,
        id: ConversationId,
        entries: Vec<Entry>,
        gone: &[(u64, u64)],
    ) -> Result<(), StorageError> {
        let Some(history) = self.histories.get_mut(&id) else { return Ok(()) };
        let before = history.mark.whole;
        let following = history.take(entries, gone);
        if history.mark.whole > before {
            self.storage.store(id, &history.mark, &following)?;
        }
        for entry in following {
            self.settle(entry.id, Ok(entry))?;
        }
        Ok(())
    }

    /// The next letter for the wire.
    pub(crate) fn next_letter(&mut self) -> Option<Letter> {
        let letter = self.outbox.get(self.posted).cloned()?;
        self.posted += 1;
        Some(letter)
    }

    pub(crate) fn write(
        &mut self,
        letter: Letter,
        answer: oneshot::Sender<Result<Entry, Refusal>>,
    ) {
        self.answers.insert(letter.id, answer);
        self.outbox.push_back(letter);
    }

    /// The letter, if it is one, has its end.
    pub(crate) fn settle(
        &mut self,
        id: EntryId,
        outcome: Result<Entry, Refusal>,
    ) -> Result<(), StorageError> {
        let Some(at) = self.outbox.iter().position(|letter| letter.id == id) else {
            return Ok(());
        };
        self.storage.settle(id)?;
        self.outbox.remove(at);
        self.posted -= usize::from(at < self.posted);
        if let Some(answer) = self.answers.remove(&id) {
            // Nobody may be waiting any more.
            let _ = answer.send(outcome);
        }
        Ok(())
    }

    pub(crate) fn caught_up(&self) {
        self.shown.send_modify(|state| state.online = true);
    }

    fn disconnected(&mut self) {
        self.posted = 0;
        self.shown.send_modify(|state| state.online = false);
        for history in self.histories.values_mut() {
            history.disconnected();
        }
    }

    /// Waits before the next try; letters go into the outbox meanwhile. `None`: nobody needs the device any more.
    async fn rest(&mut self, pause: Duration, orders: &mut mpsc::Receiver<Order>) -> Option<()> {
        let end = Instant::now() + pause;
        while let Ok(order) = timeout_at(end, orders.recv()).await {
            match order? {
                Order::Send(letter, answer) => self.write(letter, answer),
                Order::Renew(token) => self.token = token,
                Order::Cut => {}
            }
        }
        Some(())
    }

    /// Waits for another token; letters go into the outbox meanwhile. `None`: nobody needs the device any more.
    async fn new_token(&mut self, orders: &mut mpsc::Receiver<Order>) -> Option<()> {
        self.shown.send_modify(|state| state.unauthorized = true);
        loop {
            match orders.recv().await? {
                Order::Renew(token) => {
                    self.token = token;
                    self.shown.send_modify(|state| state.unauthorized = false);
                    return Some(());
                }
                Order::Send(letter, answer) => self.write(letter, answer),
                Order::Cut => {}
            }
        }
    }
}

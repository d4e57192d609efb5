//! Notes that fail nobody: written by a task of their own, tried again for a while, and lost with the process.
//!
//! Only what clients find out by other means too goes this way: that they are in a further conversation (`sync`,
//! `GET /conversations`), how far another device has read (`GET /unread`, the next reading).

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kernel::{ConversationId, EntryId, UserId};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::note::{Note, NoteError, cause, note};
use super::open;
use crate::chat::Chat;
use crate::store::StoreError;

/// Notes that may wait; more are lost.
const QUEUE: usize = 10_000;
/// Notes being written at once.
const AT_ONCE: usize = 16;
/// How often one note is tried.
const TRIES: u32 = 6;
/// Before the second try; doubled each time.
const AGAIN: Duration = Duration::from_millis(500);

/// A conversation and who has read it.
type Place = (UserId, ConversationId);
/// Position and user-visible messages up to there.
type Reached = (u64, u64);

#[derive(Debug)]
enum Job {
    Note(UserId, EntryId, Note),
    Read(Place, Reached),
}

/// Takes notes for the task that writes them.
#[derive(Debug)]
pub struct Notes {
    jobs: mpsc::Sender<Job>,
    /// Until the task that writes takes them.
    waiting: Mutex<Option<mpsc::Receiver<Job>>>,
}

impl Default for Notes {
    fn default() -> Self {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        Self { jobs, waiting: Mutex::new(Some(waiting)) }
    }
}

impl Notes {
    /// Writes the note soon; may lose it.
    pub fn soon(&self, user: UserId, id: EntryId, note: Note) {
        self.take(Job::Note(user, id, note));
    }

    /// Tells the person's other devices soon how far one of them has read. Of several in short succession the last is told.
    pub fn read(&self, user: UserId, conversation: ConversationId, seq: u64, count: u64) {
        // Reading the log that the notes are in must not write another note.
        if conversation != open::id(user) {
            self.take(Job::Read((user, conversation), (seq, count)));
        }
    }

    fn take(&self, job: Job) {
        if self.jobs.try_send(job).is_err() {
            metrics::counter!("notes_lost_total").increment(1);
        }
    }
}

/// Writes notes until told to stop. Only the first call of an instance does.
pub async fn write(chat: Arc<Chat>, stop: CancellationToken) {
    let waiting = chat.notes.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(mut jobs) = waiting else { return };
    let writer = Writer { chat, room: Arc::new(Semaphore::new(AT_ONCE)) };
    let mut reads: HashMap<Place, Option<Reached>> = HashMap::new();
    let mut tasks: JoinSet<Option<Place>> = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            job = jobs.recv(), if tasks.len() < QUEUE => match job {
                None => return,
                Some(Job::Note(user, id, note)) => {
                    let writer = writer.clone();
                    tasks.spawn(async move { writer.note(user, id, note).await; None });
                }
                Some(Job::Read(place, reached)) => match reads.entry(place) {
                    Slot::Occupied(mut next) => {
                        let next = next.get_mut();
                        *next = (*next).max(Some(reached));
                    }
                    Slot::Vacant(place) => {
                        let key = *place.key();
                        place.insert(None);
                        tasks.spawn(writer.clone().read(key, reached));
                    }
                },
            },
            Some(done) = tasks.join_next() => {
                let Ok(Some(place)) = done else { continue };
                // What was read meanwhile is told now; the place is free when there was nothing.
                if let Some(Some(reached)) = reads.remove(&place) {
                    reads.insert(place, None);
                    tasks.spawn(writer.clone().read(place, reached));
                }
            }
        }
    }
}

#[derive(Debug, Clone)]
struct Writer {
    chat: Arc<Chat>,
    room: Arc<Semaphore>,
}

impl Writer {
    /// Tells how far was read, if there is another device to tell; done only when the next may be told.
    async fn read(self, place: Place, reached: Reached) -> Option<Place> {
        let ((user, conversation_id), (seq, count)) = (place, reached);
        let pause = tokio::time::sleep(Duration::from_millis(self.chat.settings.live.read_note_ms));
        // If that cannot be told, perhaps nobody hears it, and no harm.
        if self.has_others(user).await.unwrap_or(true) {
            let what = format!("{conversation_id}:{seq}:{count}");
            let note = Note::Read { conversation_id, seq, count };
            self.note(user, cause(note.op(), what), note).await;
        }
        pause.await;
        Some(place)
    }

    /// Whether more than one device of the person holds content.
    async fn has_others(&self, user: UserId) -> Result<bool, StoreError> {
        let own = open::id(user);
        let standings = self.chat.delivery.standings(&[own]).await?;
        Ok(standings.get(&own).is_some_and(|standing| standing.devices_of(user) > 1))
    }

    async fn note(&self, user: UserId, id: EntryId, what: Note) {
        let mut wait = AGAIN;
        for left in (0..TRIES).rev() {
            let Ok(room) = self.room.acquire().await else { return };
            let noted = note(&self.chat, user, id, &what).await;
            drop(room);
            match noted {
                Ok(_) => return,
                Err(NoteError::Conflict) => {
                    tracing::error!(op = what.op(), "a note's id belongs to another entry");
                    return;
                }
                Err(error) if left == 0 => {
                    metrics::counter!("notes_lost_total").increment(1);
                    tracing::warn!(%error, op = what.op(), "a note is lost");
                    return;
                }
                Err(error) => tracing::debug!(%error, op = what.op(), "a note is tried again"),
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
    }
}

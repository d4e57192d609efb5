//! Numbering, retry and requeue of one conversation's drafts, without I/O: results in, commands out.
//!
//! The store's unique index on the position is the arbiter. Whoever tries position `n + 1` has seen `n`, so the log has no
//! hole; whoever finds `n + 1` taken was too slow, looks up what of its drafts is stored all the same, and renumbers the
//! rest. `docs/decisions/0003-relay-log.md` says why this is right.

use std::collections::HashSet;

use kernel::{EntryId, UserId};

use super::entry::Entry;
use super::store::{Appended, Draft, Head};

/// How often drafts are numbered again before they are given up.
pub const MAX_TRIES: u32 = 8;

/// What the adapter is to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Read the end of the log from a majority; answer with [`Numbering::head`].
    LoadHead,
    /// Insert these in order, stop at the first that fails; answer with [`Numbering::inserted`].
    Insert(Vec<Entry>),
    /// Look up which of these ids are stored, by a majority read; answer with [`Numbering::found`].
    LookUp(Vec<EntryId>),
    /// All answered: take [`Numbering::finish`].
    Finish,
}

/// How an ordered insert ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// All are stored, durable on a majority.
    All,
    /// The first so many are; of the rest nothing is known (position or id taken, reply lost, not primary).
    Prefix(usize),
    /// The first so many are, the next can never be (too large, refused by the store); nothing is known of the rest.
    Refused(usize),
}

#[derive(Debug)]
enum State {
    Numbering,
    Inserting(Vec<Entry>),
    LookingUp,
    Done,
}

/// The drafts of one conversation on their way into its log.
#[derive(Debug)]
pub struct Numbering {
    drafts: Vec<Draft>,
    /// One for each draft.
    outcome: Vec<Option<Appended>>,
    /// Indexes of drafts without an outcome, in order.
    waiting: Vec<usize>,
    head: Option<Head>,
    state: State,
    tries: u32,
}

impl Numbering {
    /// Starts with the drafts of one conversation and the head, if one is known that may still be believed.
    pub fn new(drafts: Vec<Draft>, head: Option<Head>) -> Self {
        let mut numbering = Self {
            outcome: vec![None; drafts.len()],
            waiting: Vec::new(),
            drafts,
            head,
            state: State::Numbering,
            tries: 0,
        };
        numbering.requeue();
        numbering
    }

    /// What to do next. The same until it is answered.
    pub fn command(&mut self) -> Command {
        match &self.state {
            State::Done => Command::Finish,
            State::Inserting(entries) => Command::Insert(entries.clone()),
            State::LookingUp => {
                Command::LookUp(self.waiting.iter().map(|at| self.drafts[*at].id).collect())
            }
            State::Numbering => self.number(),
        }
    }

    /// The end of the log as a majority read gave it.
    pub fn head(&mut self, head: Head) {
        self.head = Some(head);
    }

    /// How the insert ended.
    pub fn inserted(&mut self, how: Inserted) {
        let State::Inserting(entries) = std::mem::replace(&mut self.state, State::Numbering) else {
            return;
        };
        let stored = match how {
            Inserted::All => entries.len(),
            Inserted::Prefix(stored) | Inserted::Refused(stored) => stored.min(entries.len()),
        };
        for (at, entry) in self.waiting.iter().zip(&entries).take(stored) {
            self.outcome[*at] = Some(Appended::Stored(entry.clone()));
        }
        if stored == entries.len() {
            self.head = entries.last().map(Head::at).or(self.head);
            self.requeue();
            return;
        }
        // Somebody else was first, or nothing is known: what this instance believed of the end is worth nothing now.
        self.head = None;
        if matches!(how, Inserted::Refused(_)) {
            self.fail(self.waiting[stored]);
        }
        self.tries += 1;
        self.requeue();
        if !self.waiting.is_empty() {
            self.state = State::LookingUp;
        }
    }

    /// Which of the ids asked for are stored.
    pub fn found(&mut self, entries: &[Entry]) {
        for at in self.waiting.clone() {
            let draft = &self.drafts[at];
            let Some(entry) = entries.iter().find(|entry| entry.id == draft.id) else { continue };
            let outcome = if draft.is_stored_as(entry) {
                Appended::Existing(entry.clone())
            } else {
                Appended::Conflict
            };
            self.outcome[at] = Some(outcome);
        }
        self.state = State::Numbering;
        self.requeue();
        if self.tries >= MAX_TRIES {
            self.give_up();
        }
    }

    /// Gives up on everything that has no outcome: the store is out of reach, or time is up.
    pub fn give_up(&mut self) {
        for at in self.waiting.drain(..) {
            self.outcome[at] = Some(Appended::Unavailable);
        }
        // An insert may be under way still.
        self.head = None;
        self.state = State::Done;
    }

    /// The outcomes, in the order of the drafts, and the head if it is certain.
    pub fn finish(self) -> (Vec<Appended>, Option<Head>) {
        let outcome =
            self.outcome.into_iter().map(|outcome| outcome.unwrap_or(Appended::Unavailable));
        (outcome.collect(), self.head)
    }

    /// How often an insert did not go through whole.
    pub const fn tries(&self) -> u32 {
        self.tries
    }

    fn number(&mut self) -> Command {
        let Some(mut head) = self.head else { return Command::LoadHead };
        let mut entries = Vec::with_capacity(self.waiting.len());
        for at in &self.waiting {
            let entry = self.drafts[*at].after(head);
            head = Head::at(&entry);
            entries.push(entry);
        }
        self.state = State::Inserting(entries.clone());
        Command::Insert(entries)
    }

    /// Collects what has no outcome yet. Of one id twice, the later waits for what becomes of the first.
    fn requeue(&mut self) {
        self.answer_repeats();
        let mut ids = HashSet::new();
        let open = (0..self.drafts.len()).filter(|at| self.outcome[*at].is_none());
        self.waiting = open.filter(|at| ids.insert(self.drafts[*at].id)).collect();
        if self.waiting.is_empty() && self.outcome.iter().all(Option::is_some) {
            self.state = State::Done;
        }
    }

    fn answer_repeats(&mut self) {
        for at in 0..self.drafts.len() {
            if self.outcome[at].is_some() {
                continue;
            }
            let draft = &self.drafts[at];
            let first = (0..at).find(|first| self.drafts[*first].id == draft.id);
            let Some(outcome) = first.and_then(|first| self.outcome[first].as_ref()) else {
                continue;
            };
            self.outcome[at] = Some(match outcome {
                Appended::Stored(entry) | Appended::Existing(entry)
                    if draft.is_stored_as(entry) =>
                {
                    Appended::Existing(entry.clone())
                }
                Appended::Unavailable => Appended::Unavailable,
                _ => Appended::Conflict,
            });
        }
    }

    /// The draft can never be stored, so what the same person wrote after it must not appear without it.
    fn fail(&mut self, at: usize) {
        let sender: UserId = self.drafts[at].sender;
        for later in at..self.drafts.len() {
            if self.drafts[later].sender == sender && self.outcome[later].is_none() {
                self.outcome[later] = Some(Appended::Unavailable);
            }
        }
    }
}

#[cfg(test)]
mod race;
#[cfg(test)]
mod tests;

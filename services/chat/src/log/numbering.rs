//! One attempt to bring drafts into the log of their conversation, without I/O: results in, places and fates out.
//!
//! The store's unique index on the position is the arbiter. Whoever tries position `n + 1` has seen `n`, so the log has no
//! hole; whoever finds `n + 1` taken was too slow, looks up what of its drafts is stored all the same, and tries the rest
//! again, in order, with a head read anew. The store's adapter carries a round out, `queue.rs` decides what comes into the
//! next one, and the model check of `log/model` runs this very code. `docs/decisions/0003-relay-log.md` says why it is right.

use std::collections::HashSet;

use kernel::{EntryId, UserId};

use super::entry::EntryType;
use super::store::{Draft, Head};

/// What numbering has to know of a draft.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ask {
    /// Made by the client.
    pub id: EntryId,
    /// What it is.
    pub kind: EntryType,
    /// Who wrote it.
    pub sender: UserId,
    /// The change of membership up to which it was seen that the sender may write this.
    pub checked: u64,
}

impl From<&Draft> for Ask {
    fn from(draft: &Draft) -> Self {
        Self { id: draft.id, kind: draft.kind, sender: draft.sender, checked: draft.checked }
    }
}

/// How the insert of a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Inserted {
    /// All are stored, durable on a majority.
    All,
    /// The first so many are; of the rest nothing is known (position or id taken, reply lost, not primary).
    Prefix(usize),
    /// The first so many are, the next can never be (too large, refused by the store); nothing is known of the rest.
    Refused(usize),
}

/// What became of a draft in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// Stored here, by this round.
    Stored(Head),
    /// Was there: stored earlier, by the same person with the same body.
    Existing,
    /// The id belongs to another entry of the conversation.
    Conflict,
    /// Not stored: membership changed after the sender was looked at.
    Stale,
    /// Not stored, as far as a majority read shows: to be tried again, before whatever came later.
    Raced,
    /// Can never be stored; or comes after one of the same sender that cannot.
    Refused,
    /// Nobody can say now.
    Unknown,
}

/// The drafts of one conversation on their way into its log, once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Round {
    asks: Vec<Ask>,
    /// One for each draft; none as long as it is open.
    fates: Vec<Option<Fate>>,
    /// Drafts that got a place, in the order of places.
    numbered: Vec<(usize, Head)>,
    /// The end of the log, if it is certain.
    head: Option<Head>,
}

impl Round {
    /// Gives the drafts of one conversation, each id once, their places behind `head`.
    ///
    /// A draft whose sender was not looked at since the last change of membership gets none, nor does what the same sender
    /// wrote after it. Behind a change of membership in this very round everybody has to be looked at again.
    pub fn new(asks: Vec<Ask>, head: Head) -> Self {
        let mut fates = vec![None; asks.len()];
        let mut numbered = Vec::with_capacity(asks.len());
        let mut stale = HashSet::new();
        let mut end = head;
        for (at, ask) in asks.iter().enumerate() {
            if end.mseq != head.mseq {
                fates[at] = Some(Fate::Raced);
            } else if ask.checked < head.mseq || stale.contains(&ask.sender) {
                stale.insert(ask.sender);
                fates[at] = Some(Fate::Stale);
            } else {
                end = end.next(ask.kind);
                numbered.push((at, end));
            }
        }
        Self { asks, fates, numbered, head: Some(head) }
    }

    /// What is to be inserted where: the index of the draft, and its place. Of several the store must take them in this
    /// order and stop at the first that fails.
    pub fn numbered(&self) -> &[(usize, Head)] {
        &self.numbered
    }

    /// How the insert ended.
    pub fn inserted(&mut self, how: Inserted) {
        let stored = match how {
            Inserted::All => self.numbered.len(),
            Inserted::Prefix(stored) | Inserted::Refused(stored) => stored.min(self.numbered.len()),
        };
        for (at, place) in &self.numbered[..stored] {
            self.fates[*at] = Some(Fate::Stored(*place));
        }
        if stored == self.numbered.len() {
            self.head = self.numbered.last().map(|(_, place)| *place).or(self.head);
            return;
        }
        // Somebody else was first, or nothing is known: what was believed of the end is worth nothing now.
        self.head = None;
        if matches!(how, Inserted::Refused(_)) {
            self.refuse(self.numbered[stored].0);
        }
    }

    /// Drafts of which it is to be looked up, by a majority read, whether they are stored all the same.
    pub fn unsure(&self) -> Vec<usize> {
        (0..self.asks.len()).filter(|at| self.fates[*at].is_none()).collect()
    }

    /// The id of the draft was found; `same`: by the same person with the same body.
    pub fn found(&mut self, at: usize, same: bool) {
        self.fates[at] = Some(if same { Fate::Existing } else { Fate::Conflict });
    }

    /// The store was asked, and everything found is reported: what is still open is not stored.
    pub fn looked_up(&mut self) {
        self.close(Fate::Raced);
    }

    /// The store could not be asked.
    pub fn give_up(&mut self) {
        if !self.unsure().is_empty() {
            self.head = None;
        }
        self.close(Fate::Unknown);
    }

    /// What became of the drafts, in their order, and the end of the log if it is certain.
    pub fn finish(self) -> (Vec<Fate>, Option<Head>) {
        let fates = self.fates.into_iter().map(|fate| fate.unwrap_or(Fate::Unknown));
        (fates.collect(), self.head)
    }

    fn close(&mut self, fate: Fate) {
        for at in self.unsure() {
            self.fates[at] = Some(fate);
        }
    }

    /// The draft can never be stored, so what the same person wrote after it must not appear without it.
    fn refuse(&mut self, at: usize) {
        let sender = self.asks[at].sender;
        for later in at..self.asks.len() {
            if self.asks[later].sender == sender && self.fates[later].is_none() {
                self.fates[later] = Some(Fate::Refused);
            }
        }
    }
}

#[cfg(test)]
mod race;
#[cfg(test)]
pub(super) mod tests;

//! What a change makes of two people's sides, and what is told. No I/O: every adapter goes by it.

use contracts::events::{ContactChanged, ContactState, Event, UserBlocked, UserUnblocked};
use kernel::{Timestamp, UserId};

use super::store::{Change, Side, Standing, Wanted};

#[cfg(test)]
mod tests;

/// Both sides of two people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Pair {
    /// Of the one who makes the change.
    pub(super) mine: Side,
    /// Of the other.
    pub(super) theirs: Side,
}

/// What the limits are held against. Only what the change may come up against is counted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    /// My contacts, and people I have asked.
    pub(super) contacts: u32,
    /// People who wait for the other's answer.
    pub(super) requests: u32,
    /// People I block.
    pub(super) blocks: u32,
}

/// What the one who made a change is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Made {
    /// What the other is to them now.
    pub(crate) standing: Option<Standing>,
    /// Since when.
    pub(crate) since: Timestamp,
    /// Whether that was different before.
    pub(crate) changed: bool,
}

/// Why a change was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The other has not asked.
    NoRequest,
    /// One blocks the other.
    Blocking,
    /// One has as many contacts as one may have.
    ContactsFull,
    /// As many people as may wait for the other's answer already.
    RequestsFull,
    /// One blocks as many people as one may.
    BlocksFull,
    /// The key was used about somebody else.
    KeyTaken,
}

/// A change that is to be made.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decision {
    /// The sides after it.
    pub(super) after: Pair,
    /// What to answer.
    pub(super) made: Made,
    /// What to tell. Nothing exactly if there is nothing to write.
    pub(super) events: Vec<Event>,
}

/// Decides. While one blocks another, the one blocked goes on as if the other just did nothing: what they do changes their own
/// side and not that of the one who blocks, and what they are told and refused is the same as ever. When the block ends the
/// two are strangers on both sides.
pub(super) fn decide(wanted: &Wanted, before: Pair, tally: Tally) -> Result<Decision, Refusal> {
    let after = match wanted.change {
        Change::Request => request(wanted, before, tally)?,
        Change::Accept => accept(wanted, before, tally)?,
        Change::Remove => remove(before),
        Change::Block => block(wanted, before, tally)?,
        Change::Unblock => unblock(before),
    };
    let at = wanted.cause.at;
    let after = Pair {
        mine: dated(before.mine, after.mine, at),
        theirs: dated(before.theirs, after.theirs, at),
    };
    let mut events = Vec::new();
    events.extend(told(wanted.user, wanted.other, before.mine, after.mine));
    events.extend(told(wanted.other, wanted.user, before.theirs, after.theirs));
    let made = Made {
        standing: after.mine.standing,
        since: after.mine.since,
        changed: after.mine.standing != before.mine.standing,
    };
    Ok(Decision { after, made, events })
}

fn request(wanted: &Wanted, before: Pair, tally: Tally) -> Result<Pair, Refusal> {
    match before.mine.standing {
        Some(Standing::Blocked) => Err(Refusal::Blocking),
        Some(Standing::Incoming) => accept(wanted, before, tally),
        Some(Standing::Outgoing | Standing::Accepted) => Ok(before),
        None if tally.contacts >= wanted.most.contacts => Err(Refusal::ContactsFull),
        None if tally.requests >= wanted.most.requests => Err(Refusal::RequestsFull),
        None => Ok(both(before, Some(Standing::Outgoing), Some(Standing::Incoming))),
    }
}

fn accept(wanted: &Wanted, before: Pair, tally: Tally) -> Result<Pair, Refusal> {
    match before.mine.standing {
        Some(Standing::Accepted) => Ok(before),
        Some(Standing::Incoming) if tally.contacts >= wanted.most.contacts => {
            Err(Refusal::ContactsFull)
        }
        Some(Standing::Incoming) => {
            Ok(both(before, Some(Standing::Accepted), Some(Standing::Accepted)))
        }
        Some(Standing::Outgoing | Standing::Blocked) | None => Err(Refusal::NoRequest),
    }
}

fn remove(before: Pair) -> Pair {
    match before.mine.standing {
        Some(Standing::Outgoing | Standing::Incoming | Standing::Accepted) => {
            both(before, None, None)
        }
        Some(Standing::Blocked) | None => before,
    }
}

fn block(wanted: &Wanted, before: Pair, tally: Tally) -> Result<Pair, Refusal> {
    if before.mine.standing == Some(Standing::Blocked) {
        return Ok(before);
    }
    if tally.blocks >= wanted.most.blocks {
        return Err(Refusal::BlocksFull);
    }
    let mut after = before;
    after.mine.standing = Some(Standing::Blocked);
    after.theirs.blocked_by = true;
    Ok(after)
}

fn unblock(before: Pair) -> Pair {
    if before.mine.standing != Some(Standing::Blocked) {
        return before;
    }
    let mut after = before;
    after.theirs.blocked_by = false;
    let theirs = before.theirs.standing.filter(|standing| *standing == Standing::Blocked);
    after.mine.standing = None;
    after.theirs.standing = theirs;
    after
}

/// Changes both sides, but for that of an other who blocks.
fn both(before: Pair, mine: Option<Standing>, theirs: Option<Standing>) -> Pair {
    let mut after = before;
    after.mine.standing = mine;
    if !before.mine.blocked_by {
        after.theirs.standing = theirs;
    }
    after
}

fn dated(before: Side, after: Side, at: Timestamp) -> Side {
    let since = if before.standing == after.standing { before.since } else { at };
    Side { since, ..after }
}

fn told(user: UserId, other: UserId, before: Side, after: Side) -> Option<Event> {
    if before.standing == after.standing {
        return None;
    }
    let at = after.since;
    let state = match (before.standing, after.standing) {
        (_, Some(Standing::Blocked)) => {
            return Some(Event::UserBlocked(UserBlocked { user, other, at }));
        }
        (Some(Standing::Blocked), _) => {
            return Some(Event::UserUnblocked(UserUnblocked { user, other, at }));
        }
        (_, Some(Standing::Outgoing)) => Some(ContactState::Outgoing),
        (_, Some(Standing::Incoming)) => Some(ContactState::Incoming),
        (_, Some(Standing::Accepted)) => Some(ContactState::Accepted),
        (_, None) => None,
    };
    Some(Event::ContactChanged(ContactChanged { user, other, state, at }))
}

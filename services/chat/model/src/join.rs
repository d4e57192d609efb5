//! Somebody joins while the others acknowledge (C12): a model of its own, for the floor alone.
//!
//! The conversation has one device, X, and one entry to come, "J joined". J needs that entry; it must not be forgotten before
//! J's device has it, whoever computes the floor from what.

use std::fmt;

use crate::checker::{Model, Print};
use crate::rules::Flaw;

/// What protects a join.
#[derive(Debug, Clone, Copy)]
pub struct Join {
    /// R7: the floor comes from one document, by the write that raises a cursor. Without: a worker reads row after row.
    pub one_document: bool,
    /// R7: J has a cursor before the entry that says so.
    pub cursor_first: bool,
}

/// Everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct State {
    /// Whether "J joined" is in the log, at position 1.
    entry: bool,
    /// Whether its content is forgotten.
    forgotten: bool,
    floor: u8,
    /// X has stored up to here.
    x: u8,
    /// The cursor of J, once there is one.
    j: Option<u8>,
    /// Whether J has the entry.
    has: bool,
    scan: Scan,
}

/// How far the worker has read; a missing row holds nothing back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Scan {
    #[default]
    Idle,
    ReadX(u8),
    ReadJ(Option<u8>),
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// J is given a cursor, at the floor.
    GiveCursor,
    /// The entry is appended.
    Append,
    /// X stores the entry and says so.
    AckX,
    /// J's device reads what is above its cursor.
    ReadJ,
    /// The worker reads the row of X.
    ScanX,
    /// The worker reads the row of J.
    ScanJ,
    /// What lies below the floor is forgotten.
    Strip,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GiveCursor => "J is given a cursor, at the floor",
            Self::Append => "\"J joined\" is appended",
            Self::AckX => "X says it has stored the entry",
            Self::ReadJ => "J reads",
            Self::ScanX => "the worker reads the row of X",
            Self::ScanJ => "the worker reads the row of J",
            Self::Strip => "what is below the floor is forgotten",
        })
    }
}

impl State {
    fn settle(&mut self, lowest: u8) {
        self.floor = self.floor.max(lowest);
    }
}

impl Model for Join {
    type State = State;
    type Step = Step;
    type Flaw = Flaw;

    fn start(&self) -> State {
        State::default()
    }

    fn steps(&self, state: &State, steps: &mut Vec<Step>) {
        let mut can = |possible: bool, step: Step| {
            if possible {
                steps.push(step);
            }
        };
        can(state.j.is_none() && (self.cursor_first || state.entry), Step::GiveCursor);
        can(!state.entry && (!self.cursor_first || state.j.is_some()), Step::Append);
        can(state.entry && state.x == 0, Step::AckX);
        can(state.entry && !state.has && state.j.is_some(), Step::ReadJ);
        can(!self.one_document && matches!(state.scan, Scan::Idle | Scan::ReadJ(_)), Step::ScanX);
        can(!self.one_document && matches!(state.scan, Scan::Idle | Scan::ReadX(_)), Step::ScanJ);
        can(state.entry && !state.forgotten && state.floor >= 1, Step::Strip);
    }

    fn take(&self, before: &State, step: Step) -> State {
        let mut state = *before;
        match step {
            Step::GiveCursor => state.j = Some(state.floor),
            Step::Append => state.entry = true,
            Step::AckX => {
                state.x = 1;
                if self.one_document {
                    state.settle(state.j.unwrap_or(1).min(1));
                }
            }
            Step::ReadJ => {
                state.has = !state.forgotten && state.j == Some(0);
                state.j = Some(1);
                if self.one_document {
                    state.settle(state.x);
                }
            }
            Step::ScanX => match state.scan {
                Scan::ReadJ(j) => {
                    state.settle(j.unwrap_or(state.x).min(state.x));
                    state.scan = Scan::Idle;
                }
                _ => state.scan = Scan::ReadX(state.x),
            },
            Step::ScanJ => match state.scan {
                Scan::ReadX(x) => {
                    state.settle(state.j.unwrap_or(x).min(x));
                    state.scan = Scan::Idle;
                }
                _ => state.scan = Scan::ReadJ(state.j),
            },
            Step::Strip => state.forgotten = true,
        }
        state
    }

    fn is_optional(&self, step: Step) -> bool {
        matches!(step, Step::ScanX | Step::ScanJ)
    }

    fn fingerprint(&self, state: &State) -> u64 {
        let mut print = Print::default();
        let (kind, read) = match state.scan {
            Scan::Idle => (0, 0),
            Scan::ReadX(x) => (1, x),
            Scan::ReadJ(j) => (2, j.unwrap_or(u8::MAX)),
        };
        let flags =
            u8::from(state.entry) | u8::from(state.forgotten) << 1 | u8::from(state.has) << 2;
        for number in [flags, state.floor, state.x, state.j.unwrap_or(u8::MAX), kind, read] {
            print.add(number);
        }
        print.finish()
    }

    fn flaws(&self, state: &State, end: bool, flaws: &mut Vec<Flaw>) {
        if state.forgotten && !state.has {
            flaws.push(Flaw::Forgotten);
        }
        if end && !state.has {
            flaws.push(Flaw::Lost);
        }
    }

    fn show(&self, state: &State) -> String {
        let entry = match (state.entry, state.forgotten) {
            (false, _) => "-",
            (true, false) => "joined@1",
            (true, true) => "joined@1, forgotten",
        };
        format!("log [{entry}] floor {} X {} J {:?}", state.floor, state.x, state.j)
    }
}

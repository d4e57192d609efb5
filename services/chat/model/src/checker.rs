//! Explores every state that a model can be in, breadth first, so that the way to a flaw is a shortest one.
//!
//! Of each state only 64 bits of a hash are kept, and the state it was first reached from. Two states with the same hash
//! would be taken for one: with ten million states the chance that this happens anywhere is about one in 400 000.

use std::fmt::Display;
use std::hash::Hash;

/// Something that moves in steps.
pub trait Model {
    /// All there is to know at a moment.
    type State: Clone;
    /// What can happen.
    type Step: Copy + Display;
    /// What must not be.
    type Flaw: Copy + Eq + Hash + Display;

    /// Where it begins.
    fn start(&self) -> Self::State;
    /// Everything that can happen next.
    fn steps(&self, state: &Self::State, steps: &mut Vec<Self::Step>);
    /// What is then.
    fn take(&self, state: &Self::State, step: Self::Step) -> Self::State;
    /// Whether the step need not happen even if it can: a fault, or something a person may leave undone.
    fn is_optional(&self, step: Self::Step) -> bool;
    /// Equal for states that need not be told apart.
    fn fingerprint(&self, state: &Self::State) -> u64;
    /// What is wrong in this state; `end`: nothing that has to happen is left.
    fn flaws(&self, state: &Self::State, end: bool, flaws: &mut Vec<Self::Flaw>);
    /// One line for a trace.
    fn show(&self, state: &Self::State) -> String;
}

/// What was found.
#[derive(Debug)]
pub struct Report<F> {
    /// States seen.
    pub states: usize,
    /// Steps on the longest of the shortest ways.
    pub depth: usize,
    /// States in which nothing is left to do.
    pub ends: usize,
    /// Whether every state was seen.
    pub exhausted: bool,
    /// The first flaw, and the way to it.
    pub found: Option<(F, Vec<String>)>,
}

/// How to search.
#[derive(Debug, Clone, Copy)]
pub struct Search<F> {
    /// States after which to stop.
    pub most: usize,
    /// Look for this flaw only.
    pub wanted: Option<F>,
    /// Also see to it that from every state an end can be reached without anything optional: nothing goes round in
    /// circles for ever. Remembers every step, so only for small models.
    pub ends_reachable: Option<F>,
}

impl<F> Search<F> {
    /// Looks for any flaw, in every state.
    pub const fn all() -> Self {
        Self { most: usize::MAX, wanted: None, ends_reachable: None }
    }

    /// Looks for this flaw, as long as it takes.
    pub fn only(flaw: F) -> Self {
        Self { most: usize::MAX, wanted: Some(flaw), ends_reachable: None }
    }
}

/// Searches until a flaw is found or everything is seen.
pub fn search<M: Model>(model: &M, search: Search<M::Flaw>) -> Report<M::Flaw> {
    let mut seen = Seen::new();
    let mut front = vec![model.start()];
    seen.insert(model.fingerprint(&front[0]), 0);
    let mut report = Report { states: 1, depth: 0, ends: 0, exhausted: false, found: None };
    let (mut steps, mut flaws) = (Vec::new(), Vec::new());
    let mut edges = Vec::new();
    let mut ends = Vec::new();
    let mut first = 0;
    while !front.is_empty() {
        let mut next = Vec::new();
        for (at, state) in front.iter().enumerate() {
            let id = first + index(at);
            steps.clear();
            model.steps(state, &mut steps);
            let end = steps.iter().all(|step| model.is_optional(*step));
            if end {
                report.ends += 1;
                ends.push(id);
            }
            flaws.clear();
            model.flaws(state, end, &mut flaws);
            let wanted = |flaw: &&M::Flaw| search.wanted.is_none_or(|wanted| wanted == **flaw);
            if let Some(flaw) = flaws.iter().find(wanted) {
                report.found = Some((*flaw, trace(model, &seen.way(id))));
                return report;
            }
            for step in &steps {
                let after = model.take(state, *step);
                let (reached, new) = seen.insert(model.fingerprint(&after), id);
                if new {
                    next.push(after);
                }
                if search.ends_reachable.is_some() && !model.is_optional(*step) {
                    edges.push((reached, id));
                }
            }
            if seen.len() >= search.most {
                report.states = seen.len();
                return report;
            }
        }
        first += index(front.len());
        report.states = seen.len();
        report.depth += usize::from(!next.is_empty());
        front = next;
    }
    report.exhausted = true;
    if let Some(flaw) = search.ends_reachable {
        let trapped = trapped(seen.len(), edges, ends);
        report.found = trapped.map(|id| (flaw, trace(model, &seen.way(id))));
    }
    report
}

/// The first state from which no end can be reached.
fn trapped(states: usize, mut edges: Vec<(u32, u32)>, ends: Vec<u32>) -> Option<u32> {
    edges.sort_unstable();
    let mut free = vec![false; states];
    let mut open = ends;
    while let Some(id) = open.pop() {
        if std::mem::replace(&mut free[id as usize], true) {
            continue;
        }
        let from = edges.partition_point(|(to, _)| *to < id);
        let before = edges[from..].iter().take_while(|(to, _)| *to == id);
        open.extend(before.map(|(_, before)| *before));
    }
    free.iter().position(|free| !free).map(index)
}

/// Goes the way of these fingerprints again, and tells what happened.
fn trace<M: Model>(model: &M, way: &[u64]) -> Vec<String> {
    let mut state = model.start();
    let mut lines = vec![format!("{:>3}  {:<58} {}", 0, "", model.show(&state))];
    for (number, fingerprint) in way.iter().enumerate().skip(1) {
        let mut steps = Vec::new();
        model.steps(&state, &mut steps);
        let mut after = steps.iter().map(|step| (step, model.take(&state, *step)));
        let Some((step, after)) =
            after.find(|(_, state)| model.fingerprint(state).max(1) == *fingerprint)
        else {
            lines.push(
                "     (states that look alike behave differently: the fingerprint is wrong)".into(),
            );
            return lines;
        };
        lines.push(format!("{number:>3}  {:<58} {}", step.to_string(), model.show(&after)));
        state = after;
    }
    lines
}

fn index(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The states seen: fingerprints in the order of their discovery, and a table to find them.
struct Seen {
    fingerprints: Vec<u64>,
    parents: Vec<u32>,
    /// Fingerprints by open addressing; 0 where nothing is.
    table: Vec<u64>,
    /// The number of the state in the same slot of the table.
    numbers: Vec<u32>,
}

impl Seen {
    fn new() -> Self {
        let slots = 1 << 12;
        Self {
            fingerprints: Vec::new(),
            parents: Vec::new(),
            table: vec![0; slots],
            numbers: vec![0; slots],
        }
    }

    const fn len(&self) -> usize {
        self.fingerprints.len()
    }

    /// The number of the state, and whether it is new.
    fn insert(&mut self, fingerprint: u64, parent: u32) -> (u32, bool) {
        if self.len() * 2 >= self.table.len() {
            self.grow();
        }
        let fingerprint = fingerprint.max(1);
        let slot = self.slot(fingerprint);
        if self.table[slot] != 0 {
            return (self.numbers[slot], false);
        }
        let number = index(self.len());
        self.fingerprints.push(fingerprint);
        self.parents.push(parent);
        self.put(slot, fingerprint, number);
        (number, true)
    }

    fn put(&mut self, slot: usize, fingerprint: u64, number: u32) {
        self.table[slot] = fingerprint;
        self.numbers[slot] = number;
    }

    /// Where the fingerprint is, or belongs.
    fn slot(&self, fingerprint: u64) -> usize {
        let mask = self.table.len() - 1;
        let mut slot = usize::try_from(fingerprint >> 16).unwrap_or(0) & mask;
        while self.table[slot] != 0 && self.table[slot] != fingerprint {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        let slots = self.table.len() * 2;
        (self.table, self.numbers) = (vec![0; slots], vec![0; slots]);
        for number in 0..self.len() {
            let fingerprint = self.fingerprints[number];
            let slot = self.slot(fingerprint);
            self.put(slot, fingerprint, index(number));
        }
    }

    /// The fingerprints from the start to a state.
    fn way(&self, mut id: u32) -> Vec<u64> {
        let mut way = vec![self.fingerprints[id as usize]];
        while id != 0 {
            id = self.parents[id as usize];
            way.push(self.fingerprints[id as usize]);
        }
        way.reverse();
        way
    }
}

/// Makes a fingerprint out of small numbers.
#[derive(Debug, Clone, Copy)]
pub struct Print {
    mixed: u64,
    packed: u64,
    bits: u32,
}

impl Default for Print {
    fn default() -> Self {
        Self { mixed: 0x9E37_79B9_7F4A_7C15, packed: 0, bits: 0 }
    }
}

impl Print {
    /// Adds a number of at most 4 bits; 255 ("none") counts as 15.
    pub const fn add(&mut self, number: u8) {
        self.packed = self.packed << 4 | (number & 15) as u64;
        self.bits += 4;
        if self.bits == 64 {
            self.flush();
        }
    }

    /// Adds a number of any size.
    pub const fn add_all(&mut self, number: u64) {
        self.flush();
        self.packed = number;
        self.flush();
    }

    const fn flush(&mut self) {
        let mut mixed = (self.mixed ^ self.packed).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        mixed ^= mixed >> 32;
        mixed = mixed.wrapping_mul(0xA076_1D64_78BD_642F).rotate_left(23);
        self.mixed = mixed ^ self.bits as u64;
        self.packed = 0;
        self.bits = 0;
    }

    /// The fingerprint.
    pub const fn finish(mut self) -> u64 {
        self.flush();
        self.mixed ^ (self.mixed >> 29)
    }
}

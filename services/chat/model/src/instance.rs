//! An instance: takes drafts, numbers them, inserts, looks up, publishes, raises the head, answers.
//!
//! Every call of the store is a step of its own, and between any two the instance can crash.

use crate::config::Config;
use crate::round::{Answer, Rounds, Told};
use crate::rules::Rules;
use crate::world::{Data, Draft, Fate, Instance, NONE, Phase, Place, QUEUE, Stray, World};

/// What an instance works with.
pub struct Hands<'a> {
    /// What can happen.
    pub config: &'a Config,
    /// The product's numbering.
    pub rounds: &'a Rounds,
}

/// What of the next thing is to be done, where there is a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// Both reads at one moment.
    Whole,
    /// What the conversation counts.
    Counted,
    /// The top of the log.
    Top,
}

impl Instance {
    /// How many drafts wait.
    pub fn waiting(&self) -> u8 {
        self.queue.iter().map(|(message, _)| u8::from(*message != NONE)).sum()
    }

    /// Whether another draft may come.
    pub fn has_room(&self) -> bool {
        let under_way = self.batch.iter().filter(|draft| draft.is_there()).count();
        usize::from(self.waiting()) + under_way < QUEUE
    }

    /// A draft comes in.
    pub fn push(&mut self, message: u8, checked: u8) {
        let end = usize::from(self.waiting());
        self.queue[end] = (message, checked);
    }

    /// The drafts that have a place and are not stored as far as this instance knows, in order.
    pub fn numbered(&self) -> impl Iterator<Item = (usize, &Draft)> {
        let open = |(_, draft): &(usize, &Draft)| draft.is_there() && draft.fate == Fate::Open;
        self.batch.iter().enumerate().filter(open)
    }

    /// Whether what its insert has written so far was taken back by a fail-over.
    pub fn is_taken_back(&self, primary: &Data) -> bool {
        let mut written = self.numbered().take(usize::from(self.done));
        !self.is_unordered() && written.any(|(_, draft)| !has(primary, *draft))
    }

    /// Whether a majority has what it wrote.
    pub fn is_durable(&self, durable: &Data) -> bool {
        let mut written = self.numbered().take(usize::from(self.done));
        self.is_unordered() || written.all(|(_, draft)| has(durable, *draft))
    }

    const fn is_unordered(&self) -> bool {
        self.noted != NONE
    }

    /// The place up to which it has to raise the head.
    pub fn to_count(&self, rules: &Rules) -> Option<Place> {
        let told = self.batch.iter().filter(|draft| is_to_tell(draft, rules) || was_told(draft));
        told.map(|draft| draft.place).max()
    }

    fn take(&mut self, count: u8) {
        let count = usize::from(count);
        for at in 0..count {
            let (message, checked) = self.queue[at];
            self.batch[at] = Draft { message, checked, ..Draft::NOTHING };
        }
        self.queue.rotate_left(count);
        self.queue[QUEUE - count..].fill((NONE, 0));
    }

    /// Puts back what is to be tried again, and is ready for more.
    pub fn conclude(&mut self, config: &Config) {
        let rules = &config.rules;
        if rules.fail_later {
            self.fail_later(config);
        }
        let again: Vec<(u8, u8)> = self
            .batch
            .iter()
            .filter(|draft| draft.is_there() && draft.fate == Fate::Raced)
            .map(|draft| (draft.message, draft.checked))
            .collect();
        let waiting: Vec<(u8, u8)> =
            self.queue.iter().copied().filter(|(message, _)| *message != NONE).collect();
        let all = if rules.requeue_in_front { [again, waiting] } else { [waiting, again] };
        self.queue = [(NONE, 0); QUEUE];
        for (slot, waiting) in self.queue.iter_mut().zip(all.concat()) {
            *slot = waiting;
        }
        *self = Self { cached: self.cached, queue: self.queue, ..Self::FRESH };
    }

    /// Goes on to the next phase that has something to do.
    pub fn proceed(&mut self, config: &Config, from: Option<Phase>) {
        let rules = &config.rules;
        let order = if !rules.publish_before_ack {
            [Phase::Raising, Phase::Acknowledging, Phase::Publishing]
        } else if !rules.head_before_ack {
            [Phase::Publishing, Phase::Acknowledging, Phase::Raising]
        } else {
            [Phase::Publishing, Phase::Raising, Phase::Acknowledging]
        };
        let first = from
            .map_or(0, |from| order.iter().position(|phase| *phase == from).map_or(0, |at| at + 1));
        (self.done, self.noted, self.head) = (0, NONE, Place::EMPTY);
        let any = |what: fn(&Draft) -> bool| self.batch.iter().any(what);
        let has_work = |phase: &&Phase| match phase {
            Phase::Acknowledging => {
                any(|draft| matches!(draft.fate, Fate::Stored | Fate::Existing))
            }
            _ => self.to_count(rules).is_some(),
        };
        if let Some(phase) = order[first..].iter().find(has_work) {
            self.phase = *phase;
        } else if any(|draft| draft.fate == Fate::Stale) {
            self.phase = Phase::Checking;
        } else {
            self.conclude(config);
        }
    }

    /// What a person wrote after a draft that failed fails too: what is under way, and what waits.
    fn fail_later(&mut self, config: &Config) {
        let sender = |message: u8| config.message(message).sender;
        let failed = |draft: &Draft| draft.is_there() && draft.fate == Fate::Failed;
        let lost = self.batch.iter().filter(|draft| failed(draft));
        let lost: Vec<u8> = lost.map(|draft| sender(draft.message)).collect();
        if lost.is_empty() {
            return;
        }
        for draft in &mut self.batch {
            let open = matches!(draft.fate, Fate::Raced | Fate::Stale);
            if draft.is_there() && open && lost.contains(&sender(draft.message)) {
                draft.fate = Fate::Failed;
            }
        }
        let stays = |(message, _): &(u8, u8)| *message != NONE && !lost.contains(&sender(*message));
        let stay: Vec<(u8, u8)> = self.queue.iter().copied().filter(stays).collect();
        self.queue = [(NONE, 0); QUEUE];
        self.queue[..stay.len()].copy_from_slice(&stay);
    }
}

fn has(data: &Data, draft: Draft) -> bool {
    data.slot(draft.place.seq).is_some_and(|slot| slot.message == draft.message)
}

/// Whether it is to be published and counted.
pub fn is_to_tell(draft: &Draft, rules: &Rules) -> bool {
    draft.fate == Fate::Stored || (draft.fate == Fate::Existing && rules.retry_finishes)
}

/// Answered, and not given up.
pub const fn was_told(draft: &Draft) -> bool {
    matches!(draft.fate, Fate::Done) && draft.place.seq != 0
}

impl World {
    /// Takes the next drafts and gives them places behind the head believed in; inserts the first.
    pub fn begin(&mut self, hands: &Hands<'_>, at: usize, count: u8) {
        let instance = &mut self.instances[at];
        instance.take(count);
        instance.head = instance.cached.unwrap_or_default();
        self.number(hands, at);
        if self.instances[at].phase == Phase::Inserting {
            self.insert(hands, at);
        }
    }

    /// Takes the next drafts and reads the head, or the first half of it.
    pub fn load(&mut self, hands: &Hands<'_>, at: usize, count: u8, load: Load) {
        let data = self.read(hands.config.rules.majority_load);
        let (head, phase) = match load {
            Load::Whole => (data.end(), Phase::Inserting),
            Load::Counted => (data.head, Phase::ReadCounted),
            Load::Top => (data.top(), Phase::ReadTop),
        };
        let instance = &mut self.instances[at];
        instance.take(count);
        (instance.head, instance.phase) = (head, phase);
        if load == Load::Whole {
            self.number(hands, at);
        }
    }

    /// Reads the other half of the head; the higher pair wins.
    pub fn load_rest(&mut self, hands: &Hands<'_>, at: usize) {
        let data = *self.read(hands.config.rules.majority_load);
        let instance = &mut self.instances[at];
        let rest = if instance.phase == Phase::ReadTop { data.head } else { data.top() };
        if rest.seq > instance.head.seq {
            instance.head = rest;
        }
        self.number(hands, at);
    }

    const fn read(&self, majority: bool) -> &Data {
        if majority { &self.durable } else { &self.primary }
    }

    fn number(&mut self, hands: &Hands<'_>, at: usize) {
        let instance = &mut self.instances[at];
        let answer = hands.rounds.run(hands.config, &instance.batch, instance.head, Told::Nothing);
        for (at, draft) in instance.batch.iter_mut().enumerate() {
            draft.place = answer.places[at];
            draft.fate = answer.fates[at];
        }
        (instance.phase, instance.done) = (Phase::Inserting, 0);
        if instance.numbered().next().is_none() {
            // Nothing got a place: there is nothing to insert.
            self.told(hands, at, Told::Inserted(0));
        }
    }

    /// The next entry of the batch arrives at the primary.
    pub fn insert(&mut self, hands: &Hands<'_>, at: usize) {
        let rules = &hands.config.rules;
        let instance = &mut self.instances[at];
        let numbered = instance.numbered().count();
        let next = instance.numbered().nth(usize::from(instance.done)).map(|(_, draft)| *draft);
        let Some(draft) = next else { return };
        let went_in = self.primary.insert(draft.message, draft.place);
        if went_in || !rules.ordered_insert {
            if !went_in {
                instance.noted = instance.noted.min(instance.done);
            }
            instance.done += 1;
        }
        let ended = usize::from(instance.done) == numbered || (!went_in && rules.ordered_insert);
        self.wrote(hands.config);
        if ended {
            self.instances[at].phase = Phase::Inserted;
            if hands.config.answered_at_once() {
                self.reply(hands, at);
            }
        }
    }

    /// The answer to the insert arrives.
    pub fn reply(&mut self, hands: &Hands<'_>, at: usize) {
        let instance = &self.instances[at];
        let stored = instance.done.min(instance.noted);
        self.told(hands, at, Told::Inserted(stored));
    }

    /// No answer arrives. What has not landed may land later.
    pub fn lose_reply(&mut self, hands: &Hands<'_>, at: usize, late: bool) {
        if late {
            self.leave_behind(at);
        }
        self.told(hands, at, Told::Inserted(0));
    }

    /// A fail-over took back what was written, and the driver sends the insert again.
    pub fn send_again(&mut self, at: usize) {
        let instance = &self.instances[at];
        let stays =
            instance.numbered().take_while(|(_, draft)| has(&self.primary, **draft)).count();
        let instance = &mut self.instances[at];
        instance.phase = Phase::Inserting;
        instance.done = u8::try_from(stays).unwrap_or(0);
    }

    /// Asks a majority what is stored all the same.
    pub fn look_up(&mut self, hands: &Hands<'_>, at: usize) {
        let data = *self.read(hands.config.rules.majority_lookup);
        let instance = &mut self.instances[at];
        let (stored, unsure) = (instance.done, instance.noted);
        let mut found = 0;
        for (number, draft) in instance.batch.iter_mut().enumerate() {
            let place = data.find(draft.message).filter(|_| unsure >> number & 1 == 1);
            if let Some(place) = place {
                found |= 1 << number;
                draft.place = place;
            }
        }
        self.told(hands, at, Told::LookedUp(stored, found));
    }

    /// Nobody can be asked.
    pub fn give_up(&mut self, hands: &Hands<'_>, at: usize) {
        let stored = self.instances[at].done;
        self.told(hands, at, Told::GaveUp(stored));
    }

    /// The numbering is told how the round goes on, and says what is to be done.
    fn told(&mut self, hands: &Hands<'_>, at: usize, told: Told) {
        let instance = &mut self.instances[at];
        let Answer { fates, unsure, head, .. } =
            hands.rounds.run(hands.config, &instance.batch, instance.head, told);
        let looked = !matches!(told, Told::Inserted(_));
        if unsure != 0 && !looked {
            let Told::Inserted(stored) = told else { return };
            (instance.phase, instance.done, instance.noted) = (Phase::LookingUp, stored, unsure);
            return;
        }
        for (draft, fate) in instance.batch.iter_mut().zip(fates) {
            draft.fate = if draft.is_there() { fate } else { Fate::Open };
            if !matches!(fate, Fate::Stored | Fate::Existing) {
                draft.place = Place::EMPTY;
            }
        }
        instance.cached = head;
        let fence = !hands.config.rules.no_fence;
        if fence && instance.batch.iter().any(|draft| draft.fate == Fate::Stored) {
            (instance.phase, instance.done, instance.noted) = (Phase::Fencing, 0, NONE);
        } else {
            instance.proceed(hands.config, None);
        }
    }

    /// Starts anew. What it had sent to the store may land later.
    pub fn crash(&mut self, at: usize, late: bool) {
        if late {
            self.leave_behind(at);
        }
        self.left.crashes -= 1;
        self.instances[at] = Instance::FRESH;
    }

    /// Whether a part of its insert has not landed.
    pub fn is_landing(&self, at: usize) -> bool {
        self.instances[at].phase == Phase::Inserting
            && !self.instances[at].is_taken_back(&self.primary)
    }

    fn leave_behind(&mut self, at: usize) {
        let instance = &self.instances[at];
        let mut stray = Stray { begun: instance.done > 0, ..Stray::NOTHING };
        let rest = instance.numbered().skip(usize::from(instance.done));
        for (slot, (_, draft)) in rest.enumerate() {
            stray.messages[slot] = draft.message;
            stray.places[slot] = draft.place;
        }
        self.stray = stray;
    }
}

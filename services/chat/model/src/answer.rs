//! What an instance does with entries that are stored: publish, raise the head, answer; and what it does about senders that it
//! has to look at again.

use crate::config::Config;
use crate::instance::{is_to_tell, was_told};
use crate::world::{BATCH, Draft, Fate, MEMBER, NONE, Phase, Place, Slot, World, event};

impl World {
    /// Compares the next entry stored with the floor, and takes it back if the floor has passed it.
    pub fn fence(&mut self, config: &Config, at: usize) {
        let instance = &mut self.instances[at];
        for draft in &mut instance.batch {
            let passed = draft.place.seq <= self.primary.floor;
            if draft.fate == Fate::Stored && passed {
                let slot = &mut self.primary.slots[usize::from(draft.place.seq) - 1];
                *slot = Slot { message: NONE, ..Slot::default() };
                (draft.fate, draft.place) = (Fate::Raced, Place::EMPTY);
                instance.cached = None;
            }
        }
        instance.proceed(config, None);
        self.wrote(config);
    }

    /// Tells everybody of the next entry.
    pub fn publish(&mut self, config: &Config, at: usize) {
        let rules = &config.rules;
        let instance = &mut self.instances[at];
        let tell = |draft: &Draft| is_to_tell(draft, rules) || was_told(draft);
        let mut rest = (usize::from(instance.done)..BATCH).filter(|at| tell(&instance.batch[*at]));
        let (next, more) = (rest.next(), rest.next().is_some());
        if let Some(next) = next {
            let Draft { message, place, .. } = instance.batch[next];
            instance.done = u8::try_from(next + 1).unwrap_or(0);
            self.published |= 1 << message;
            for reader in
                self.readers.iter_mut().filter(|reader| reader.hears() && place.seq > reader.cursor)
            {
                reader.inbox |= event(message, place.seq);
            }
        }
        if !more {
            self.instances[at].proceed(config, Some(Phase::Publishing));
        }
    }

    /// Raises the head.
    pub fn raise(&mut self, config: &Config, at: usize) {
        let instance = &mut self.instances[at];
        if let Some(place) = instance.to_count(&config.rules) {
            self.primary.raise(place);
        }
        if instance.phase == Phase::Raising {
            instance.proceed(config, Some(Phase::Raising));
        }
        self.wrote(config);
    }

    /// Answers the next client.
    pub fn acknowledge(&mut self, config: &Config, at: usize) {
        let instance = &mut self.instances[at];
        let stored = |draft: &&mut Draft| matches!(draft.fate, Fate::Stored | Fate::Existing);
        if let Some(draft) = instance.batch.iter_mut().find(stored) {
            let first = &mut self.acked[usize::from(draft.message)];
            if *first == 0 {
                *first = draft.place.seq;
            }
            self.other_answer |= *first != draft.place.seq;
            if draft.fate == Fate::Existing && !config.rules.retry_finishes {
                draft.place = Place::EMPTY;
            }
            draft.fate = Fate::Done;
        }
        if !instance.batch.iter_mut().any(|draft| stored(&draft)) {
            instance.proceed(config, Some(Phase::Acknowledging));
        }
    }

    /// Looks at the senders of stale drafts again: first the one thing, then the other.
    pub fn check(&mut self, config: &Config, at: usize) {
        let (out, mseq) = (self.durable.out, self.durable.end().mseq);
        let change_first = config.rules.change_before_member;
        let instance = &mut self.instances[at];
        if instance.noted == NONE {
            instance.noted = if change_first { mseq } else { u8::from(out) };
            return;
        }
        let (out, mseq) =
            if change_first { (out, instance.noted) } else { (instance.noted == 1, mseq) };
        for draft in instance.batch.iter_mut().filter(|draft| draft.fate == Fate::Stale) {
            if out && config.message(draft.message).sender == MEMBER {
                draft.fate = Fate::Done;
                self.refused |= 1 << draft.message;
            } else {
                (draft.fate, draft.checked) = (Fate::Raced, mseq);
            }
        }
        instance.conclude(config);
    }
}

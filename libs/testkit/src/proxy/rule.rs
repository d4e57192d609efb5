use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kernel::{Random, SeededRandom};

/// What becomes of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It and its answer pass.
    Pass,
    /// It is answered, but the answer never arrives; the connection stays.
    LoseAnswer,
    /// Its answer arrives so much later, and everything behind it.
    DelayAnswer(Duration),
    /// It reaches the server so much later, also when the client has gone meanwhile.
    Late(Duration),
    /// The connection ends before the server hears of it.
    Cut,
    /// The server does it, and the connection ends instead of the answer.
    CutAnswer,
}

/// Says what becomes of questions.
pub trait Rule: Send + Sync + fmt::Debug {
    /// `command` is empty where the protocol names none.
    fn fate(&self, command: &str) -> Fate;
}

/// Draws lots: of every thousand questions with one of these commands so many meet each fate.
#[derive(Debug)]
pub struct Seeded {
    random: SeededRandom,
    commands: &'static [&'static str],
    fates: Vec<(u64, Fate)>,
    off: AtomicBool,
}

impl Seeded {
    /// `commands`: which are meant; none is all. `fates`: how many of a thousand meet it.
    pub fn new(seed: u64, commands: &'static [&'static str], fates: Vec<(u64, Fate)>) -> Self {
        Self { random: SeededRandom::new(seed), commands, fates, off: AtomicBool::new(false) }
    }

    /// From now on everything passes.
    pub fn heal(&self) {
        self.off.store(true, Ordering::SeqCst);
    }
}

impl Rule for Seeded {
    fn fate(&self, command: &str) -> Fate {
        let meant = self.commands.is_empty() || self.commands.contains(&command);
        if !meant || self.off.load(Ordering::SeqCst) {
            return Fate::Pass;
        }
        let mut drawn = self.random.below(1_000);
        for (share, fate) in &self.fates {
            match drawn.checked_sub(*share) {
                Some(rest) => drawn = rest,
                None => return *fate,
            }
        }
        Fate::Pass
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_lots_and_only_for_what_is_meant() {
        let rule = || Seeded::new(3, &["insert"], vec![(100, Fate::Cut), (200, Fate::LoseAnswer)]);
        let draw = |rule: &Seeded| (0..1_000).map(|_| rule.fate("insert")).collect::<Vec<_>>();
        let drawn = draw(&rule());
        assert_eq!(drawn, draw(&rule()));
        let count = |fate| drawn.iter().filter(|drawn| **drawn == fate).count();
        assert!((50..150).contains(&count(Fate::Cut)), "{}", count(Fate::Cut));
        assert!((140..260).contains(&count(Fate::LoseAnswer)), "{}", count(Fate::LoseAnswer));
        assert!((0..1_000).all(|_| rule().fate("find") == Fate::Pass));
        let healed = rule();
        healed.heal();
        assert!(draw(&healed).iter().all(|fate| *fate == Fate::Pass));
    }
}

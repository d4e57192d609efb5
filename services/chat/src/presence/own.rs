//! What one socket says of its person's presence, and whose it looks at.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use kernel::UserId;

use super::status::Chosen;

/// Kept with each socket.
#[derive(Debug)]
pub struct Own {
    /// 0 until it has said something, or had the time to.
    chosen: AtomicU8,
    /// `None` once the socket has left.
    watching: Mutex<Option<Vec<UserId>>>,
}

impl Default for Own {
    fn default() -> Self {
        Self { chosen: AtomicU8::new(0), watching: Mutex::new(Some(Vec::new())) }
    }
}

impl Own {
    /// What it has said.
    pub fn chosen(&self) -> Option<Chosen> {
        Chosen::from_byte(self.chosen.load(Ordering::Relaxed))
    }

    /// It says something.
    pub fn choose(&self, chosen: Chosen) {
        self.chosen.store(chosen.as_byte(), Ordering::Relaxed);
    }

    /// It had the time to say something: who has not is online.
    pub fn settle(&self) -> Chosen {
        let online = Chosen::Online.as_byte();
        let before = self.chosen.compare_exchange(0, online, Ordering::Relaxed, Ordering::Relaxed);
        before.map_or_else(Chosen::from_byte, |_| None).unwrap_or(Chosen::Online)
    }

    /// Looks at these from now on, and no more at those answered. `None` if the socket has left.
    pub fn watch(&self, users: Vec<UserId>) -> Option<Vec<UserId>> {
        let mut watching = self.watching.lock().unwrap_or_else(PoisonError::into_inner);
        watching.as_mut().map(|watching| std::mem::replace(watching, users))
    }

    /// The socket has left. Answers whom it looked at.
    pub fn leave(&self) -> Vec<UserId> {
        self.watching.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_nothing_is_online_and_what_was_said_stays() {
        let own = Own::default();
        assert_eq!(own.chosen(), None);
        assert_eq!(own.settle(), Chosen::Online);
        own.choose(Chosen::Invisible);
        assert_eq!(own.settle(), Chosen::Invisible);
        assert_eq!(own.chosen(), Some(Chosen::Invisible));
    }

    #[test]
    fn who_has_left_looks_at_nobody() {
        let own = Own::default();
        assert_eq!(own.watch(vec![]), Some(vec![]));
        assert!(own.leave().is_empty());
        assert_eq!(own.watch(vec![]), None);
    }
}

//! Processor time of this process and of a server, from the kernel's books.

use std::time::Duration;

/// The kernel counts in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

/// Processor time used up to a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Used {
    own: Duration,
    store: Duration,
}

/// Processor time of each message.
#[derive(Debug, Clone, Copy)]
pub(super) struct PerMessage {
    /// Of this process: of the senders too.
    pub(super) own_micros: f64,
    /// Of the database server; 0 if it lives in this process.
    pub(super) store_micros: f64,
}

impl Used {
    /// What this process and the server have used.
    pub(super) fn now(server: Option<i32>) -> Self {
        Self { own: of("self"), store: server.map_or(Duration::ZERO, |pid| of(&pid.to_string())) }
    }

    /// What `messages` have used since then.
    pub(super) fn each(self, server: Option<i32>, messages: usize) -> PerMessage {
        let now = Self::now(server);
        let each = |before: Duration, after: Duration| {
            after.checked_sub(before).unwrap().as_secs_f64() * 1e6
                / f64::from(u32::try_from(messages).unwrap())
        };
        PerMessage {
            own_micros: each(self.own, now.own),
            store_micros: each(self.store, now.store),
        }
    }
}

fn of(process: &str) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The name in brackets may hold spaces; behind it user and system time are the 12th and 13th word.
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    let words: Vec<&str> = rest.split(' ').collect();
    let ticks: u32 = words[11..13].iter().map(|word| word.parse::<u32>().unwrap()).sum();
    TICK * ticks
}

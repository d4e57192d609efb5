use std::time::Duration;

use tokio::time::Instant;

/// Whether the client is still there: a ping, an answer, a pause.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    interval: Duration,
    timeout: Duration,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Quiet { ping_at: Instant },
    Asked { answer_by: Instant },
}

/// What is to be done now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    Ping,
    Dead,
}

impl Heartbeat {
    pub(crate) fn new(interval: Duration, timeout: Duration, now: Instant) -> Self {
        Self { interval, timeout, phase: Phase::Quiet { ping_at: now + interval } }
    }

    /// When to ask again what is due.
    pub(crate) fn next(&self) -> Instant {
        match self.phase {
            Phase::Quiet { ping_at } => ping_at,
            Phase::Asked { answer_by } => answer_by,
        }
    }

    /// What is due. A client that we do not read cannot be heard answering: it gets its time again.
    pub(crate) fn due(&mut self, now: Instant, reading: bool) -> Due {
        if now < self.next() {
            return Due::Nothing;
        }
        let (due, asked) = match self.phase {
            // A timer that rings a little late takes nothing from the client's time, and adds nothing.
            Phase::Quiet { ping_at } if now - ping_at < self.timeout / 10 => (Due::Ping, ping_at),
            Phase::Quiet { .. } => (Due::Ping, now),
            Phase::Asked { .. } if reading => return Due::Dead,
            Phase::Asked { .. } => (Due::Nothing, now),
        };
        self.phase = Phase::Asked { answer_by: asked + self.timeout };
        due
    }

    /// The client answered.
    pub(crate) fn answered(&mut self, now: Instant) {
        self.phase = Phase::Quiet { ping_at: now + self.interval };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(25);
    const TIMEOUT: Duration = Duration::from_secs(20);

    #[test]
    fn a_client_that_answers_lives_and_one_that_does_not_dies() {
        let start = Instant::now();
        let mut heart = Heartbeat::new(INTERVAL, TIMEOUT, start);
        assert_eq!(heart.due(start, true), Due::Nothing);
        let asked = heart.next();
        assert_eq!(asked, start + INTERVAL);
        assert_eq!(heart.due(asked, true), Due::Ping);
        heart.answered(asked + Duration::from_secs(1));
        assert_eq!(heart.next(), asked + Duration::from_secs(1) + INTERVAL);
        let asked = heart.next();
        assert_eq!(heart.due(asked, true), Due::Ping);
        assert_eq!(heart.due(asked + Duration::from_secs(19), true), Due::Nothing);
        assert_eq!(heart.due(asked + TIMEOUT, true), Due::Dead);
    }

    #[test]
    fn a_client_that_is_not_read_is_not_declared_dead() {
        let start = Instant::now();
        let mut heart = Heartbeat::new(INTERVAL, TIMEOUT, start);
        assert_eq!(heart.due(heart.next(), false), Due::Ping);
        assert_eq!(heart.due(heart.next(), false), Due::Nothing);
        assert_eq!(heart.due(heart.next(), true), Due::Dead);
    }
}

//! What came of a stretch of the load.

use std::time::Duration;

/// Figures of one phase. All times count from the moment a message was due.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Deliveries that there should have been, and were.
    pub(crate) expected: u64,
    pub(crate) received: u64,
    /// How often the server would not take something, which was then sent again.
    pub(crate) refused: u32,
    /// Deliveries to somebody who had it already, and ones behind a later message.
    pub(crate) twice: u32,
    pub(crate) reordered: u32,
    /// Messages that came to the end of their life, and when the last of them did.
    pub(crate) lives: u64,
    pub(crate) took: Duration,
    /// Until the last recipient had it.
    pub(crate) delivered: Times,
    /// Until the sender had the answer.
    pub(crate) answered: Times,
    /// Until the load had sent it: what the load itself is to blame for.
    pub(crate) late: Times,
}

impl Outcome {
    /// How many percent of the deliveries came.
    pub(crate) fn percent(&self) -> f64 {
        if self.expected == 0 {
            return f64::NAN;
        }
        100.0 * number(self.received) / number(self.expected)
    }

    /// Whole lives in a second.
    pub(crate) fn lives_per_s(&self) -> f64 {
        number(self.lives) / self.took.as_secs_f64()
    }

    /// What went wrong, in words; empty if nothing did.
    pub(crate) fn blemishes(&self) -> String {
        let lost = self.expected.saturating_sub(self.received);
        let all = [
            (lost, "missing"),
            (u64::from(self.refused), "refused"),
            (u64::from(self.twice), "twice"),
            (u64::from(self.reordered), "reordered"),
        ];
        let bad = all.iter().filter(|(count, _)| *count > 0);
        bad.map(|(count, what)| format!("{count} {what}")).collect::<Vec<_>>().join(", ")
    }
}

/// A count as a number to divide with; exact up to four billion.
pub(crate) fn number(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

/// Durations in order.
#[derive(Debug)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// The percentile in milliseconds.
    pub(crate) fn at(&self, percent: usize) -> f64 {
        crate::report::at(&self.0, percent)
    }

    /// The mean in milliseconds.
    pub(crate) fn mean(&self) -> f64 {
        let sum: Duration = self.0.iter().sum();
        1_000.0 * sum.as_secs_f64() / number(u64::try_from(self.0.len()).unwrap_or(u64::MAX))
    }
}

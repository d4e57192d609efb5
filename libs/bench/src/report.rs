//! The table.

use std::fmt::Write as _;
use std::time::Duration;

/// What was measured.
#[derive(Debug)]
pub(crate) struct Figures {
    /// Messages sent and received.
    pub(crate) messages: u32,
    /// From the first send to the last acknowledgement of a delivery.
    pub(crate) elapsed: Duration,
    /// From `message:send` to `message:new` at the other person; sorted.
    pub(crate) end_to_end: Vec<Duration>,
    /// From `message:send` to its acknowledgement; sorted.
    pub(crate) acknowledged: Vec<Duration>,
}

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) shape: String,
    pub(crate) pairs: usize,
    pub(crate) window: usize,
    pub(crate) figures: Figures,
}

/// The table as text.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "shape   pairs  window  messages  messages/s  delivered p50  delivered p99  acked p50  acked p99\n",
    );
    for row in rows {
        let Figures { messages, elapsed, end_to_end, acknowledged } = &row.figures;
        let rate = f64::from(*messages) / elapsed.as_secs_f64();
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:<7} {:>5} {:>7} {:>9} {:>11.0} {:>11.1} ms {:>11.1} ms {:>7.1} ms {:>7.1} ms",
            row.shape,
            row.pairs,
            row.window,
            messages,
            rate,
            at(end_to_end, 50),
            at(end_to_end, 99),
            at(acknowledged, 50),
            at(acknowledged, 99),
        );
    }
    text
}

/// The percentile of sorted durations, in milliseconds.
pub(crate) fn at(sorted: &[Duration], percent: usize) -> f64 {
    let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(index).map_or(f64::NAN, |duration| duration.as_secs_f64() * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_read_from_sorted_durations() {
        let sorted: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        assert!((at(&sorted, 50) - 51.0).abs() < 1e-9);
        assert!((at(&sorted, 99) - 100.0).abs() < 1e-9);
        assert!(at(&[], 50).is_nan());
    }
}

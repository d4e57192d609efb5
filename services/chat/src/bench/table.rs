//! Figures as a table, and percentiles.

use std::fmt;
use std::time::Duration;

/// Rows under headings, as Markdown.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|&heading| heading.to_owned()).collect()] }
    }

    pub(super) fn row(&mut self, cells: &[String]) {
        self.rows.push(cells.to_vec());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows[0].len();
        let width = |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max();
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        for (at, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}"));
            writeln!(f, "| {} |", cells.collect::<Vec<_>>().join(" | "))?;
            if at == 0 {
                let lines = widths.iter().map(|width| format!("{}:", "-".repeat(width - 1)));
                writeln!(f, "| {} |", lines.collect::<Vec<_>>().join(" | "))?;
            }
        }
        Ok(())
    }
}

/// Durations, sorted.
#[derive(Debug, Default)]
pub(super) struct Sorted(Vec<Duration>);

impl Sorted {
    pub(super) fn new(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        Self(durations)
    }

    /// The percentile, in milliseconds.
    pub(super) fn at(&self, percent: usize) -> f64 {
        let index = (self.0.len() * percent / 100).min(self.0.len().saturating_sub(1));
        self.0.get(index).map_or(f64::NAN, |duration| duration.as_secs_f64() * 1_000.0)
    }
}

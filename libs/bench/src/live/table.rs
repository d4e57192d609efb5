//! The tables.

use std::fmt::Write as _;

use super::TOO_LATE_MS;
use super::dialect::Dialect;
use super::outcome::{Outcome, number};
use super::usage::Spent;

/// Pairs of people on one system with so many instances.
#[derive(Debug)]
pub(crate) struct Paired {
    pub(crate) dialect: Dialect,
    pub(crate) instances: usize,
    pub(crate) rate: f64,
    pub(crate) calm: (Outcome, Spent),
    pub(crate) rising: Vec<Step>,
    pub(crate) full: (Outcome, Spent),
    /// How much content was left when everybody had everything.
    pub(crate) kept: u64,
}

/// One rate on the way up.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) rate: f64,
    pub(crate) outcome: Outcome,
    pub(crate) spent: Spent,
}

/// A group on one system.
#[derive(Debug)]
pub(crate) struct Grouped {
    pub(crate) dialect: Dialect,
    pub(crate) instances: usize,
    pub(crate) members: usize,
    pub(crate) rate: f64,
    /// Whether members acknowledge.
    pub(crate) tells: bool,
    pub(crate) outcome: Outcome,
    pub(crate) spent: Spent,
}

/// Everything that was measured.
pub(crate) fn text(paired: &[Paired], grouped: &[Grouped]) -> String {
    [calm(paired), rising(paired), full(paired), processes(paired), group(grouped)].join("\n")
}

fn head(title: &str, columns: &[&str]) -> String {
    let line = columns.iter().map(|name| if name.is_empty() { "---" } else { "--:" });
    let line = line.collect::<Vec<_>>().join(" | ");
    format!("## {title}\n\n| {} |\n| {line} |\n", columns.join(" | "))
}

fn who(dialect: Dialect, instances: usize) -> String {
    format!("| {} | {instances} |", dialect.name())
}

// Writing to a string cannot fail.
fn calm(paired: &[Paired]) -> String {
    let columns = [
        "",
        "instances",
        "msg/s",
        "delivered %",
        "mean ms",
        "p50",
        "p95",
        "p99",
        "answered p99",
        "load late p99",
        "not well",
    ];
    let mut text = head("The seeds' load", &columns);
    for row in paired {
        let (outcome, _) = &row.calm;
        let _ = writeln!(
            text,
            "{} {:.0} | {:.2} | {:.2} | {} | {:.2} | {:.2} | {} |",
            who(row.dialect, row.instances),
            row.rate,
            outcome.percent(),
            outcome.delivered.mean(),
            three(outcome),
            outcome.answered.at(99),
            outcome.late.at(99),
            outcome.blemishes(),
        );
    }
    text
}

fn three(outcome: &Outcome) -> String {
    let at = |percent| format!("{:.2}", outcome.delivered.at(percent));
    [at(50), at(95), at(99)].join(" | ")
}

fn rising(paired: &[Paired]) -> String {
    let columns = [
        "",
        "instances",
        "msg/s",
        "delivered %",
        "p50 ms",
        "p95",
        "p99",
        "load late p99",
        "load CPU %",
        "not well",
    ];
    let mut text = head(&format!("A rising rate, until p99 passes {TOO_LATE_MS:.0} ms"), &columns);
    for row in paired {
        for Step { rate, outcome, spent } in &row.rising {
            let _ = writeln!(
                text,
                "{} {rate:.0} | {:.2} | {} | {:.2} | {:.0} | {} |",
                who(row.dialect, row.instances),
                outcome.percent(),
                three(outcome),
                outcome.late.at(99),
                100.0 * spent.cpu_s("load") / spent.seconds,
                outcome.blemishes(),
            );
        }
    }
    text
}

fn full(paired: &[Paired]) -> String {
    let columns = [
        "",
        "instances",
        "whole lives/s",
        "× the other's best",
        "delivered p50 ms",
        "p99",
        "servers µs",
        "nginx µs",
        "mongod µs",
        "redis µs",
        "all of these µs",
        "load µs",
        "deliveries/s per core of servers",
        "content left",
        "not well",
    ];
    let mut text =
        head("Whole lives, as fast as it can (processor time for each message)", &columns);
    for row in paired {
        let (outcome, spent) = &row.full;
        let each = |names: &str| 1e6 * spent.cpu_s(names) / number(outcome.lives);
        let _ = write!(
            text,
            "{} {:.0} | {} | {:.1} | {:.1} |",
            who(row.dialect, row.instances),
            outcome.lives_per_s(),
            times_the_other(row, paired),
            outcome.delivered.at(50),
            outcome.delivered.at(99),
        );
        let of_servers = [row.dialect.process(), "nginx", "mongo", "redis"].map(each);
        for each in of_servers.into_iter().chain([of_servers.iter().sum(), each("load")]) {
            let _ = write!(text, " {each:.0} |");
        }
        let per_core = number(outcome.received) / spent.cpu_s(row.dialect.process());
        let _ = writeln!(text, " {per_core:.0} | {} | {} |", row.kept, outcome.blemishes());
    }
    text
}

fn times_the_other(row: &Paired, all: &[Paired]) -> String {
    let others = all.iter().filter(|other| other.dialect != row.dialect);
    let best = others.map(|other| other.full.0.lives_per_s()).fold(0.0, f64::max);
    if best > 0.0 { format!("{:.1}", row.full.0.lives_per_s() / best) } else { String::new() }
}

fn processes(paired: &[Paired]) -> String {
    let columns =
        ["", "instances", "", "CPU % at the seeds' load", "CPU % as fast as it can", "memory MB"];
    let mut text = head("Processes", &columns);
    for row in paired {
        let ((_, calm), (_, full)) = (&row.calm, &row.full);
        for (calmly, fully) in calm.of.iter().zip(&full.of) {
            let percent = |cpu_s: f64, spent: &Spent| 100.0 * cpu_s / spent.seconds;
            let _ = writeln!(
                text,
                "{} {} | {:.1} | {:.0} | {:.0} |",
                who(row.dialect, row.instances),
                calmly.name,
                percent(calmly.cpu_s, calm),
                percent(fully.cpu_s, full),
                fully.memory_mb,
            );
        }
    }
    text
}

fn group(grouped: &[Grouped]) -> String {
    let columns = [
        "",
        "instances",
        "members",
        "acknowledging",
        "msg/s",
        "delivered %",
        "last recipient p50 ms",
        "p99",
        "deliveries/s",
        "servers µs each",
        "deliveries/s per core of servers",
        "load CPU %",
        "not well",
    ];
    let mut text = head("A group, all online", &columns);
    for row in grouped {
        let (outcome, spent) = (&row.outcome, &row.spent);
        let cpu_s = spent.cpu_s(row.dialect.process());
        let received = number(outcome.received);
        let _ = writeln!(
            text,
            "{} {} | {} | {:.0} | {:.2} | {:.1} | {:.1} | {:.0} | {:.1} | {:.0} | {:.0} | {} |",
            who(row.dialect, row.instances),
            row.members,
            if row.tells { "yes" } else { "no" },
            row.rate,
            outcome.percent(),
            outcome.delivered.at(50),
            outcome.delivered.at(99),
            received / spent.seconds,
            1e6 * cpu_s / received,
            received / cpu_s,
            100.0 * spent.cpu_s("load") / spent.seconds,
            outcome.blemishes(),
        );
    }
    text
}

//! What processes use, as the kernel counts it.

use std::collections::BTreeMap;
use std::fs;

use tokio::time::Instant;

use super::outcome::number;

/// The kernel's ticks in a second, for programs.
const TICKS_PER_S: f64 = 100.0;

/// A process by its name in tables, with everything that it started.
pub(crate) type Named = (String, i32);

/// What one process has used between two looks.
#[derive(Debug, Clone)]
pub(crate) struct Usage {
    pub(crate) name: String,
    /// Seconds of processor time.
    pub(crate) cpu_s: f64,
    /// Resident at the end.
    pub(crate) memory_mb: f64,
}

/// What a stretch of the load has used.
#[derive(Debug, Clone)]
pub(crate) struct Spent {
    pub(crate) seconds: f64,
    pub(crate) of: Vec<Usage>,
}

impl Spent {
    /// Processor time of all whose names begin so.
    pub(crate) fn cpu_s(&self, names: &str) -> f64 {
        let own = self.of.iter().filter(|usage| usage.name.starts_with(names));
        own.map(|usage| usage.cpu_s).sum()
    }
}

/// The first of two looks.
#[derive(Debug)]
pub(crate) struct Watch {
    at: Instant,
    before: Vec<(Named, f64)>,
}

impl Watch {
    /// Begins to watch these processes and this one.
    pub(crate) fn start(processes: &[Named]) -> Self {
        let own = i32::try_from(std::process::id()).unwrap_or_default();
        let all = processes.iter().cloned().chain([("load".to_owned(), own)]);
        let everyone = Everyone::read();
        let before = all.map(|named| (named.clone(), everyone.family(named.1).0)).collect();
        Self { at: Instant::now(), before }
    }

    /// What they have used since.
    pub(crate) fn stop(&self) -> Spent {
        let seconds = self.at.elapsed().as_secs_f64();
        let everyone = Everyone::read();
        let usage = |((name, pid), before): &(Named, f64)| {
            let (cpu_s, memory_mb) = everyone.family(*pid);
            Usage { name: name.clone(), cpu_s: cpu_s - before, memory_mb }
        };
        Spent { seconds, of: self.before.iter().map(usage).collect() }
    }
}

/// All processes of this machine at one moment.
struct Everyone(BTreeMap<i32, Stat>);

/// What `/proc/PID/stat` says.
struct Stat {
    parent: i32,
    ticks: u64,
}

impl Everyone {
    fn read() -> Self {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        Self(pids.filter_map(|pid| Some((pid, Stat::read(pid)?))).collect())
    }

    /// Processor seconds and megabytes of one process and of what it started. What this program started has names of its own.
    fn family(&self, pid: i32) -> (f64, f64) {
        let Some(stat) = self.0.get(&pid) else { return (0.0, 0.0) };
        let own = (number(stat.ticks) / TICKS_PER_S, memory_mb(pid));
        if u32::try_from(pid) == Ok(std::process::id()) {
            return own;
        }
        let children = self.0.iter().filter(|(_, child)| child.parent == pid);
        children
            .map(|(child, _)| self.family(*child))
            .fold(own, |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }
}

impl Stat {
    fn read(pid: i32) -> Option<Self> {
        let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field is the program's name in parentheses and may hold anything.
        let (_, rest) = line.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split(' ').collect();
        let count = |at: usize| fields.get(at)?.parse::<u64>().ok();
        let parent = fields.get(1)?.parse().ok()?;
        Some(Self { parent, ticks: count(11)? + count(12)? })
    }
}

fn memory_mb(pid: i32) -> f64 {
    let kilobytes = || {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().trim_end_matches(" kB").parse::<u64>().ok()
    };
    number(kilobytes().unwrap_or(0)) / 1_024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_process_is_seen_to_be_busy() {
        let mut child =
            std::process::Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
        let named = ("busy".to_owned(), i32::try_from(child.id()).unwrap());
        let watch = Watch::start(&[named]);
        let began = Instant::now();
        while watch.stop().cpu_s("busy") < 0.05 && began.elapsed().as_secs() < 20 {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let spent = watch.stop();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(spent.cpu_s("busy") >= 0.05, "{spent:?}");
        let memory: Vec<f64> = spent.of.iter().map(|usage| usage.memory_mb).collect();
        assert!(memory.len() == 2 && memory.iter().all(|megabytes| *megabytes > 0.1), "{spent:?}");
    }
}

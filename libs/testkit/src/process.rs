//! Processes that outlive the one that started them.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::wait;

/// How long a process may take to end after SIGTERM before it is killed.
const GRACE: Duration = Duration::from_secs(20);
/// How often a destructor looks whether what it has killed is gone, and how long it waits in between.
const KILLED_LOOKS: u32 = 5_000;
const KILLED_PAUSE: Duration = Duration::from_millis(1);

/// One process, known by its number and by when it began: a number that the system gave to somebody else is not it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// The process's number.
    pub pid: i32,
    /// When it began, in the kernel's ticks since the machine started.
    pub began: u64,
}

/// Who hears the signals that are meant for the starter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// Stays when the starter ends, for instance when a test runner kills a test and all that belongs to it.
    OfItsOwn,
    /// Belongs to the starter, and goes when a terminal or a test runner ends the starter's group.
    WithStarter,
}

impl Process {
    /// Starts `command` without input; what it prints is added to the file `log`.
    pub(crate) fn start(mut command: Command, log: &Path, life: Life) -> Result<Self> {
        let output = File::options().create(true).append(true).open(log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        if life == Life::OfItsOwn {
            command.process_group(0);
        }
        let name = command.get_program().to_owned();
        let child = command.spawn().with_context(|| format!("start {}", name.display()))?;
        let pid = i32::try_from(child.id())?;
        let began = Stat::read(pid).map_or(0, |stat| stat.began);
        Ok(Self { pid, began })
    }

    /// Whether it still runs.
    pub fn is_alive(self) -> bool {
        // A child of ours that ended stays listed until somebody asks for its end.
        let _ = waitpid(Pid::from_raw(self.pid), Some(WaitPidFlag::WNOHANG));
        Stat::read(self.pid).is_some_and(|stat| stat.began == self.began && !stat.ended)
    }

    /// Sends SIGKILL to it and everything it started, and waits until they are gone.
    pub async fn kill(self) -> Result<()> {
        let family = self.family();
        for member in &family {
            member.signal(Signal::SIGKILL);
        }
        gone(&family, GRACE).await
    }

    /// Sends SIGTERM and waits; whoever is left after 20 s, it or its children, is killed. Says whether all ended by
    /// themselves.
    pub async fn stop(self) -> Result<bool> {
        let family = self.family();
        self.signal(Signal::SIGTERM);
        if gone(&family, GRACE).await.is_ok() {
            return Ok(true);
        }
        for member in &family {
            member.signal(Signal::SIGKILL);
        }
        gone(&family, GRACE).await?;
        Ok(false)
    }

    /// SIGKILL, for destructors. All are gone when this returns; it blocks for as long as the kernel needs for that, which is
    /// milliseconds.
    pub(crate) fn kill_now(self) {
        let family = self.family();
        for member in &family {
            member.signal(Signal::SIGKILL);
        }
        for _ in 0..KILLED_LOOKS {
            if !family.iter().any(|member| member.is_alive()) {
                return;
            }
            std::thread::sleep(KILLED_PAUSE);
        }
    }

    fn signal(self, signal: Signal) {
        if self.is_alive() {
            let _ = kill(Pid::from_raw(self.pid), signal);
        }
    }

    /// Itself and its descendants, as far as they run now.
    fn family(self) -> Vec<Self> {
        let mut family = if self.is_alive() { vec![self] } else { Vec::new() };
        let everyone = Stat::everyone();
        let mut next = 0;
        while let Some(parent) = family.get(next).map(|member| member.pid) {
            let children = everyone.iter().filter(|(_, stat)| stat.parent == parent && !stat.ended);
            family.extend(children.map(|(pid, stat)| Self { pid: *pid, began: stat.began }));
            next += 1;
        }
        family
    }
}

async fn gone(family: &[Process], within: Duration) -> Result<()> {
    let all_gone = || async { (!family.iter().any(|member| member.is_alive())).then_some(()) };
    wait::until(within, all_gone).await.context("processes did not end")
}

/// What `/proc/<pid>/stat` says.
struct Stat {
    parent: i32,
    began: u64,
    ended: bool,
}

impl Stat {
    fn read(pid: i32) -> Option<Self> {
        let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field is the program's name in parentheses and may hold anything, blanks and parentheses too.
        let (_, rest) = line.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split(' ').collect();
        // Its first thread may have ended while others still hold its files and ports.
        let threads: u32 = fields.get(17)?.parse().ok()?;
        Some(Self {
            ended: matches!(*fields.first()?, "Z" | "X") && threads <= 1,
            parent: fields.get(1)?.parse().ok()?,
            began: fields.get(19)?.parse().ok()?,
        })
    }

    fn everyone() -> Vec<(i32, Self)> {
        let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
        let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter_map(|pid| Some((pid, Self::read(pid)?))).collect()
    }
}

/// The last lines of a log, to show why something did not start.
pub(crate) fn tail(log: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(4_000)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    read().unwrap_or_else(|error| format!("{}: {error}", log.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Process {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::start(command, &folder.path().join("log"), Life::WithStarter).unwrap()
    }

    #[tokio::test]
    async fn a_killed_process_takes_its_children_along() {
        let parent = shell("sleep 300 & sleep 300; true");
        let both = || async { (parent.family().len() == 3).then(|| parent.family()) };
        let family = wait::until(Duration::from_secs(5), both).await.unwrap();
        parent.kill().await.unwrap();
        assert!(!family.iter().any(|member| member.is_alive()));
    }

    #[tokio::test]
    async fn a_process_that_began_at_another_time_is_not_the_same() {
        let process = shell("exec sleep 300");
        let other = Process { began: process.began + 1, ..process };
        assert!(process.is_alive() && !other.is_alive());
        other.kill().await.unwrap();
        assert!(process.is_alive());
        assert!(process.stop().await.unwrap());
        assert!(!process.is_alive());
    }
}

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

/// Whose server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Ours.
    Engine,
    /// The crate `socketioxide`.
    Oxide,
    /// The npm `socket.io` with `ws`.
    Npm,
}

/// A server on a processor of its own; ends with this.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) async fn start(kind: Kind) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
        let (program, arguments) = command(kind, address);
        let child = Command::new("taskset")
            .args(["-c", "0"])
            .arg(&program)
            .args(arguments)
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("start {}", program.display()))?;
        let mut server = Self { child, address };
        let end = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(address).await.is_err() {
            ensure!(server.child.try_wait()?.is_none(), "{} ended", program.display());
            ensure!(Instant::now() < end, "{} does not listen", program.display());
            sleep(Duration::from_millis(20)).await;
        }
        Ok(server)
    }

    /// What it has in memory now.
    pub(crate) fn resident_bytes(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
        let kb: u32 = line.split_whitespace().nth(1).context("no number")?.parse()?;
        Ok(f64::from(kb) * 1_024.0)
    }

    /// The processor's time that it has used.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, rest) = stat.rsplit_once(')').context("no name")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
        // The kernel counts in hundredths of a second, on every machine of our kind.
        Ok(Duration::from_millis(ticks * 10))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(kind: Kind, address: SocketAddr) -> (PathBuf, Vec<String>) {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| top.join("target"), |dir| top.join(dir));
    let whole = vec![address.to_string()];
    match kind {
        Kind::Engine => (target.join("release/examples/load"), whole),
        Kind::Oxide => (target.join("peers/release/oxide-peer"), whole),
        Kind::Npm => {
            let script = top.join("libs/socketio/peers/npm/server.js");
            let arguments = [
                script.display().to_string(),
                address.ip().to_string(),
                address.port().to_string(),
            ];
            (PathBuf::from("node"), arguments.to_vec())
        }
    }
}

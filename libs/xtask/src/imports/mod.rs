//! The rule that a file's name says what it may import, checked over all sources.
//!
//! Door, use case, port, adapter: `http.rs`, `socket.rs`, `grpc.rs`, `queue.rs` are doors; `mongo.rs`, `sqlite.rs`,
//! `redis.rs`, `rabbit.rs` (and files in folders of these names) are adapters. Only they name the crates that belong to
//! them. Test modules are left out, in files of their own too.

mod rules;
mod source;
#[cfg(test)]
mod tests;
mod tokens;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use self::source::Source;

/// What was found in a checkout.
#[derive(Debug)]
pub struct Report {
    /// How many files were read.
    pub files: usize,
    /// Every breach, by file and line.
    pub breaches: Vec<Breach>,
}

/// A rule that a line breaks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Breach {
    /// The file, from the top of the checkout.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// What the rule says.
    pub rule: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.rule)
    }
}

/// Reads `services/*/src` and `libs/*/src` under `top` and checks every rule.
pub fn check(top: &Path) -> Result<Report> {
    let mut sources = Vec::new();
    for group in ["libs", "services"] {
        for package in folders_in(&top.join(group))? {
            read_all(top, &package.join("src"), &mut sources)?;
        }
    }
    let tests: BTreeSet<PathBuf> = sources.iter().flat_map(Source::test_files).collect();
    sources.retain(|source| !source.file.ancestors().any(|path| tests.contains(path)));
    let mut breaches: Vec<_> = sources.iter().flat_map(rules::check).collect();
    breaches.sort();
    Ok(Report { files: sources.len(), breaches })
}

fn folders_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))?;
    Ok(entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect())
}

fn read_all(top: &Path, folder: &Path, sources: &mut Vec<Source>) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            read_all(top, &path, sources)?;
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text =
                fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
            sources.push(Source::new(path.strip_prefix(top)?.to_owned(), &text));
        }
    }
    Ok(())
}

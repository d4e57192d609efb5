use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::tokens::{Token, tokens};

/// One file, as the rules see it: production code only.
#[derive(Debug)]
pub(super) struct Source {
    /// Its path from the top of the checkout.
    pub(super) file: PathBuf,
    /// Production lines, comments included.
    pub(super) lines: usize,
    /// Production code.
    pub(super) tokens: Vec<Token>,
    /// Modules that exist only in tests and have files of their own.
    test_modules: Vec<String>,
    /// Names that mean something of this crate here.
    local: BTreeSet<String>,
}

impl Source {
    pub(super) fn new(file: PathBuf, text: &str) -> Self {
        let mut source = Self {
            file,
            lines: text.lines().count(),
            tokens: Vec::new(),
            test_modules: Vec::new(),
            local: BTreeSet::new(),
        };
        source.keep_production(&tokens(text));
        source.find_local_names();
        source
    }

    /// The package: `libs/kv` or `services/chat`.
    pub(super) fn package(&self) -> PathBuf {
        self.file.components().take(2).collect()
    }

    /// Whether the file, or a folder that it lies in, has this name.
    pub(super) fn is_named(&self, name: &str) -> bool {
        let inside = self.file.with_extension("");
        inside.components().skip(3).any(|part| part.as_os_str() == name)
    }

    /// Where modules that exist only in tests may lie.
    pub(super) fn test_files(&self) -> Vec<PathBuf> {
        let parent = self.file.parent().unwrap_or(Path::new(""));
        let stem = self.file.file_stem().unwrap_or_default();
        let top = ["mod", "lib", "main"].iter().any(|name| stem == *name);
        let folder = if top { parent.to_owned() } else { parent.join(stem) };
        let paths = |name: &String| [folder.join(name), folder.join(format!("{name}.rs"))];
        self.test_modules.iter().flat_map(paths).collect()
    }

    /// Lines on which a crate is named. A module of this crate with the same name is not it.
    pub(super) fn lines_naming(&self, name: &str) -> Vec<usize> {
        let mut lines: Vec<_> = (0..self.tokens.len())
            .filter(|at| self.text(*at) == name && self.is_crate(*at, name))
            .filter_map(|at| self.tokens.get(at).map(|token| token.line))
            .collect();
        lines.dedup();
        lines
    }

    /// Lines on which an identifier stands, wherever it comes from.
    pub(super) fn lines_with(&self, name: &str) -> Vec<usize> {
        self.tokens.iter().filter(|token| token.text == name).map(|token| token.line).collect()
    }

    /// Lines on which these tokens follow each other.
    pub(super) fn lines_with_all(&self, words: &[&str]) -> Vec<usize> {
        let windows = self.tokens.windows(words.len());
        let same =
            |window: &&[Token]| window.iter().zip(words).all(|(token, word)| token.text == *word);
        windows.filter(same).filter_map(|window| window.first().map(|token| token.line)).collect()
    }

    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text.as_str())
    }

    /// Whether the word stands where a path from a crate begins: `use NAME`, `NAME::`, `{NAME::` and so on.
    fn is_crate(&self, at: usize, name: &str) -> bool {
        let before = at.checked_sub(1).map_or("", |before| self.text(before));
        let absolute =
            before == "::" && !at.checked_sub(2).is_some_and(|at| is_word(self.text(at)));
        let starts =
            absolute || before == "use" || (before != "::" && before != "." && before != "mod");
        let leads = self.text(at + 1) == "::" || before == "use";
        starts && leads && (absolute || !self.local.contains(name))
    }

    /// Leaves out `#[cfg(test)] mod name { … }` and remembers `#[cfg(test)] mod name;`.
    fn keep_production(&mut self, all: &[Token]) {
        const HEAD: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
        let mut at = 0;
        while let Some(token) = all.get(at) {
            let is_head = HEAD.iter().enumerate().all(|(n, word)| is(all, at + n, word));
            match is_head.then(|| test_module(all, at + HEAD.len())).flatten() {
                Some(TestModule::File { name, end }) => {
                    self.test_modules.push(name);
                    at = end;
                }
                Some(TestModule::Inline { end }) => {
                    let last = all.get(end).or(all.last()).map_or(token.line, |token| token.line);
                    self.lines = self.lines.saturating_sub(last + 1 - token.line);
                    at = end + 1;
                }
                None => {
                    self.tokens.push(token.clone());
                    at += 1;
                }
            }
        }
    }

    fn find_local_names(&mut self) {
        let mut names = BTreeSet::new();
        for at in 0..self.tokens.len() {
            if self.text(at) == "mod" {
                names.insert(self.text(at + 1).to_owned());
            }
            if self.text(at) == "use" && matches!(self.text(at + 1), "crate" | "self" | "super") {
                let rest = self.tokens.iter().skip(at).map(|token| &token.text);
                let words = rest.take_while(|text| *text != ";").filter(|text| is_word(text));
                names.extend(words.cloned());
            }
        }
        self.local = names;
    }
}

enum TestModule {
    File { name: String, end: usize },
    Inline { end: usize },
}

/// What follows `#[cfg(test)]`, if it is a module; further attributes and a visibility may stand between.
fn test_module(all: &[Token], mut at: usize) -> Option<TestModule> {
    while is(all, at, "#") {
        at += closing(all, at + 1, "[", "]")? + 2;
    }
    if is(all, at, "pub") {
        at += if is(all, at + 1, "(") { closing(all, at + 1, "(", ")")? + 2 } else { 1 };
    }
    if !is(all, at, "mod") {
        return None;
    }
    let name = all.get(at + 1)?.text.clone();
    if is(all, at + 2, ";") {
        return Some(TestModule::File { name, end: at + 3 });
    }
    Some(TestModule::Inline { end: at + 2 + closing(all, at + 2, "{", "}")? })
}

/// How far after `from` the bracket that opens there is closed.
fn closing(all: &[Token], from: usize, open: &str, close: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (distance, token) in all.iter().skip(from).enumerate() {
        if token.text == open {
            depth += 1;
        } else if token.text == close {
            depth = depth.checked_sub(1)?;
        }
        if depth == 0 {
            return Some(distance);
        }
    }
    None
}

fn is(all: &[Token], at: usize, text: &str) -> bool {
    all.get(at).is_some_and(|token| token.text == text)
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

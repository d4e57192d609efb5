//! Codes that were mailed.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The folder where mails appear. Each is read once, however many people wait for theirs.
#[derive(Debug)]
pub(crate) struct Mailbox {
    folder: PathBuf,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    files: HashSet<OsString>,
    codes: HashMap<String, String>,
}

impl Mailbox {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), known: Mutex::default() }
    }

    /// The code that was mailed to this address, if it came.
    pub(crate) fn code(&self, address: &str) -> Option<String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.codes.contains_key(address) {
            known.look(&self.folder);
        }
        known.codes.remove(address)
    }
}

impl Known {
    fn look(&mut self, folder: &Path) {
        let Ok(mails) = std::fs::read_dir(folder) else { return };
        for mail in mails.flatten() {
            if self.files.contains(&mail.file_name()) {
                continue;
            }
            let Ok(text) = std::fs::read_to_string(mail.path()) else { continue };
            self.files.insert(mail.file_name());
            self.codes.extend(read(&text));
        }
    }
}

/// Whom a mail is for, and the code in it.
fn read(mail: &str) -> Option<(String, String)> {
    let to = mail.lines().find_map(|line| line.strip_prefix("To:"))?.trim();
    let address = to.trim_start_matches('<').trim_end_matches('>').to_owned();
    let is_code = |line: &&str| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit());
    let code = mail.lines().map(str::trim).find(is_code)?;
    Some((address, code.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_given_once_to_its_address() {
        let folder = tempfile::tempdir().unwrap();
        let mailbox = Mailbox::new(folder.path());
        assert_eq!(mailbox.code("a@bench.test"), None);
        for (name, code) in [("a", "111111"), ("b", "222222")] {
            let mail =
                format!("From: x\r\nTo: {name}@bench.test\r\n\r\nThe code is\r\n\r\n{code}\r\n");
            std::fs::write(folder.path().join(format!("{name}.eml")), mail).unwrap();
        }
        assert_eq!(mailbox.code("b@bench.test").as_deref(), Some("222222"));
        assert_eq!(mailbox.code("a@bench.test").as_deref(), Some("111111"));
        assert_eq!(mailbox.code("a@bench.test"), None);
    }
}

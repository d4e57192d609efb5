//! Reads the newest mails.

use std::io;

use crate::transport::folder::Folder;

/// What the page shows of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mail {
    pub(super) to: String,
    pub(super) subject: String,
    pub(super) date: String,
    pub(super) body: String,
}

/// The newest mails, newest first.
pub(super) async fn latest(folder: &Folder, limit: usize) -> io::Result<Vec<Mail>> {
    Ok(folder.newest(limit).await?.iter().map(|mail| read(mail)).collect())
}

fn read(mail: &str) -> Mail {
    let (head, body) = mail.split_once("\r\n\r\n").unwrap_or((mail, ""));
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or_else(String::new, |(_, value)| value.to_owned())
    };
    Mail {
        to: header("To"),
        subject: header("Subject"),
        date: header("Date"),
        body: body.replace("\r\n", "\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_headers_are_taken_for_headers() {
        let mail = read("Subject: one: two\r\nTO: a@b\r\n\r\nDate: no\r\n\r\n123456\r\n");
        assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("a@b", "one: two"));
        assert_eq!((mail.date.as_str(), mail.body.as_str()), ("", "Date: no\n\n123456\n"));
        assert_eq!(read("").body, "");
    }
}

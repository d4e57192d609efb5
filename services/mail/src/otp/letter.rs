//! What the mail with a code says.

use std::time::{Duration, SystemTime};

use kernel::Timestamp;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use lettre::{Address, Message};
use uuid::Uuid;

use crate::transport::store::Letter;

/// The address cannot stand in a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("mail cannot go to such an address")]
pub(crate) struct BadAddress;

/// What goes into one mail.
pub(crate) struct Content<'a> {
    pub(crate) id: Uuid,
    pub(crate) from: &'a Mailbox,
    pub(crate) to: &'a str,
    pub(crate) code: &'a str,
    /// How long the code is still good.
    pub(crate) good_for: Duration,
    pub(crate) now: Timestamp,
}

/// Writes the mail: one part of plain ASCII, in which the code is the only number of six digits, on a line of its own.
pub(crate) fn write(content: &Content<'_>) -> Result<Letter, BadAddress> {
    let to = recipient(content.to)?;
    let automatic = HeaderValue::new(
        HeaderName::new_from_ascii_str("Auto-Submitted"),
        "auto-generated".to_owned(),
    );
    let text = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(body(content));
    let message = Message::builder()
        .from(content.from.clone())
        .to(to)
        .subject("Your code to log in to Restante")
        .date(date(content.now))
        .message_id(Some(message_id(content)))
        .raw_header(automatic)
        .singlepart(text)
        .map_err(|_| BadAddress)?;
    let envelope = message.envelope().clone();
    Ok(Letter { id: content.id, at: content.now, envelope, bytes: message.formatted() })
}

/// Stricter than the standard: what could end a header line or begin another recipient is refused here as well, whoever
/// let it through before.
fn recipient(address: &str) -> Result<Mailbox, BadAddress> {
    let plain = address.bytes().all(|b| b.is_ascii_graphic() && !b"<>()[],;:\\\"".contains(&b));
    if !plain {
        return Err(BadAddress);
    }
    address.parse::<Address>().map(Mailbox::from).map_err(|_| BadAddress)
}

fn body(content: &Content<'_>) -> String {
    let code = content.code;
    let minutes = content.good_for.as_secs().div_ceil(60).max(1);
    let unit = if minutes == 1 { "minute" } else { "minutes" };
    format!(
        "Your code to log in to Restante:\r\n\
         \r\n\
         {code}\r\n\
         \r\n\
         It is good for {minutes} {unit} and can be used once. Tell it to nobody:\r\n\
         whoever has it can log in as you.\r\n\
         \r\n\
         You did not ask for a code? Then there is nothing to do: without it\r\n\
         nobody can log in.\r\n"
    )
}

/// The same on every try, so that mail programs can tell a repeated mail. Letters only: a run of six digits might be taken
/// for a code.
fn message_id(content: &Content<'_>) -> String {
    let letter = |nibble: u8| char::from(b'a' + nibble);
    let bytes = content.id.into_bytes();
    let name: String = bytes.iter().flat_map(|b| [letter(b >> 4), letter(b & 15)]).collect();
    format!("<{name}@{}>", content.from.email.domain())
}

fn date(now: Timestamp) -> SystemTime {
    let seconds = u64::try_from(now.as_seconds()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: &str = "Restante <restante@localhost>";

    fn written(to: &str, good_for: u64) -> Result<String, BadAddress> {
        let from = FROM.parse().unwrap();
        let letter = write(&Content {
            id: Uuid::from_u128(0x0123_4567_8901_2345_6789_0123_4567_8901),
            from: &from,
            to,
            code: "048213",
            good_for: Duration::from_secs(good_for),
            now: Timestamp::from_millis(1_767_225_600_000),
        })?;
        assert_eq!(letter.envelope.to().len(), 1, "one recipient");
        assert_eq!(letter.envelope.to()[0].to_string(), to);
        Ok(String::from_utf8(letter.bytes).unwrap())
    }

    fn digit_runs(text: &str) -> Vec<&str> {
        text.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() >= 6).collect()
    }

    #[test]
    fn the_whole_mail_is_as_the_contract_says() {
        let mail = written("ada@example.org", 300).unwrap();
        let (head, body) = mail.split_once("\r\n\r\n").unwrap();
        let mut headers: Vec<_> = head.split("\r\n").collect();
        headers.sort_unstable();
        assert_eq!(
            headers,
            [
                "Auto-Submitted: auto-generated",
                "Content-Transfer-Encoding: 7bit",
                "Content-Type: text/plain; charset=utf-8",
                "Date: Thu, 01 Jan 2026 00:00:00 +0000",
                "From: Restante <restante@localhost>",
                "MIME-Version: 1.0",
                "Message-ID: <abcdefghijabcdefghijabcdefghijab@localhost>",
                "Subject: Your code to log in to Restante",
                "To: ada@example.org",
            ]
        );
        assert!(mail.is_ascii());
        assert_eq!(digit_runs(&mail), ["048213"], "the only number that could be a code");
        assert_eq!(body.split("\r\n").filter(|line| *line == "048213").count(), 1);
        assert!(body.contains("good for 5 minutes"));
        assert!(!mail.replace("\r\n", "").contains(['\r', '\n']), "no bare line ends");
        assert!(body.lines().all(|line| line.len() <= 78));
    }

    #[test]
    fn the_mail_says_how_long_the_code_is_still_good() {
        for (seconds, text) in [(300, "5 minutes"), (299, "5 minutes"), (61, "2 minutes")] {
            assert!(written("ada@example.org", seconds).unwrap().contains(text), "{seconds}");
        }
        for seconds in [60, 1, 0] {
            let mail = written("ada@example.org", seconds).unwrap();
            assert!(mail.contains("good for 1 minute and"), "{seconds}");
        }
    }

    #[test]
    fn nothing_in_an_address_becomes_a_header_or_another_recipient() {
        let hostile = [
            "ada@example.org\r\nBcc: eve@example.org",
            "ada@example.org\nBcc: eve@example.org",
            "ada@example.org\r",
            "ada\0@example.org",
            "ada@example.org, eve@example.org",
            "ada@example.org>, <eve@example.org",
            "Ada <ada@example.org>",
            "\"ada\r\nBcc: eve\"@example.org",
            "ada @example.org",
            "ad\u{e4}@example.org",
            "ada@example.org@example.net",
            "ada",
            "@example.org",
            "ada@",
            "",
        ];
        for address in hostile {
            assert_eq!(written(address, 300), Err(BadAddress), "{address:?}");
        }
    }

    #[test]
    fn every_address_that_people_log_in_with_is_good() {
        let longest = format!("{}@{}.example", "a".repeat(64), "b".repeat(63));
        for address in ["a@localhost", "ada+x'y@mail.example.org", "4711@example.org", &longest] {
            assert!(written(address, 300).unwrap().contains(&format!("\r\nTo: {address}\r\n")));
        }
    }
}

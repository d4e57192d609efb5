//! Sends one code.

use std::fmt;
use std::sync::Arc;

use auth::Sealer;
use contracts::events::SendOtp;
use kernel::Clock;
use lettre::message::Mailbox;
use tokio::time::Instant;
use uuid::Uuid;

use super::letter::{self, BadAddress, Content};
use crate::transport::store::{Transport, TransportError};

/// Digits of a code.
const DIGITS: usize = 6;

/// What is needed to send codes.
pub(crate) struct Mailer {
    /// How mail leaves.
    pub(crate) transport: Arc<dyn Transport>,
    /// Opens what the user service sealed.
    pub(crate) sealer: Sealer,
    /// Who the mails are from.
    pub(crate) from: Mailbox,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").field("transport", &self.transport).finish_non_exhaustive()
    }
}

/// What became of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The next hop has the mail.
    Sent,
    /// The code was worth nothing any more; no mail went out.
    Expired,
}

/// Why a code was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SendError {
    /// The sealed code does not open, or holds something else.
    #[error(
        "the code cannot be read; `tokens.seal_key` must be the same for the user and the mail service"
    )]
    Sealed,
    /// The address cannot stand in a mail.
    #[error(transparent)]
    Address(#[from] BadAddress),
    /// The transport did not take it, for now or for good.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

impl SendError {
    /// Whether another try may succeed.
    pub(crate) const fn is_temporary(&self) -> bool {
        matches!(self, Self::Transport(TransportError::Unavailable(_)))
    }

    const fn label(&self) -> &'static str {
        match self {
            Self::Sealed => "unreadable",
            Self::Address(_) => "bad_address",
            Self::Transport(TransportError::Refused(_)) => "refused",
            Self::Transport(TransportError::Unavailable(_)) => "unavailable",
        }
    }
}

impl Mailer {
    /// Sends the code to its address, unless it has expired. `id` names the mail and is the same on every try; a try that
    /// follows a lost answer may make two mails of it.
    pub(crate) async fn send(&self, id: Uuid, otp: &SendOtp) -> Result<Outcome, SendError> {
        let start = Instant::now();
        let result = self.attempt(id, otp).await;
        let outcome = match &result {
            Ok(Outcome::Sent) => "sent",
            Ok(Outcome::Expired) => "expired",
            Err(error) => error.label(),
        };
        metrics::counter!("mail_sent_total", "outcome" => outcome).increment(1);
        metrics::histogram!("mail_send_seconds").record(start.elapsed().as_secs_f64());
        result
    }

    async fn attempt(&self, id: Uuid, otp: &SendOtp) -> Result<Outcome, SendError> {
        let now = self.clock.now();
        if otp.expires_at <= now {
            return Ok(Outcome::Expired);
        }
        let code = self.open(otp).ok_or(SendError::Sealed)?;
        let letter = letter::write(&Content {
            id,
            from: &self.from,
            to: &otp.address,
            code: &code,
            good_for: otp.expires_at.since(now),
            now,
        })?;
        self.transport.send(&letter).await?;
        Ok(Outcome::Sent)
    }

    fn open(&self, otp: &SendOtp) -> Option<String> {
        let context = SendOtp::seal_context(otp.challenge, &otp.address);
        let code = self.sealer.open(&context, &otp.sealed_code)?;
        let code = String::from_utf8(code).ok()?;
        let fits = code.len() == DIGITS && code.bytes().all(|b| b.is_ascii_digit());
        fits.then_some(code)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kernel::{ManualClock, SeededRandom};

    use super::*;
    use crate::transport::folder::Folder;

    struct World {
        mailer: Mailer,
        clock: Arc<ManualClock>,
        folder: Folder,
        place: tempfile::TempDir,
    }

    async fn world() -> World {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path(), Duration::from_secs(10)).await.unwrap();
        let clock = Arc::new(ManualClock::default());
        let mailer = Mailer {
            transport: Arc::new(folder.clone()),
            sealer: Sealer::new([7; 32]).unwrap(),
            from: "Restante <restante@localhost>".parse().unwrap(),
            clock: clock.clone(),
        };
        World { mailer, clock, folder, place }
    }

    impl World {
        fn otp(&self, code: &str) -> SendOtp {
            self.otp_to("ada@example.org", code)
        }

        fn otp_to(&self, address: &str, code: &str) -> SendOtp {
            let challenge = Uuid::from_u128(9);
            let random = SeededRandom::new(1);
            let context = SendOtp::seal_context(challenge, address);
            let sealed = self.mailer.sealer.seal(&random, &context, code.as_bytes());
            SendOtp {
                challenge,
                address: address.to_owned(),
                sealed_code: sealed.unwrap(),
                expires_at: self.clock.now().plus(Duration::from_mins(5)),
            }
        }

        async fn send(&self, otp: &SendOtp) -> Result<Outcome, SendError> {
            self.mailer.send(Uuid::from_u128(4), otp).await
        }

        async fn mails(&self) -> Vec<String> {
            self.folder.newest(100).await.unwrap()
        }
    }

    #[tokio::test]
    async fn a_code_is_mailed_with_what_is_left_of_its_time() {
        let world = world().await;
        let otp = world.otp("123456");
        world.clock.advance(Duration::from_secs(100));
        assert_eq!(world.send(&otp).await, Ok(Outcome::Sent));
        let mails = world.mails().await;
        assert_eq!(mails.len(), 1);
        assert!(mails[0].contains("\r\n123456\r\n") && mails[0].contains("good for 4 minutes"));
    }

    #[tokio::test]
    async fn an_expired_code_is_not_mailed() {
        let world = world().await;
        let otp = world.otp("123456");
        world.clock.advance(Duration::from_mins(5));
        assert_eq!(world.send(&otp).await, Ok(Outcome::Expired));
        assert!(world.mails().await.is_empty());
    }

    #[tokio::test]
    async fn what_is_not_a_code_of_this_challenge_is_not_mailed() {
        let world = world().await;
        let mut foreign = world.otp("123456");
        foreign.challenge = Uuid::from_u128(10);
        let mut diverted = world.otp("123456");
        diverted.address = "eve@example.org".to_owned();
        let mut cut = world.otp("123456");
        cut.sealed_code.pop();
        let wrong = ["12345", "1234567", "12345a", "123456\r\nX: y", "\u{661}\u{662}\u{663}"];
        for otp in wrong.map(|code| world.otp(code)).into_iter().chain([foreign, diverted, cut]) {
            assert_eq!(world.send(&otp).await, Err(SendError::Sealed));
        }
        assert!(world.mails().await.is_empty());
        assert!(!SendError::Sealed.is_temporary());
    }

    #[tokio::test]
    async fn a_hostile_address_is_refused_for_good() {
        let world = world().await;
        let otp = world.otp_to("ada@example.org\r\nBcc: eve@example.org", "123456");
        let error = world.send(&otp).await.unwrap_err();
        assert_eq!(error, SendError::Address(BadAddress));
        assert!(!error.is_temporary() && !error.to_string().contains("ada"));
        assert!(world.mails().await.is_empty());
    }

    #[tokio::test]
    async fn a_transport_that_is_away_is_worth_another_try() {
        let world = world().await;
        let otp = world.otp("123456");
        std::fs::remove_dir_all(world.place.path()).unwrap();
        assert!(world.send(&otp).await.unwrap_err().is_temporary());
        std::fs::create_dir(world.place.path()).unwrap();
        assert_eq!(world.send(&otp).await, Ok(Outcome::Sent));
    }
}

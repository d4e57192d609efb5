//! Mail by SMTP.

use std::fmt;
use std::time::Duration;

use anyhow::anyhow;
use async_trait::async_trait;
use lettre::transport::smtp::{Error, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::store::{Letter, Transport, TransportError};

/// How long an answer to `ping` is believed, so that health checks do not log in at the mail server again and again.
const PING_AGE: Duration = Duration::from_secs(15);
/// Permanent answers that are about this service's own log-in, not about the mail: they end when the settings are mended.
const NOT_ALLOWED_IN: [u16; 4] = [530, 534, 535, 538];

/// A mail server.
pub(crate) struct Smtp {
    server: AsyncSmtpTransport<Tokio1Executor>,
    deadline: Duration,
    last_ping: Mutex<Option<(Instant, Result<(), TransportError>)>>,
}

impl fmt::Debug for Smtp {
    /// The server's own description holds its password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

impl Smtp {
    /// Takes `smtp://[user:password@]host[:port][?tls=required]` or `smtps://…`. Does not connect yet. `deadline` is for
    /// one delivery as a whole.
    pub(crate) fn new(url: &str, deadline: Duration) -> anyhow::Result<Self> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|error| {
            anyhow!(
                "must be smtp://[user:password@]host[:port] (with ?tls=required for STARTTLS) or smtps://…: {error}"
            )
        })?;
        // A connection that was given up in the middle of a mail would be kept as if it were idle, and take the answer to
        // one mail for the answer to the next. So each mail has a connection of its own.
        let single = PoolConfig::new().max_size(0);
        let server = builder.timeout(Some(deadline)).pool_config(single).build();
        Ok(Self { server, deadline, last_ping: Mutex::new(None) })
    }

    fn too_slow(&self) -> TransportError {
        let limit = self.deadline.as_millis();
        TransportError::Unavailable(format!("not done within {limit} ms"))
    }

    async fn look(&self) -> Result<(), TransportError> {
        match timeout(self.deadline, self.server.test_connection()).await {
            Err(_) => Err(self.too_slow()),
            Ok(Err(error)) => Err(understand(&error)),
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => {
                Err(TransportError::Unavailable("the server hangs up at once".to_owned()))
            }
        }
    }
}

#[async_trait]
impl Transport for Smtp {
    async fn send(&self, letter: &Letter) -> Result<(), TransportError> {
        match timeout(self.deadline, self.server.send_raw(&letter.envelope, &letter.bytes)).await {
            Err(_) => Err(self.too_slow()),
            Ok(sent) => sent.map(|_| ()).map_err(|error| understand(&error)),
        }
    }

    async fn ping(&self) -> Result<(), TransportError> {
        let mut last = self.last_ping.lock().await;
        if let Some((at, answer)) = &*last
            && at.elapsed() < PING_AGE
        {
            return answer.clone();
        }
        let answer = self.look().await;
        *last = Some((Instant::now(), answer.clone()));
        answer
    }
}

/// What to make of an error, without the server's words.
fn understand(error: &Error) -> TransportError {
    if let Some(code) = error.status() {
        let text = format!("the server answered {code}");
        let about_us = NOT_ALLOWED_IN.contains(&u16::from(code));
        return if error.is_permanent() && !about_us {
            TransportError::Refused(text)
        } else {
            TransportError::Unavailable(text)
        };
    }
    let text = if error.is_response() {
        "the server's answer makes no sense".to_owned()
    } else {
        error.to_string()
    };
    TransportError::Unavailable(text)
}

//! Waiting for a condition instead of for time.

use std::future::Future;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep, timeout_at};

/// How long to rest between two looks. Short enough not to be felt, long enough to leave the machine to others.
const PAUSE: Duration = Duration::from_millis(10);

/// Polls `look` until it gives a value, and gives that. Fails when `deadline` has passed, also while a look hangs.
pub async fn until<T, F, Fut>(deadline: Duration, mut look: F) -> Result<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let end = Instant::now() + deadline;
    loop {
        match timeout_at(end, look()).await {
            Ok(Some(value)) => return Ok(value),
            Ok(None) if Instant::now() < end => sleep(PAUSE).await,
            _ => bail!("waited {deadline:?} in vain"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn gives_the_first_value() {
        let looks = Cell::new(0);
        let seen = until(Duration::from_secs(5), || {
            looks.set(looks.get() + 1);
            let now = looks.get();
            async move { (now == 3).then_some(now) }
        });
        assert_eq!(seen.await.unwrap(), 3);
    }

    #[tokio::test]
    async fn fails_when_a_look_never_ends() {
        let seen = until(Duration::from_millis(30), std::future::pending::<Option<()>>).await;
        assert!(seen.unwrap_err().to_string().contains("in vain"));
    }
}

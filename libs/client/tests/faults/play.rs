//! One test: its choices, its town, and the end of it.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;

use futures::FutureExt;
use kernel::{Random, SystemRandom};
use testkit::stack::Shape;

use crate::town::Town;

/// All is with everybody after this, on a machine that does other things as well.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// The seed asked for, or a new one; printed.
pub(crate) fn seed() -> u64 {
    let seed = number("RESTANTE_SEED").unwrap_or_else(|| SystemRandom.below(1 << 32));
    eprintln!("seed {seed}");
    seed
}

/// Whether the full figures are wanted.
pub(crate) fn long() -> bool {
    number("RESTANTE_LONG") == Some(1)
}

/// Whether the services are built as they run in production.
pub(crate) fn release() -> bool {
    std::env::var("RESTANTE_BIN").is_ok_and(|build| build == "release")
}

pub(crate) fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Plays in a town of separate services, and ends it; its logs stay if that went wrong.
pub(crate) async fn in_town(env: &[(&str, &str)], play: impl AsyncFnOnce(Town)) {
    let town = Town::build(Shape::Split, env).await;
    let outcome = AssertUnwindSafe(play(town.clone())).catch_unwind().await;
    town.down(outcome.is_ok()).await;
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

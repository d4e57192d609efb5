//! What is broken under clients that follow the rules, and that they lose nothing, show nothing twice and reorder nothing.
//!
//! Real processes on real servers. `RESTANTE_SEED` repeats a run's random choices, `RESTANTE_LONG=1` takes the full figures,
//! `RESTANTE_SOAK_MINUTES` lets random faults go on for so long, `RESTANTE_STORM_PEOPLE` drops so many, `RESTANTE_BIN=release` takes the release build of the services.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../town/mod.rs"]
mod town;

mod cluster;
mod crowd;
mod deaf;
mod ends;
mod loss;
mod paced;
mod play;
mod probe;
mod raw;
mod rolling;
mod slow;
mod soak;
mod storm;
mod tally;
mod timed;
mod traffic;

//! What every process needs around its services: settings, telemetry, supervised tasks, health, signals and an orderly end.
//!
//! A binary describes itself with a [`Program`] and hands [`main`] a function that starts its services.

mod env;
mod health;
mod lifecycle;
mod measures;
mod parts;
mod program;
mod propagation;
mod tasks;
mod telemetry;

/// Every program has it: with the system's, a fifth of a chat instance's processor time under load was for memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub use env::Env;
pub use health::{CheckReport, Health, HealthStatus, check_all};
pub use lifecycle::Running;
pub use measures::Measures;
pub use parts::{Check, Drain, Parts, Routes};
pub use program::{Loaded, Options, Program, load, main, run};
pub use propagation::{continue_trace, current_traceparent, record_trace_id};
pub use tasks::Tasks;

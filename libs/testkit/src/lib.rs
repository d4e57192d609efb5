//! What tests need from outside: real servers, bad lines to them, Restante itself as processes, and waiting for a condition.

mod folders;
mod install;
mod names;
mod ports;
mod process;
pub mod proxy;
pub mod servers;
pub mod stack;
pub mod wait;

pub use folders::workspace;
pub use names::unique;
pub use process::Process;

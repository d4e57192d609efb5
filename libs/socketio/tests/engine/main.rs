//! The engine as clients see it: a real server on a free port, real websockets.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod carried;
mod drain;
mod limits;
mod namespaces;
mod polling;
mod refused;
mod session;
mod support;
mod upgrade;

//! `restante`: the three services in one process, on one port, with nothing beside it.

mod admin;
mod cli;
mod client;
mod http;
mod openapi;
mod serve;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}

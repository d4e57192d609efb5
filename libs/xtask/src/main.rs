//! Chores of this repository; see `xtask --help`.

use std::process::ExitCode;

use clap::Parser;
use xtask::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse().run().await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

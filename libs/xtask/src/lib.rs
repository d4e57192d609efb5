//! What the scripts do where a shell script would grow too long: servers for tests, Restante as processes, and the check
//! of who may import what.

mod check;
pub mod imports;
mod services;
mod stack;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Chores of this repository.
#[derive(Debug, Parser)]
#[command(name = "xtask", arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The servers that tests share: MongoDB, Redis (one node, and a cluster of three), RabbitMQ, mail.
    ///
    /// They listen on free ports of the loopback address and keep everything under .run/services. Tests start what they
    /// need by themselves; this starts all at once, or stops them.
    #[command(subcommand)]
    Services(services::Services),
    /// Restante itself as processes in a folder, in one of its two shapes.
    ///
    /// `stack.json` in the folder says where everything is: URLs, mail, store, and for each process its pid, log and
    /// settings. Build the programs first.
    #[command(subcommand)]
    Stack(stack::Stack),
    /// Checks by file name who names which crate, and how long files are. Prints the file, the line and the rule.
    CheckImports,
}

impl Cli {
    /// Does what was asked for.
    pub async fn run(self) -> Result<ExitCode> {
        match self.command {
            Command::Services(command) => command.run().await?,
            Command::Stack(command) => command.run().await?,
            Command::CheckImports => return check::run(),
        }
        Ok(ExitCode::SUCCESS)
    }
}

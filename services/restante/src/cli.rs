//! The command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use runtime::{Options, Program};
use settings::Shape;

use crate::admin::Admin;
use crate::{admin, openapi, serve};

const SERVE: Program = Program {
    name: "restante",
    about: "all of Restante in one process",
    shape: Shape::OneProcess,
    listen: "server.listen",
};

/// Restante: a chat back end that keeps a message until it is delivered, and no longer.
///
/// `restante serve` needs nothing beside it: data goes into a folder, log-in codes into files that `/dev/mailbox` shows.
/// Every setting is explained in the default configuration file; `RESTANTE_` variables go over it, such as
/// `RESTANTE_MAIL__URL=smtp://mail.example.org:25`.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve API and sockets until told to stop (SIGTERM or Ctrl-C)
    Serve(Options),
    /// Print the description of the API (OpenAPI, JSON), as `docs/openapi.json` holds it
    Openapi,
    /// What an operator does by hand
    #[command(subcommand)]
    Admin(Admin),
}

/// Does what the command line says.
pub(crate) fn run() -> ExitCode {
    match Cli::parse().command {
        Command::Serve(options) => runtime::run(&SERVE, &options, serve::serve),
        Command::Openapi => print_openapi(),
        Command::Admin(admin) => admin::run(&admin),
    }
}

fn print_openapi() -> ExitCode {
    match openapi::text() {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("restante: the description cannot be written: {error}");
            ExitCode::FAILURE
        }
    }
}

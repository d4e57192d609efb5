//! `restante-user`: the user service as a process of its own.

use std::process::ExitCode;

use runtime::Program;
use settings::{ServiceName, Shape};

const PROGRAM: Program = Program {
    name: "restante-user",
    about: "the user service: log-in, sessions, devices, profiles, contacts",
    shape: Shape::Service(ServiceName::User),
    listen: "user.listen",
};

fn main() -> ExitCode {
    runtime::main(&PROGRAM, restante_user::serve)
}

//! `restante-mail`: the mail service as a process of its own.

use std::process::ExitCode;

use runtime::Program;
use settings::{ServiceName, Shape};

const PROGRAM: Program = Program {
    name: "restante-mail",
    about: "mails log-in codes",
    shape: Shape::Service(ServiceName::Mail),
    listen: "mail.listen",
};

fn main() -> ExitCode {
    runtime::main(&PROGRAM, restante_mail::serve)
}

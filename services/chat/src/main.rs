//! `restante-chat`: the chat service as a process of its own.

use std::process::ExitCode;

use runtime::Program;
use settings::{ServiceName, Shape};

const PROGRAM: Program = Program {
    name: "restante-chat",
    about: "Restante's chat service: conversations, messages, sockets",
    shape: Shape::Service(ServiceName::Chat),
    listen: "chat.listen",
};

fn main() -> ExitCode {
    runtime::main(&PROGRAM, restante_chat::serve)
}

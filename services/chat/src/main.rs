//! `restante-chat`: the chat service as a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::main("restante-chat", "messages, rooms and sockets", restante_chat::serve)
}

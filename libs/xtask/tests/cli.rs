//! The program as a person or a script calls it.

use std::process::{Command, Output};

use testkit::servers;

fn xtask(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(args);
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[tokio::test]
async fn another_process_finds_the_server_that_a_test_started() {
    let url = servers::redis_url().await.unwrap();
    let output = xtask(&["services", "status"]).output().unwrap();
    assert!(output.status.success() && said(&output).contains(&url), "{}", said(&output));
}

#[test]
fn a_program_that_was_not_built_is_named_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().display().to_string();
    let mut command = xtask(&["stack", "up", "--shape", "single", "--dir", &dir]);
    let output = command.env("CARGO_TARGET_DIR", folder.path()).output().unwrap();
    assert!(!output.status.success());
    assert!(said(&output).contains("run: cargo build -p restante"), "{}", said(&output));
    assert!(xtask(&["stack", "down", "--dir", &dir]).status().unwrap().success());
}

#[test]
fn what_is_not_there_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().display().to_string();
    for verb in ["kill", "start", "stop"] {
        let output = xtask(&["stack", verb, "--dir", &dir, "mail"]).output().unwrap();
        assert!(!output.status.success() && said(&output).contains("no stack in"), "{verb}");
    }
    let output =
        xtask(&["stack", "up", "--shape", "single", "--dir", &dir, "--set", "X"]).output().unwrap();
    assert!(said(&output).contains("must be KEY=VALUE"), "{}", said(&output));
}

//! Redis: one node that keeps nothing on disk.

use std::process::Command;

use anyhow::{Result, ensure};

use super::Place;
use crate::install;

pub(super) fn url(place: &Place) -> String {
    format!("redis://127.0.0.1:{}", place.port())
}

pub(super) async fn command(place: &Place) -> Result<Command> {
    let mut command = Command::new(install::redis().await?);
    command.args(["--port", &place.port().to_string(), "--bind", "127.0.0.1", "--dir"]);
    command.arg(&place.folder).args(["--save", "", "--appendonly", "no"]);
    Ok(command)
}

pub(super) async fn check(place: &Place) -> Result<()> {
    let answer = super::talk(place.port(), b"PING\r\n").await?;
    ensure!(answer.starts_with(b"+PONG"), "no pong");
    Ok(())
}

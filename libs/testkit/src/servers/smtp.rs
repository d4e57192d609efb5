//! SMTP: a small real server that keeps each mail as a file.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};

use super::Place;
use crate::install;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/smtp/server.py");

pub(super) fn url(place: &Place) -> String {
    format!("smtp://127.0.0.1:{}", place.port())
}

pub(super) fn mail(place: &Place) -> PathBuf {
    place.folder.join("mail")
}

pub(super) async fn command(place: &Place) -> Result<Command> {
    let mut command = Command::new(install::smtp_python().await?);
    command.arg(SCRIPT).arg(place.port().to_string()).arg(mail(place));
    Ok(command)
}

pub(super) async fn check(place: &Place) -> Result<()> {
    let answer = super::talk(place.port(), b"QUIT\r\n").await?;
    ensure!(answer.starts_with(b"220"), "no greeting");
    Ok(())
}

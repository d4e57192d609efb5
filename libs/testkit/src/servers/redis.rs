//! Redis: one node that keeps nothing on disk, or a cluster of them.

mod cluster;

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use super::Place;
use crate::install;

pub use cluster::RedisCluster;
pub(super) use cluster::{
    PORTS as CLUSTER_PORTS, check as check_cluster, command as cluster_command, url as cluster_url,
};

pub(super) fn url(place: &Place) -> String {
    format!("redis://127.0.0.1:{}", place.port())
}

pub(super) async fn command(place: &Place) -> Result<Command> {
    node(&place.folder, place.port()).await
}

async fn node(folder: &Path, port: u16) -> Result<Command> {
    let mut command = Command::new(install::redis().await?);
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--dir"]);
    command.arg(folder).args(["--save", "", "--appendonly", "no"]);
    Ok(command)
}

pub(super) async fn check(place: &Place) -> Result<()> {
    answers(place.port()).await
}

async fn answers(port: u16) -> Result<()> {
    let answer = super::talk(port, b"PING\r\n").await?;
    ensure!(answer.starts_with(b"+PONG"), "no pong");
    Ok(())
}

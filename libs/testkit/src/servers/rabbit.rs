//! `RabbitMQ`: one node with a name server (epmd) of its own, on three ports: AMQP, distribution, epmd.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Result, ensure};

use super::Place;
use crate::{install, wait};

/// Schedulers for a small machine, that do not spin while idle.
const ERLANG: &str = "-kernel inet_dist_use_interface {127,0,0,1} \
                      +S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none";

pub(super) fn url(place: &Place) -> String {
    format!("amqp://guest:guest@127.0.0.1:{}/%2f", place.port())
}

pub(super) async fn command(place: &Place) -> Result<Command> {
    let script = install::rabbit().await?;
    let [amqp, distribution, epmd] = ports(place)?;
    let folder = &place.folder;
    let home = folder.join("home");
    let settings = folder.join("conf");
    fs::create_dir_all(&home)?;
    fs::create_dir_all(&settings)?;
    let limits = "vm_memory_high_watermark.absolute = 1GiB\ndisk_free_limit.absolute = 50MB\n";
    fs::write(
        settings.join("rabbitmq.conf"),
        format!("listeners.tcp.1 = 127.0.0.1:{amqp}\n{limits}"),
    )?;
    fs::write(settings.join("enabled_plugins"), "[].\n")?;
    let mut command = Command::new(script);
    command
        .env("HOME", home)
        .env("RABBITMQ_NODENAME", format!("t{amqp}@localhost"))
        .env("RABBITMQ_NODE_PORT", amqp.to_string())
        .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_DIST_PORT", distribution.to_string())
        .env("RABBITMQ_MNESIA_BASE", folder.join("mnesia"))
        .env("RABBITMQ_LOG_BASE", folder.join("logs"))
        .env("RABBITMQ_CONFIG_FILE", settings.join("rabbitmq"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", settings.join("enabled_plugins"))
        .env("RABBITMQ_PID_FILE", folder.join("pid"))
        .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("ERL_EPMD_PORT", epmd.to_string())
        .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", ERLANG)
        // Makes the script become the virtual machine instead of waiting for it: one process, that heeds SIGTERM.
        .env("RUNNING_UNDER_SYSTEMD", "true");
    Ok(command)
}

/// The port accepts before the broker does; it is ready when it answers a greeting with the start of a connection.
pub(super) async fn check(place: &Place) -> Result<()> {
    let answer = super::talk(place.port(), b"AMQP\x00\x00\x09\x01").await?;
    ensure!(answer.first() == Some(&1), "not speaking AMQP yet");
    Ok(())
}

/// The name server goes by itself into the background and has to be ended apart, after its node.
pub(super) async fn end_epmd(place: &Place) {
    let ended = || async { (!try_end_epmd(place)).then_some(()) };
    // One that stays is idle and on the loopback address: not worth a failure.
    let _ = wait::until(Duration::from_secs(2), ended).await;
}

/// Whether there was one that may have to be asked again.
pub(super) fn try_end_epmd(place: &Place) -> bool {
    let (Ok([_, _, port]), Some(program)) = (ports(place), install::epmd()) else { return false };
    let mut command = Command::new(program);
    command.args(["-port", &port.to_string(), "-kill"]).env("ERL_EPMD_ADDRESS", "127.0.0.1");
    let ended = command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null()).status();
    ended.is_ok() && std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

fn ports(place: &Place) -> Result<[u16; 3]> {
    Ok(place.ports.as_slice().try_into()?)
}

//! `MongoDB`: one node that is a replica set of its own, so that majority writes and transactions work.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use mongodb::bson::{Document, doc};
use mongodb::options::{ClientOptions, ServerAddress};
use mongodb::{Client, Database};

use super::Place;
use crate::install;

/// A set of one has an answer to every command at once; more than this is a dead server.
const ANSWER: Duration = Duration::from_secs(2);

pub(super) fn url(place: &Place) -> String {
    format!("mongodb://127.0.0.1:{}/?replicaSet=rs0", place.port())
}

pub(super) async fn command(place: &Place) -> Result<Command> {
    let data = place.folder.join("db");
    fs::create_dir_all(&data)?;
    let mut command = Command::new(install::mongod().await?);
    command.arg("--dbpath").arg(data).arg("--unixSocketPrefix").arg(&place.folder);
    command.args([
        "--port",
        &place.port().to_string(),
        "--bind_ip",
        "127.0.0.1",
        "--replSet",
        "rs0",
    ]);
    command.args(["--wiredTigerCacheSizeGB", "0.5", "--oplogSize", "200"]);
    command.args(["--setParameter", "enableTestCommands=1"]);
    // Expired documents go within a second, not a minute.
    command.args(["--setParameter", "ttlMonitorSleepSecs=1"]);
    Ok(command)
}

/// Makes the set on the first start, and fails until the node is its primary.
pub(super) async fn check(place: &Place) -> Result<()> {
    let admin = client(place)?.database("admin");
    let hello = run(&admin, doc! { "hello": 1 }).await?;
    if hello.get_bool("isWritablePrimary").unwrap_or(false) {
        return Ok(());
    }
    if !hello.contains_key("setName") {
        let host = format!("127.0.0.1:{}", place.port());
        let set = doc! { "_id": "rs0", "members": [{ "_id": 0, "host": host }] };
        run(&admin, doc! { "replSetInitiate": set }).await?;
    }
    anyhow::bail!("not the primary yet")
}

async fn run(admin: &Database, command: Document) -> Result<Document> {
    let answer = tokio::time::timeout(ANSWER, admin.run_command(command)).await;
    Ok(answer.context("no answer in time")??)
}

fn client(place: &Place) -> Result<Client> {
    let host = ServerAddress::Tcp { host: "127.0.0.1".to_owned(), port: Some(place.port()) };
    let options = ClientOptions::builder()
        .hosts(vec![host])
        .direct_connection(true)
        .server_selection_timeout(ANSWER)
        .build();
    Ok(Client::with_options(options)?)
}

/// Drops the database of `url` and its sisters: those of the same name up to the last underscore.
pub(crate) async fn drop_databases(url: &str) -> Result<()> {
    let mut options = ClientOptions::parse(url).await?;
    options.server_selection_timeout = Some(ANSWER);
    let name = options.default_database.clone().context("the URL names no database")?;
    let (family, _) = name.rsplit_once('_').context("not the database of a stack")?;
    let client = Client::with_options(options)?;
    for name in client.list_database_names().await? {
        if name.strip_prefix(family).is_some_and(|rest| rest.starts_with('_')) {
            client.database(&name).drop().await?;
        }
    }
    Ok(())
}

//! The commands that shard a database, and the server that they are for.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, bail};
use bson::{Document, doc};
use mongodb::Client;
use mongodb::options::ClientOptions;

use super::Store;

/// Finding the server.
const SELECTION: Duration = Duration::from_secs(10);

/// A command for a `MongoDB` server.
pub(super) type Command = Document;

/// The commands for one database, in their order.
#[derive(Debug)]
pub(super) struct Plan {
    key: &'static str,
    /// Each with the database that it is run on.
    commands: Vec<(String, Command)>,
}

/// As `mongosh` takes it.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "// {}", self.key)?;
        self.commands.iter().try_for_each(|(database, command)| {
            writeln!(f, "db.getSiblingDB(\"{database}\").runCommand({})", text(command))
        })
    }
}

fn text(command: &Command) -> String {
    // There are only names and numbers in it.
    serde_json::to_string(command).unwrap_or_default()
}

/// What has to be done with a store's database. Asks no server.
pub(super) async fn plan(store: &Store) -> anyhow::Result<Plan> {
    let options = ClientOptions::parse(&store.url).await.context(store.key)?;
    let name = options.default_database.with_context(|| {
        format!("{} names no database; write mongodb://HOST/DATABASE", store.key)
    })?;
    let on = |command| (name.clone(), command);
    let admin = |command| ("admin".to_owned(), command);
    let mut commands = vec![admin(doc! { "enableSharding": &name })];
    commands.extend(store.indexes.iter().cloned().map(on));
    for (collection, field) in store.shard_keys {
        let key = doc! { *field: "hashed" };
        let index = doc! { "key": key.clone(), "name": format!("{field}_hashed") };
        commands.push(on(doc! { "createIndexes": *collection, "indexes": [index] }));
        let space = format!("{name}.{collection}");
        commands.push(admin(doc! { "shardCollection": space, "key": key }));
    }
    Ok(Plan { key: store.key, commands })
}

/// Does it, and prints what it did. Refuses a server that routes nothing.
pub(super) async fn apply(store: &Store, plan: &Plan) -> anyhow::Result<()> {
    let client = client(&store.url).await?;
    let hello = client.database("admin").run_command(doc! { "hello": 1 }).await?;
    if hello.get_str("msg").ok() != Some("isdbgrid") {
        let set = hello.get_str("setName").map_or_else(
            |_| "a server on its own".to_owned(),
            |set| format!("a member of the replica set {set}"),
        );
        bail!(
            "the server of {} is not a mongos but {set}; point {} at a mongos of the sharded cluster, or look at the commands with --dry-run",
            store.key,
            store.key
        );
    }
    for (database, command) in &plan.commands {
        let done = client.database(database).run_command(command.clone()).await;
        done.with_context(|| text(command))?;
        println!("{database}: {}", text(command));
    }
    Ok(())
}

async fn client(url: &str) -> anyhow::Result<Client> {
    let mut options = ClientOptions::parse(url).await?;
    options.app_name.get_or_insert_with(|| "restante-admin".to_owned());
    options.server_selection_timeout = Some(SELECTION);
    Ok(Client::with_options(options)?)
}

/// Ends the database of a test.
#[cfg(test)]
pub(super) async fn drop_database(url: &str) -> anyhow::Result<()> {
    Ok(client(url).await?.default_database().context("no database")?.drop().await?)
}

/// What is there.
#[cfg(test)]
pub(super) async fn collections(url: &str) -> anyhow::Result<Vec<String>> {
    let database = client(url).await?.default_database().context("no database")?;
    Ok(database.list_collection_names().await?)
}

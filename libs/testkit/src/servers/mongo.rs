//! `MongoDB`: one node that is a replica set of its own, so that majority writes and transactions work.

mod node;
mod replica_set;
mod sharded;

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, Result};
use mongodb::Client;
use mongodb::bson::{Bson, doc};
use mongodb::options::ClientOptions;

use super::Place;

pub use replica_set::ReplicaSet;
pub use sharded::Sharded;

const SET: &str = "rs0";

pub(super) fn url(place: &Place) -> String {
    format!("mongodb://127.0.0.1:{}/?replicaSet={SET}", place.port())
}

pub(super) async fn command(place: &Place) -> Result<Command> {
    node::command(&place.folder, place.port(), SET).await
}

/// Makes the set on the first start, and fails until the node is its primary.
pub(super) async fn check(place: &Place) -> Result<()> {
    let admin = node::admin(place.port())?;
    let hello = node::run(&admin, doc! { "hello": 1 }).await?;
    if hello.get_bool("isWritablePrimary").unwrap_or(false) {
        return Ok(());
    }
    if !hello.contains_key("setName") {
        let host = format!("127.0.0.1:{}", place.port());
        let set = doc! { "_id": SET, "members": [{ "_id": 0, "host": host }] };
        node::run(&admin, doc! { "replSetInitiate": set }).await?;
    }
    anyhow::bail!("not the primary yet")
}

/// Drops the database of `url` and its sisters: those of the same name up to the last underscore.
pub(crate) async fn drop_databases(url: &str) -> Result<()> {
    let mut options = ClientOptions::parse(url).await?;
    options.server_selection_timeout = Some(node::ANSWER);
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

/// How often each collection of the database of `url` was read since its server started: finds and their further pages.
pub async fn reads(url: &str) -> Result<BTreeMap<String, i64>> {
    let mut options = ClientOptions::parse(url).await?;
    options.server_selection_timeout = Some(node::ANSWER);
    let name = options.default_database.clone().context("the URL names no database")?;
    let admin = Client::with_options(options)?.database("admin");
    let answer = node::run(&admin, doc! { "top": 1 }).await?;
    let mut reads = BTreeMap::new();
    for (place, counts) in answer.get_document("totals")? {
        let Some(collection) = place.strip_prefix(&name).and_then(|rest| rest.strip_prefix('.'))
        else {
            continue;
        };
        let counts = counts.as_document().context("no counts")?;
        let count = |kind| counts.get_document(kind)?.get("count").map_or(Ok(0), number);
        reads.insert(collection.to_owned(), count("queries")? + count("getmore")?);
    }
    Ok(reads)
}

fn number(value: &Bson) -> Result<i64> {
    value.as_i64().or_else(|| value.as_i32().map(i64::from)).context("not a whole number")
}

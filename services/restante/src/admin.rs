//! What an operator does by hand, seldom.

mod mongo;
mod new_epochs;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use settings::Settings;
use tokio::runtime::Runtime;

/// A database of a service, and how its collections are spread.
#[derive(Debug)]
struct Store {
    /// The setting that names it.
    key: &'static str,
    url: String,
    /// Collection and the field by whose hash it is spread.
    shard_keys: &'static [(&'static str, &'static str)],
    indexes: Vec<mongo::Command>,
}

/// What can be asked for.
#[derive(Debug, Subcommand)]
pub(crate) enum Admin {
    /// Spread the databases of chat.store and user.store over the shards of a MongoDB cluster
    ///
    /// Makes the indexes, then shards every collection by a hashed key. Run it before there is much data, through a mongos.
    /// Running it again changes nothing.
    Shard(ShardOptions),
    /// Make every device begin anew, after an older copy of chat.store was put back
    ///
    /// Gives every conversation a new epoch and brings down what lies above the end of its log. Stop all chat instances first, and
    /// start them when it is done. It can be run again, also after one that died half-way.
    NewEpochs(NewEpochsOptions),
}

/// How `admin shard` is to be done.
#[derive(Debug, Args)]
pub(crate) struct ShardOptions {
    /// Print the commands, to be pasted into mongosh, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Configuration file, over the built-in defaults and under the environment
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// How `admin new-epochs` is to be done.
#[derive(Debug, Args)]
pub(crate) struct NewEpochsOptions {
    /// Look through all conversations, say what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Configuration file, over the built-in defaults and under the environment
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder for the database of the embedded profile
    #[arg(long, value_name = "FOLDER")]
    data: Option<String>,
}

/// Does it; prints what it does, or one line with the remedy.
pub(crate) fn run(admin: &Admin) -> ExitCode {
    let (what, done) = match admin {
        Admin::Shard(options) => ("shard", shard(options)),
        Admin::NewEpochs(options) => ("give new epochs", new_epochs(options)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("restante: cannot {what}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn load(config: Option<&Path>, overrides: &[(&'static str, String)]) -> anyhow::Result<Settings> {
    // A variable that is not UTF-8 is none of ours.
    let env = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Ok(Settings::load(config, env, overrides)?)
}

fn runtime() -> anyhow::Result<Runtime> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("threads cannot be started")
}

fn new_epochs(options: &NewEpochsOptions) -> anyhow::Result<()> {
    let data = options.data.clone().map(|data| ("server.data", data));
    let overrides: Vec<_> = data.into_iter().collect();
    let settings = load(options.config.as_deref(), &overrides)?;
    let mut out = std::io::stdout().lock();
    runtime()?.block_on(new_epochs::run(settings, options.dry_run, &mut out))
}

fn shard(options: &ShardOptions) -> anyhow::Result<()> {
    let settings = load(options.config.as_deref(), &[])?;
    runtime()?.block_on(async {
        for store in stores(&settings)? {
            let plan = mongo::plan(&store).await?;
            if options.dry_run {
                print!("{plan}");
            } else {
                mongo::apply(&store, &plan).await.context(store.key)?;
            }
        }
        Ok(())
    })
}

/// Those of the services' stores that are on MongoDB.
fn stores(settings: &Settings) -> anyhow::Result<Vec<Store>> {
    let chat = ("chat.store", &settings.chat.store);
    let user = ("user.store", &settings.user.store);
    let mut stores = Vec::new();
    for (key, url) in [chat, user] {
        if !matches!(url.scheme(), "mongodb" | "mongodb+srv") {
            continue;
        }
        let (shard_keys, indexes) = if key == "chat.store" {
            (restante_chat::SHARD_KEYS, restante_chat::index_commands())
        } else {
            (restante_user::SHARD_KEYS, restante_user::index_commands())
        };
        stores.push(Store { key, url: url.as_str().to_owned(), shard_keys, indexes });
    }
    anyhow::ensure!(
        !stores.is_empty(),
        "neither chat.store nor user.store is a mongodb:// URL; set them to the cluster's mongos"
    );
    Ok(stores)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(chat: &str, user: &str) -> Settings {
        let overrides = [("chat.store", chat.to_owned()), ("user.store", user.to_owned())];
        Settings::load(None, [], &overrides).unwrap()
    }

    #[tokio::test]
    async fn a_dry_run_prints_indexes_before_sharding_for_every_collection() {
        let url = "mongodb://127.0.0.1:1/letters";
        let mut printed = String::new();
        for store in stores(&settings(url, "mongodb://127.0.0.1:1/people")).unwrap() {
            printed += &mongo::plan(&store).await.unwrap().to_string();
        }
        let at = |text: &str| printed.find(text).unwrap_or_else(|| panic!("{text}\n{printed}"));
        assert!(at(r#"{"enableSharding":"letters"}"#) < at("createIndexes"));
        for (collection, key) in restante_chat::SHARD_KEYS {
            let hashed = format!(
                r#"{{"createIndexes":"{collection}","indexes":[{{"key":{{"{key}":"hashed"}}"#
            );
            let sharded = format!(
                r#"{{"shardCollection":"letters.{collection}","key":{{"{key}":"hashed"}}}}"#
            );
            assert!(at(&hashed) < at(&sharded));
        }
        let unique =
            r#"{"key":{"conversationId":1,"mid":1},"name":"conversationId_1_mid_1","unique":true}"#;
        assert!(at(unique) < at(r#"{"shardCollection":"letters.messages""#));
        for (collection, _) in restante_user::SHARD_KEYS {
            at(&format!(r#"{{"shardCollection":"people.{collection}""#));
        }
    }

    #[tokio::test]
    async fn a_server_that_is_no_mongos_is_refused_before_anything_is_changed() {
        let name = testkit::unique("admin");
        let url = testkit::servers::mongo_database_url(&name).await.unwrap();
        let stores = stores(&settings(&url, "sqlite:people.db")).unwrap();
        assert_eq!(stores.iter().map(|store| store.key).collect::<Vec<_>>(), ["chat.store"]);
        let plan = mongo::plan(&stores[0]).await.unwrap();
        let refused = mongo::apply(&stores[0], &plan).await.unwrap_err().to_string();
        assert!(refused.contains("not a mongos") && refused.contains("rs0"), "{refused}");
        assert!(mongo::collections(&url).await.unwrap().is_empty());
    }

    #[test]
    fn without_mongo_there_is_nothing_to_shard() {
        let refused = stores(&settings("sqlite:chat.db", "sqlite:people.db")).unwrap_err();
        assert!(refused.to_string().contains("mongos"), "{refused}");
    }
}

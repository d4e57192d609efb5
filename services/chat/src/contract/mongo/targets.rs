//! On a sharded cluster a command that does not name the shard key goes to every shard. None of the log's may.

use std::sync::{Arc, Mutex};

use bson::spec::ElementType;
use bson::{Bson, Document};
use mongodb::Database;
use mongodb::event::EventHandler;
use mongodb::event::command::CommandEvent;
use testkit::servers::mongo_database_url;
use testkit::unique;

use crate::mongo::{connect, create_indexes, options};

pub(super) type Watch = Arc<Mutex<Vec<Document>>>;

/// A database of its own, and every command that is sent to it from now on.
pub(super) async fn database() -> (Watch, Database) {
    let watch = Watch::default();
    let seen = Arc::clone(&watch);
    let url = mongo_database_url(&unique("chat")).await.unwrap();
    let mut options = options(&url, "test").await.unwrap();
    options.command_event_handler = Some(EventHandler::callback(move |event| {
        if let CommandEvent::Started(started) = event {
            seen.lock().unwrap().push(started.command);
        }
    }));
    let db = connect(options).unwrap();
    create_indexes(&db).await.unwrap();
    (watch, db)
}

/// Fails unless every filter on these collections holds exactly one conversation.
pub(super) fn check(watch: &Watch, collections: &[&str]) {
    let commands = std::mem::take(&mut *watch.lock().unwrap());
    let mut filters = 0;
    for command in commands {
        let (name, target) = command.iter().next().unwrap();
        if !target.as_str().is_some_and(|target| collections.contains(&target)) {
            continue;
        }
        for filter in filters_of(name, &command) {
            let is_one = filter.get("conversationId").map(Bson::element_type);
            assert_eq!(is_one, Some(ElementType::Binary), "{name} goes to every shard: {filter}");
            filters += 1;
        }
    }
    assert!(filters > 20, "only {filters} filters seen");
}

fn filters_of(name: &str, command: &Document) -> Vec<Document> {
    let each = |list: &str, field: &str| {
        let statements = command.get_array(list).unwrap().iter();
        let one = |statement: &Bson| statement.as_document().unwrap().get_document(field).cloned();
        statements.map(|statement| one(statement).unwrap()).collect()
    };
    match name {
        "insert" | "createIndexes" => Vec::new(),
        "find" => vec![command.get_document("filter").unwrap().clone()],
        "findAndModify" => vec![command.get_document("query").unwrap().clone()],
        "update" => each("updates", "q"),
        "delete" => each("deletes", "q"),
        other => panic!("who sends {other}?"),
    }
}

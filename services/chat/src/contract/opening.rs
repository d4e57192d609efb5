//! Stores that are opened twice, and by several at once: what has to be made is made once.

use std::collections::BTreeMap;

use bson::Document;
use futures::TryStreamExt;
use futures::future::join_all;
use testkit::servers::mongo_database_url;
use testkit::unique;

use crate::mongo::{create_indexes, index_commands, open};

#[tokio::test(flavor = "multi_thread")]
async fn three_instances_make_the_indexes_of_mongo_once() {
    let url = mongo_database_url(&unique("chat")).await.unwrap();
    let mut instances = Vec::new();
    for app in ["one", "two", "three"] {
        instances.push(open(&url, app).await.unwrap());
    }
    for _ in 0..2 {
        let opened = join_all(instances.iter().map(create_indexes)).await;
        assert!(opened.iter().all(Result::is_ok), "{opened:?}");
    }
    for command in index_commands() {
        let collection = command.get_str("createIndexes").unwrap();
        let made = instances[0].collection::<Document>(collection).list_indexes().await.unwrap();
        let made: Vec<_> = made.try_collect().await.unwrap();
        let made: BTreeMap<_, _> = made
            .into_iter()
            .map(|index| (index.options.unwrap().name.unwrap(), index.keys))
            .collect();
        let wanted = command.get_array("indexes").unwrap().iter().map(|index| {
            let index = index.as_document().unwrap();
            let keys = index.get_document("key").unwrap().clone();
            (index.get_str("name").unwrap().to_owned(), keys)
        });
        let id = ("_id_".to_owned(), bson::doc! { "_id": 1 });
        assert_eq!(made, wanted.chain([id]).collect(), "{collection}");
    }
    instances[0].drop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn three_who_open_one_sqlite_file_bring_it_up_to_date_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    for _ in 0..2 {
        let opening = (0..3).map(|_| {
            let path = path.clone();
            tokio::spawn(async move {
                let db = sqlite::Database::open(&path).unwrap();
                crate::sqlite::migrate(&db).await.unwrap();
                db
            })
        });
        let opened: Vec<_> = join_all(opening).await.into_iter().map(Result::unwrap).collect();
        let count = "SELECT count(*), count(DISTINCT name) FROM migrations";
        for db in opened {
            let counts = db.read(move |connection| {
                let row = connection.query_row(count, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
                Ok::<(i64, i64), sqlite::SqliteError>(row)
            });
            let expected = i64::try_from(crate::sqlite::MIGRATIONS.len()).unwrap();
            assert_eq!(counts.await.unwrap(), (expected, expected));
        }
    }
}

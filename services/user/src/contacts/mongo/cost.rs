//! What the server is asked for: the same for everybody, of one shard, by an index.

use std::time::Duration;

use bson::{Bson, Document, doc};
use futures::TryStreamExt;
use kernel::{ManualClock, SeededRandom, UserId};
use uuid::Uuid;

use super::super::store::{Answer, Change, Contacts, List, Most, Place, Wanted};
use super::MongoContacts;
use crate::mongo::{CONTACT_KEYS, CONTACTS, Mongo, OUTBOX};
use crate::outbox::Cause;
use crate::testing::{self, START, user};

/// Contacts, and a server that writes down what it is asked.
struct Watched {
    mongo: Mongo,
    contacts: MongoContacts,
    clock: ManualClock,
    random: SeededRandom,
}

impl Watched {
    async fn new() -> Self {
        let mongo = testing::mongo().await;
        mongo.run(doc! { "profile": 2 }).await.unwrap();
        let contacts = MongoContacts(mongo.clone());
        let (clock, random) = (ManualClock::new(START), SeededRandom::new(1));
        Self { mongo, contacts, clock, random }
    }

    async fn act(&self, user: UserId, change: Change, other: UserId, key: Option<Uuid>) {
        let most = Most { contacts: 100, requests: 100, blocks: 100 };
        self.clock.advance(Duration::from_secs(1));
        let cause = Cause::new(&self.clock, &self.random);
        let wanted = Wanted { user, other, change, key, most, cause };
        let answer = self.contacts.change(wanted).await.unwrap();
        assert!(matches!(answer, Answer::Done(made) if made.changed), "{change:?}: {answer:?}");
    }

    /// What was asked since it was last looked at, in order.
    async fn asked(&self) -> Vec<Document> {
        self.mongo.run(doc! { "profile": 0 }).await.unwrap();
        let profile = self.mongo.documents("system.profile");
        let in_order = profile.find(doc! {}).sort(doc! { "$natural": 1 }).await.unwrap();
        let all: Vec<Document> = in_order.try_collect().await.unwrap();
        profile.drop().await.unwrap();
        self.mongo.run(doc! { "profile": 2 }).await.unwrap();
        let ours = |row: &Document| {
            let names = [CONTACTS, CONTACT_KEYS, OUTBOX, "$cmd"];
            names.iter().any(|name| text(row, "ns").ends_with(&format!(".{name}")))
                && (!text(row, "ns").ends_with("$cmd") || command(row).contains_key("update"))
        };
        all.into_iter().filter(ours).collect()
    }
}

fn text<'a>(row: &'a Document, field: &str) -> &'a str {
    row.get_str(field).unwrap_or_default()
}

fn command(row: &Document) -> &Document {
    row.get_document("command").unwrap()
}

/// What was done to which collection, and how many rows became different.
fn steps(asked: &[Document]) -> Vec<String> {
    let step = |row: &Document| {
        let name = text(row, "ns").rsplit('.').next().unwrap_or_default().to_owned();
        let fields = ["nModified", "nUpserted", "ndeleted", "ninserted"];
        let written: i32 = fields.map(|field| row.get_i32(field).unwrap_or_default()).iter().sum();
        // A row that goes is a write like any other. How many events one insert holds is told apart by nobody.
        match text(row, "op") {
            "insert" => format!("insert {name}"),
            "update" | "remove" => format!("write {name} {written}"),
            other => format!("{other} {name}"),
        }
    };
    asked.iter().map(step).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_costs_the_same_whether_or_not_the_other_blocks() {
    let watched = Watched::new().await;
    let [ada, bob, eve] = [user(1), user(2), user(3)];
    watched.act(ada, Change::Block, eve, None).await;
    watched.asked().await;
    let mut kept = Vec::new();
    for (n, other) in (0_u128..).zip([ada, bob]) {
        let mut all = Vec::new();
        for (change, key) in [(Change::Request, Some(Uuid::from_u128(n))), (Change::Remove, None)] {
            watched.act(eve, change, other, key).await;
            all.extend(watched.asked().await);
        }
        kept.push(all);
    }
    let [blocked, heard] = [steps(&kept[0]), steps(&kept[1])];
    let written = heard.iter().filter(|step| *step == "write contacts 1").count();
    assert_eq!(written, 4, "both rows, twice: {heard:#?}");
    assert_eq!(blocked, heard);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_names_one_shard_and_uses_an_index() {
    let watched = Watched::new().await;
    let [ada, bob, eve] = [user(1), user(2), user(3)];
    watched.act(ada, Change::Request, bob, Some(Uuid::from_u128(1))).await;
    watched.act(bob, Change::Accept, ada, None).await;
    watched.act(ada, Change::Block, eve, None).await;
    watched.contacts.answered(ada, Uuid::from_u128(1)).await.unwrap();
    watched.contacts.side(ada, bob).await.unwrap();
    watched.contacts.relations(ada).await.unwrap();
    for list in [List::Contacts, List::Pending, List::Blocked] {
        let page = watched.contacts.list(ada, list, None, 10).await.unwrap();
        let after = Place { since: START, other: page.first().map_or(bob, |first| first.other) };
        watched.contacts.list(ada, list, Some(after), 10).await.unwrap();
    }
    watched.act(ada, Change::Unblock, eve, None).await;
    watched.act(bob, Change::Remove, ada, None).await;
    let asked = watched.asked().await;
    let contacts: Vec<_> =
        asked.iter().filter(|row| text(row, "ns").ends_with(&format!(".{CONTACTS}"))).collect();
    assert!(contacts.len() > 20, "{}", contacts.len());
    for row in contacts {
        let filter = filter(row);
        assert!(matches!(filter.get("userId"), Some(Bson::Binary(_))), "every shard: {row}");
        let plan = text(row, "planSummary");
        assert!(plan.starts_with("IXSCAN") || plan == "IDHACK", "{plan}: {row}");
        assert!(row.get("hasSortStage").is_none(), "sorts: {row}");
        let looked = row.get_i32("docsExamined").unwrap_or_default();
        assert!(looked <= 10, "looks at {looked} rows: {row}");
    }
}

/// By what a command finds rows.
fn filter(row: &Document) -> Document {
    let command = command(row);
    if let Ok(filter) = command.get_document("filter").or_else(|_| command.get_document("q")) {
        return filter.clone();
    }
    let stages = command.get_array("pipeline").unwrap_or_else(|_| panic!("no filter: {row}"));
    let first = stages[0].as_document().unwrap();
    first.get_document("$match").unwrap().clone()
}

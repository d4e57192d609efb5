//! What a database was asked, as its profiler wrote it down: every command with its plan and its cost.

use std::collections::BTreeMap;
use std::fmt;

use bson::{Bson, Document, doc};
use futures::TryStreamExt;
use mongodb::Database;

/// One command, or one statement of one.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub shape: Shape,
    pub filter: Document,
    /// Whether the server found documents by looking at all.
    pub scan: bool,
    pub examined: i64,
    pub touched: i64,
}

/// What commands have in common that differ in values only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape {
    pub collection: String,
    pub operation: String,
    pub filter: String,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<16} {:<14} {}", self.collection, self.operation, self.filter)
    }
}

/// Everything that was asked of a database by others than this client.
pub(super) async fn asked(db: &Database) -> Vec<Asked> {
    let records = db.collection::<Document>("system.profile");
    let others = doc! { "appName": { "$regex": "^app_" }, "ns": { "$ne": format!("{}.system.profile", db.name()) } };
    let records: Vec<Document> = records.find(others).await.unwrap().try_collect().await.unwrap();
    records.iter().filter_map(read).collect()
}

/// The most expensive example of each shape, measured by what it looked at for nothing.
pub(super) fn distinct(asked: Vec<Asked>) -> BTreeMap<Shape, Asked> {
    let mut shapes: BTreeMap<Shape, Asked> = BTreeMap::new();
    for asked in asked {
        let waste = |asked: &Asked| (asked.scan, asked.examined - 2 * asked.touched);
        let worst = shapes.entry(asked.shape.clone()).or_insert_with(|| asked.clone());
        if waste(&asked) > waste(worst) {
            *worst = asked;
        }
    }
    shapes
}

fn read(record: &Document) -> Option<Asked> {
    let command = record.get_document("command").unwrap();
    assert!(!command.contains_key("$truncated"), "too long to be looked at: {record}");
    let (_, collection) = record.get_str("ns").unwrap().split_once('.').unwrap();
    let (operation, filter) = match record.get_str("op").unwrap() {
        // The cursor went to the right shards with its first command.
        "insert" | "getmore" | "killcursors" => return None,
        "update" => ("update", command.get_document("q").unwrap().clone()),
        "remove" => ("remove", command.get_document("q").unwrap().clone()),
        "query" => ("find", command.get_document("filter").cloned().unwrap_or_default()),
        "command" => filter_of(command)?,
        other => panic!("who sends {other}? {record}"),
    };
    let number = |name: &str| match record.get(name) {
        Some(Bson::Int32(number)) => i64::from(*number),
        Some(Bson::Int64(number)) => *number,
        _ => 0,
    };
    let shape = Shape {
        collection: collection.to_owned(),
        operation: operation.to_owned(),
        filter: shape(&Bson::Document(filter.clone())),
    };
    let touched = ["nreturned", "nMatched", "ndeleted", "nUpserted"].map(number);
    let plan = record.get_str("planSummary").unwrap_or_default();
    let (scan, examined) = (plan.contains("COLLSCAN"), number("keysExamined"));
    Some(Asked { shape, filter, scan, examined, touched: touched.into_iter().max().unwrap_or(0) })
}

fn filter_of(command: &Document) -> Option<(&'static str, Document)> {
    let name = command.keys().next().unwrap().as_str();
    let inner = |name: &str| command.get_document(name).cloned().unwrap_or_default();
    match name {
        "findAndModify" | "findandmodify" => Some(("findAndModify", inner("query"))),
        "count" | "distinct" => Some(("count", inner("query"))),
        "aggregate" => {
            let first = command.get_array("pipeline").unwrap().first();
            let first = first.and_then(Bson::as_document);
            let matched = first.and_then(|stage| stage.get_document("$match").ok());
            Some(("aggregate", matched.cloned().unwrap_or_default()))
        }
        "createIndexes" | "create" | "drop" | "profile" | "commitTransaction"
        | "abortTransaction" | "listIndexes" | "collStats" | "killCursors" => None,
        other => panic!("who sends {other}? {command}"),
    }
}

/// The fields and operators without the values.
fn shape(value: &Bson) -> String {
    let Bson::Document(fields) = value else { return "?".to_owned() };
    let field = |(name, value): (&String, &Bson)| match (name.as_str(), value) {
        ("$in" | "$nin" | "$all", _) => format!("{name}: [?]"),
        ("$and" | "$or" | "$nor", Bson::Array(parts)) => {
            let mut parts: Vec<String> = parts.iter().map(shape).collect();
            parts.dedup();
            format!("{name}: [{}]", parts.join(", "))
        }
        // A path with ids in it.
        _ if name.contains(':') => {
            format!("{}.*: {}", name.split('.').next().unwrap(), shape(value))
        }
        _ => format!("{name}: {}", shape(value)),
    };
    format!("{{ {} }}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
}

#[test]
fn commands_that_differ_in_values_only_have_one_shape() {
    let one = doc! { "_id": { "$in": [1, 2] }, "d.a:b": { "$exists": true }, "x": 1 };
    let two = doc! { "_id": { "$in": [3] }, "d.a:c": { "$exists": true }, "x": "y" };
    let text = "{ _id: { $in: [?] }, d.*: { $exists: ? }, x: ? }";
    assert_eq!(shape(&one.into()), text);
    assert_eq!(shape(&two.into()), text);
}

//! The updates of a conversation's delivery document, each one atomic.
//!
//! The document holds the cursors in `d`: `USER:DEVICE` for a device, `USER:none` for a person without one. A cursor of an
//! earlier epoch stands as `-1 - seq`, below all others: it holds the floor, and an acknowledgement goes over it.

use std::collections::BTreeMap;

use bson::{Bson, Document, doc};
use kernel::{DeviceId, UserId};

use crate::conversations::Retention;
use crate::delivery::store::{Ack, Held, Owner, Told, Turning};
use crate::mongo::{date, integer};
use crate::store::StoreError;

/// Bytes of a key that name the person.
const USER: i32 = 36;

/// The path of a device's cursor.
pub(super) fn cursor(user: UserId, device: DeviceId) -> String {
    format!("d.{user}:{device}")
}

/// Reads one cursor of the document.
pub(super) fn held(key: &str, seq: i64) -> Result<Held, StoreError> {
    let corrupt = || StoreError::Corrupt(format!("a cursor is called {key:?}"));
    let (user, device) = key.split_once(':').ok_or_else(corrupt)?;
    let device = match device {
        "none" => None,
        device => Some(device.parse().map_err(|_| corrupt())?),
    };
    Ok(Held { user: user.parse().map_err(|_| corrupt())?, device, seq: position(seq).0 })
}

/// A cursor as it stands in the document: the position, and whether it is of an earlier epoch.
pub(super) const fn position(cursor: i64) -> (u64, bool) {
    if cursor < 0 { ((-1 - cursor).unsigned_abs(), true) } else { (cursor.unsigned_abs(), false) }
}

/// The other way to write a position: of an earlier epoch, or of this one again.
fn turned_over(position: impl Into<Bson>) -> Document {
    doc! { "$subtract": [-1_i64, position.into()] }
}

fn placeholder(user: UserId) -> String {
    format!("d.{user}:none")
}

fn value(path: &str) -> String {
    format!("${path}")
}

/// Fills in what a new document lacks.
pub(super) fn begin(retention: Retention) -> Document {
    let or = |name: &str, first: Bson| doc! { "$ifNull": [value(name), first] };
    doc! { "$set": {
        "retention": or("retention", retention.as_str().into()),
        "floor": or("floor", 0_i64.into()),
        "strippedTo": or("strippedTo", 0_i64.into()),
        "dirty": or("dirty", false.into()),
        "d": or("d", Document::new().into()),
    } }
}

/// Gives the person's devices cursors where they have none: the placeholder's, else the floor. Of a person without any,
/// a placeholder.
pub(super) fn join(user: UserId, devices: &[DeviceId]) -> Vec<Document> {
    let held = placeholder(user);
    if devices.is_empty() {
        let kept = doc! { "$ifNull": [value(&held), "$$REMOVE"] };
        let place = doc! { "$cond": [has_cursor(user, &doc! {}), kept, "$floor"] };
        return vec![doc! { "$set": { held: place } }];
    }
    let start = doc! { "$ifNull": [value(&held), "$floor"] };
    let first = doc! { "$cond": ["$renewed", turned_over(start.clone()), start] };
    let cursors = devices.iter().map(|device| {
        let path = cursor(user, *device);
        let own = doc! { "$ifNull": [value(&path), &first] };
        (path, own.into())
    });
    let cursors: Document = cursors.collect();
    vec![doc! { "$set": cursors }, doc! { "$unset": [held] }]
}

/// Takes the device's cursor, which must be there, away; the person's last leaves a placeholder.
pub(super) fn leave(owner: Owner) -> Vec<Document> {
    let (gone, held) = (cursor(owner.user, owner.device), placeholder(owner.user));
    let other = doc! { "$ne": ["$$this.k", format!("{}:{}", owner.user, owner.device)] };
    let kept = doc! { "$ifNull": [value(&held), "$$REMOVE"] };
    let own = value(&gone);
    let own = doc! { "$cond": [{ "$lt": [&own, 0] }, turned_over(own.as_str()), &own] };
    let place = doc! { "$cond": [has_cursor(owner.user, &other), kept, own] };
    let mut stages = vec![doc! { "$set": { held: place } }, doc! { "$unset": [gone] }];
    stages.extend(settle());
    stages
}

/// Brings down to the end of the log what lies above it, and makes every device's cursor one of an earlier epoch.
pub(super) fn renew(end: u64) -> Vec<Document> {
    let end = integer(end);
    let (old, here) = ("$$this.v", doc! { "$min": ["$$this.v", end] });
    let device = doc! { "$cond": [{ "$lt": [old, 0] }, { "$max": [old, -1 - end] }, turned_over(here.clone())] };
    let placeholder = doc! { "$eq": [{ "$substrBytes": ["$$this.k", USER, -1] }, ":none"] };
    let cursor = doc! { "k": "$$this.k", "v": { "$cond": [placeholder, here, device] } };
    let cursors = doc! { "$map": { "input": { "$objectToArray": "$d" }, "in": cursor } };
    let renewed = doc! {
        "floor": { "$min": ["$floor", end] },
        "strippedTo": { "$min": ["$strippedTo", end] },
        "d": { "$arrayToObject": cursors },
        "renewed": true,
    };
    vec![doc! { "$set": renewed }, mark()]
}

/// Takes everything of the person's away.
pub(super) fn leave_for_good(user: UserId) -> Vec<Document> {
    let others = doc! { "$ne": [{ "$substrBytes": ["$$this.k", 0, USER] }, user.to_string()] };
    let kept = doc! { "$filter": { "input": { "$objectToArray": "$d" }, "cond": others } };
    let mut stages = vec![doc! { "$set": { "d": { "$arrayToObject": kept } } }];
    stages.extend(settle());
    stages
}

/// Raises the cursors that are there.
pub(super) fn acknowledge(acks: &[Ack]) -> Vec<Document> {
    let mut highest: BTreeMap<String, u64> = BTreeMap::new();
    for Ack { owner, seq } in acks {
        let highest = highest.entry(cursor(owner.user, owner.device)).or_default();
        *highest = (*highest).max(*seq);
    }
    let raises = highest.into_iter().map(|(path, seq)| {
        let missing = doc! { "$eq": [{ "$type": value(&path) }, "missing"] };
        let raised = doc! { "$max": [value(&path), integer(seq)] };
        (path, doc! { "$cond": [missing, "$$REMOVE", raised] }.into())
    });
    let raises: Document = raises.collect();
    let mut stages = if raises.is_empty() { vec![] } else { vec![doc! { "$set": raises }] };
    stages.extend(settle());
    stages
}

/// Notes up to where content is forgotten.
pub(super) fn stripped(to: u64) -> Vec<Document> {
    let to = doc! { "$max": ["$strippedTo", { "$min": [integer(to), "$floor"] }] };
    vec![doc! { "$set": { "strippedTo": to } }, mark()]
}

/// Lets the floor follow the cursors. Without any it stays where it is.
fn settle() -> [Document; 2] {
    let cursors = doc! { "$map": { "input": { "$objectToArray": "$d" }, "in": "$$this.v" } };
    let floor = doc! { "$max": ["$floor", { "$min": cursors }] };
    [doc! { "$set": { "floor": floor } }, mark()]
}

fn mark() -> Document {
    let forgets = doc! { "$ne": ["$retention", Retention::Archive.as_str()] };
    let left = doc! { "$lt": ["$strippedTo", "$floor"] };
    doc! { "$set": { "dirty": { "$and": [forgets, left] } } }
}

/// Notes a change of retention that begins.
pub(super) fn turn(turning: Document, to: Retention) -> Vec<Document> {
    let mut stages = vec![doc! { "$set": { "turning": { "$literal": turning } } }];
    if to == Retention::Archive {
        stages.push(doc! { "$set": { "retention": to.as_str() } });
        stages.push(mark());
    }
    stages
}

/// Notes that the entry of the change is in the log.
pub(super) fn turned(turning: &Turning, told: Told) -> Vec<Document> {
    let (seq, at) = (integer(told.seq), date(told.at));
    let mut stages = vec![doc! { "$set": { "turning.told": { "seq": seq, "at": at } } }];
    if turning.to == Retention::Relay {
        let from = doc! { "$max": ["$strippedTo", seq] };
        let to = turning.to.as_str();
        stages.push(doc! { "$set": { "retention": to, "strippedTo": from } });
        stages.push(mark());
    }
    stages
}

/// Whether the person has a cursor for which `which` holds too.
fn has_cursor(user: UserId, which: &Document) -> Document {
    let own = doc! { "$eq": [{ "$substrBytes": ["$$this.k", 0, USER] }, user.to_string()] };
    let both = if which.is_empty() {
        own
    } else {
        doc! { "$and": [own, which] }
    };
    let found = doc! { "$filter": { "input": { "$objectToArray": "$d" }, "cond": both } };
    doc! { "$gt": [{ "$size": found }, 0] }
}

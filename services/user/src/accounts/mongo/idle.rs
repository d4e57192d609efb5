use bson::{Document, doc};
use futures::TryStreamExt;
use serde::Deserialize;

use super::super::store::WEB;
use super::super::{Owned, SeenSince};
use crate::mongo::{DEVICES, Mongo, date, id, within};
use crate::store::StoreError;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    user_id: bson::Uuid,
}

/// Matches devices that do not count any more.
pub(super) fn unseen(since: SeenSince) -> Document {
    doc! { "$or": [
        { "lastSeenAt": { "$lte": date(since.others) } },
        { "platform": WEB, "lastSeenAt": { "$lte": date(since.web) } },
    ] }
}

/// The same in two, each with an index of its own: whatever they are, and browsers that are not among those.
fn filters(since: SeenSince) -> [Document; 2] {
    let (others, web) = (date(since.others), date(since.web));
    let browsers = doc! { "platform": WEB, "lastSeenAt": { "$gt": others, "$lte": web } };
    [doc! { "lastSeenAt": { "$lte": others } }, browsers]
}

/// Devices that do not count any more, at most `limit`.
pub(super) async fn find(
    mongo: &Mongo,
    since: SeenSince,
    limit: u32,
) -> Result<Vec<Owned>, StoreError> {
    let mut found = Vec::new();
    for filter in filters(since) {
        let left = i64::from(limit) - i64::try_from(found.len()).unwrap_or(i64::MAX);
        if left <= 0 {
            break; // no limit at all, to the server
        }
        let rows = mongo.rows::<Row>(DEVICES);
        let find = async {
            let oldest = rows.find(filter).sort(doc! { "lastSeenAt": 1 }).limit(left);
            let only = doc! { "userId": 1 };
            oldest.projection(only).await?.try_collect::<Vec<_>>().await
        };
        let owned = |row: Row| Owned { user: id(row.user_id), device: id(row.id) };
        found.extend(within(find).await?.into_iter().map(owned));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::super::{Accounts, MongoAccounts};
    use super::*;
    use crate::testing::{self, START, cause, sign_in};

    const DAY: Duration = Duration::from_hours(24);

    /// What the server looks at to answer this.
    async fn examined(mongo: &Mongo, filter: Document) -> (i32, i32, i32, String) {
        let find =
            doc! { "find": DEVICES, "filter": filter, "sort": { "lastSeenAt": 1 }, "limit": 100 };
        let explain = doc! { "explain": find, "verbosity": "executionStats" };
        let plan = mongo.run(explain).await.unwrap();
        let stats = plan.get_document("executionStats").unwrap();
        let number = |name| stats.get_i32(name).unwrap();
        let (keys, documents) = (number("totalKeysExamined"), number("totalDocsExamined"));
        (
            number("nReturned"),
            keys,
            documents,
            plan.get_document("queryPlanner").unwrap().to_string(),
        )
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn idle_devices_are_found_by_an_index() {
        let mongo = testing::mongo().await;
        let accounts = MongoAccounts(mongo.clone());
        // Days unseen, and how many: most are in use, some not for so long that they were forgotten.
        for (n, (platform, days)) in
            [("web", 0), ("android", 0), ("web", 8), ("android", 8), ("web", 31), ("android", 31)]
                .into_iter()
                .cycle()
                .take(60)
                .enumerate()
        {
            let n = n as u128;
            let mut sign_in = sign_in(&format!("p{n}@idle"), n, None);
            sign_in.platform = platform.to_owned();
            sign_in.cause = cause(START.plus(DAY * (31 - days)), n);
            accounts.sign_in(sign_in).await.unwrap();
        }
        let now = START.plus(DAY * 31);
        let since = SeenSince { now, others: now.minus(DAY * 30), web: now.minus(DAY * 7) };
        for (filter, expected) in filters(since).into_iter().zip([20, 10]) {
            let (found, keys, documents, plan) = examined(&mongo, filter).await;
            assert_eq!(found, expected);
            assert!(keys <= 2 * found && documents <= found, "{keys} keys, {documents} documents");
            assert!(!plan.contains("COLLSCAN") && !plan.contains("SORT"), "{plan}");
        }
        assert_eq!(find(&mongo, since, 100).await.unwrap().len(), 30);
    }
}

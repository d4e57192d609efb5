use sqlite::rusqlite;
use sqlite::{Connection, Row, SqliteError, params};

use super::super::store::WEB;
use super::super::{Owned, SeenSince};
use crate::sqlite::{id, raw};

/// Idle whatever they are.
const ANY: &str = "SELECT user_id, id FROM user_devices
     WHERE last_seen_at <= ?1 ORDER BY last_seen_at LIMIT ?2";
/// Browsers that are idle and not among the others.
const BROWSERS: &str = "SELECT user_id, id FROM user_devices
     WHERE platform = ?1 AND last_seen_at > ?2 AND last_seen_at <= ?3
     ORDER BY last_seen_at LIMIT ?4";

/// Devices that do not count any more, at most `limit`.
pub(super) fn find(
    tx: &Connection,
    since: SeenSince,
    limit: u32,
) -> Result<Vec<Owned>, SqliteError> {
    let (others, web) = (since.others.as_millis(), since.web.as_millis());
    let mut found = tx
        .prepare_cached(ANY)?
        .query_map(params![others, limit], owned)?
        .collect::<Result<Vec<_>, _>>()?;
    let left = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
    let mut browsers = tx.prepare_cached(BROWSERS)?;
    for owned in browsers.query_map(params![WEB, others, web, left], owned)? {
        found.push(owned?);
    }
    Ok(found)
}

/// Whether the device is there and does not count any more.
pub(super) fn is_idle(
    tx: &Connection,
    owned: Owned,
    since: SeenSince,
) -> Result<bool, SqliteError> {
    let sql = "SELECT 1 FROM user_devices WHERE id = ?1 AND user_id = ?2
         AND (last_seen_at <= ?3 OR (platform = ?4 AND last_seen_at <= ?5))";
    let (others, web) = (since.others.as_millis(), since.web.as_millis());
    let row = params![raw(owned.device), raw(owned.user), others, WEB, web];
    Ok(tx.prepare_cached(sql)?.exists(row)?)
}

fn owned(row: &Row<'_>) -> rusqlite::Result<Owned> {
    Ok(Owned { user: id(row, "user_id")?, device: id(row, "id")? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[tokio::test]
    async fn idle_devices_are_found_by_an_index() {
        let (_folder, database) = testing::database().await;
        for (sql, index) in [(ANY, "user_devices_seen"), (BROWSERS, "user_devices_platform")] {
            let explain = format!("EXPLAIN QUERY PLAN {sql}");
            let plan = database.read(move |tx| {
                let mut statement = tx.prepare(&explain)?;
                let steps = statement.raw_query();
                Ok(steps
                    .mapped(|row| row.get::<_, String>("detail"))
                    .collect::<Result<Vec<_>, _>>()?)
            });
            let plan = plan.await.unwrap();
            let [step] = &plan[..] else { panic!("sorted besides: {plan:?}") };
            assert!(step.starts_with("SEARCH") && step.contains(index), "{step}");
        }
    }
}

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Check;

/// A dependency that does not answer within this is not there.
const DEADLINE: Duration = Duration::from_secs(1);

/// How well something works; ordered from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// Everything works.
    Ok,
    /// Something is missing that others make up for; still serving.
    Degraded,
    /// Cannot serve.
    Unavailable,
}

/// What `/health/ready` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Health {
    /// The worst of all checks.
    pub status: HealthStatus,
    /// Each dependency by name.
    pub checks: BTreeMap<&'static str, CheckReport>,
}

/// How one dependency does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CheckReport {
    /// `degraded` if it is missing and not critical, `unavailable` if it is missing and critical.
    pub status: HealthStatus,
}

/// Runs all checks at once, each with a deadline of a second. Of two with one name the worse counts.
pub async fn check_all(checks: &[Check]) -> Health {
    let results = join_all(checks.iter().map(run_one)).await;
    let mut reports = BTreeMap::new();
    for (name, status) in results {
        let report = reports.entry(name).or_insert(CheckReport { status });
        report.status = report.status.max(status);
    }
    let status = reports.values().map(|report| report.status).max().unwrap_or(HealthStatus::Ok);
    Health { status, checks: reports }
}

async fn run_one(check: &Check) -> (&'static str, HealthStatus) {
    let answer = tokio::time::timeout(DEADLINE, (check.run)()).await;
    let problem = match answer {
        Ok(Ok(())) => return (check.name, HealthStatus::Ok),
        Ok(Err(problem)) => problem,
        Err(_) => format!("no answer within {} ms", DEADLINE.as_millis()),
    };
    tracing::warn!(
        check = check.name,
        critical = check.critical,
        problem,
        "a dependency is missing"
    );
    let status = if check.critical { HealthStatus::Unavailable } else { HealthStatus::Degraded };
    (check.name, status)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &'static str, critical: bool, works: bool) -> Check {
        Check::new(name, critical, move || async move {
            if works { Ok(()) } else { Err("away".to_owned()) }
        })
    }

    #[tokio::test]
    async fn only_a_critical_check_makes_the_process_unavailable() {
        let health = check_all(&[check("store", true, true), check("fanout", false, true)]).await;
        assert_eq!(health.status, HealthStatus::Ok);
        let health = check_all(&[check("store", true, true), check("fanout", false, false)]).await;
        assert_eq!(health.status, HealthStatus::Degraded);
        let json = serde_json::to_value(&health).unwrap();
        assert_eq!(json["checks"]["fanout"]["status"], "degraded");
        assert_eq!(json["checks"]["store"]["status"], "ok");
        let health = check_all(&[check("store", true, false), check("fanout", false, false)]).await;
        assert_eq!(health.status, HealthStatus::Unavailable);
    }

    #[tokio::test]
    async fn of_two_checks_with_one_name_the_worse_counts() {
        let health = check_all(&[check("store", true, false), check("store", true, true)]).await;
        assert_eq!(health.status, HealthStatus::Unavailable);
    }

    #[tokio::test]
    async fn a_check_that_hangs_has_failed_after_a_second() {
        let hangs = Check::new("store", true, std::future::pending);
        let checks = [hangs.clone(), hangs];
        let health = tokio::time::timeout(DEADLINE * 3, check_all(&checks)).await.unwrap();
        assert_eq!(health.status, HealthStatus::Unavailable);
    }
}

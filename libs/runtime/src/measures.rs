use std::fmt;
use std::time::Duration;

use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

use crate::Tasks;

/// Bounds of the buckets of every histogram of seconds: 1 ms to 10 s.
const SECONDS: [f64; 13] =
    [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Histograms gather until somebody reads them; without this they would grow when nobody does.
const UPKEEP: Duration = Duration::from_secs(5);

/// The metrics of this process, as Prometheus reads them.
#[derive(Clone)]
pub struct Measures(PrometheusHandle);

impl fmt::Debug for Measures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Measures")
    }
}

impl Default for Measures {
    /// Shows nothing: what is measured goes nowhere. For tests.
    fn default() -> Self {
        Self(PrometheusBuilder::new().build_recorder().handle())
    }
}

impl Measures {
    /// From now on everything that is measured in this process is shown here. Once for each process.
    pub fn install(tasks: &Tasks) -> Result<Self, BuildError> {
        let recorder = recorder()?;
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder)?;
        let upkeep = handle.clone();
        tasks.spawn("metrics upkeep", move |stop| async move {
            let mut tick = tokio::time::interval(UPKEEP);
            while stop.run_until_cancelled(tick.tick()).await.is_some() {
                upkeep.run_upkeep();
            }
        });
        Ok(Self(handle))
    }

    /// All metrics in the text format.
    pub fn render(&self) -> String {
        self.0.render()
    }
}

fn recorder() -> Result<PrometheusRecorder, BuildError> {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    Ok(PrometheusBuilder::new().set_buckets_for_metric(seconds, &SECONDS)?.build_recorder())
}

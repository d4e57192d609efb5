use std::io::IsTerminal;
use std::time::Duration;

use anyhow::Context;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use settings::LogFormat;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterFn, LevelFilter};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// One delivery of spans to the collector.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);

/// Logs and traces of this process, to be flushed at its end.
#[derive(Debug)]
pub(crate) struct Telemetry {
    provider: SdkTracerProvider,
}

impl Telemetry {
    /// Installs both. Call it inside the async runtime: the exporter's connection lives there.
    pub(crate) fn install(
        name: &'static str,
        settings: &settings::Telemetry,
    ) -> anyhow::Result<Self> {
        let filter = EnvFilter::try_new(&settings.filter).context(
            "bad value for `telemetry.filter`; use what RUST_LOG takes, such as info,restante_chat=debug",
        )?;
        let exporter = exporter(settings)?;
        let (traces, provider) = trace_layer(name, exporter);
        let terminal = std::io::stdout().is_terminal();
        let lines = tracing_subscriber::fmt::layer();
        let lines = match settings.format {
            LogFormat::Json => lines.json().with_current_span(false).boxed(),
            LogFormat::Pretty => lines.compact().with_ansi(terminal).boxed(),
        };
        tracing_subscriber::registry()
            .with(traces)
            .with(lines.with_filter(filter))
            .try_init()
            .context("telemetry is installed already")?;
        Ok(Self { provider })
    }

    /// Sends what is waiting, for some seconds at most.
    pub(crate) async fn flush(self) {
        let shutdown = tokio::task::spawn_blocking(move || {
            self.provider.shutdown_with_timeout(EXPORT_TIMEOUT)
        });
        if !matches!(tokio::time::timeout(EXPORT_TIMEOUT, shutdown).await, Ok(Ok(Ok(())))) {
            tracing::warn!("some traces could not be sent");
        }
    }
}

fn exporter(settings: &settings::Telemetry) -> anyhow::Result<Option<SpanExporter>> {
    if settings.otlp.is_empty() {
        return Ok(None);
    }
    SpanExporter::builder()
        .with_tonic()
        .with_endpoint(&settings.otlp)
        .with_timeout(EXPORT_TIMEOUT)
        .build()
        .map(Some)
        .context(
            "`telemetry.otlp` cannot be used; give the collector's gRPC address or leave it empty",
        )
}

/// Gives every span its place in a trace, exporter or not: ids are carried on and logged either way. Without an exporter
/// nothing is recorded, which costs next to nothing.
pub(crate) fn trace_layer<S>(
    name: &'static str,
    exporter: Option<SpanExporter>,
) -> (impl Layer<S>, SdkTracerProvider)
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let resource = Resource::builder().with_service_name(name).build();
    let builder = SdkTracerProvider::builder().with_resource(resource);
    let provider = match exporter {
        Some(exporter) => builder.with_batch_exporter(exporter).build(),
        None => builder.with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOff))).build(),
    };
    // A span is entered with each poll of its future: only what is asked of a trace is done then.
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("restante"))
        .with_context_activation(false)
        .with_tracked_inactivity(false)
        .with_threads(false)
        .with_location(false)
        .with_filter(FilterFn::new(is_traced).with_max_level_hint(LevelFilter::INFO));
    (layer, provider)
}

/// Spans of ours and of libraries, from `info` up; not those of the exporter's own connection.
fn is_traced(meta: &Metadata<'_>) -> bool {
    let own = ["h2", "hyper", "tonic", "tower", "opentelemetry"];
    let target = meta.target();
    meta.is_span()
        && *meta.level() <= tracing::Level::INFO
        && !own.iter().any(|name| target.starts_with(name))
}

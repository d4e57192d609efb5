use std::collections::HashMap;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The current span as a W3C `traceparent`, to be sent along with a call or a message.
pub fn current_traceparent() -> Option<String> {
    let context = Span::current().context();
    let span = context.span();
    let here = span.span_context();
    here.is_valid().then(|| {
        format!("00-{}-{}-{:02x}", here.trace_id(), here.span_id(), here.trace_flags().to_u8())
    })
}

/// Makes `span` a child of the caller's. Call it before the span is entered. A `traceparent` that makes no sense is passed
/// over. The span's field `trace_id` is filled in.
pub fn continue_trace(span: &Span, traceparent: &str) {
    if span.is_disabled() {
        return;
    }
    let headers = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
    let parent = TraceContextPropagator::new().extract(&headers);
    let caller = parent.span().span_context().clone();
    if !caller.is_valid() {
        record_trace_id(span);
        return;
    }
    // From the caller, not from the span: one below `info` has no place in the trace, but its lines name it all the same.
    span.record("trace_id", tracing::field::display(caller.trace_id()));
    // Fails only where no telemetry is installed, and then there is nothing to continue.
    let _ = span.set_parent(parent);
}

/// Fills in the field `trace_id` of a span that starts a trace. The span must declare the field as empty.
pub fn record_trace_id(span: &Span) {
    let context = span.context();
    let here = context.span().span_context().clone();
    if here.is_valid() {
        span.record("trace_id", tracing::field::display(here.trace_id()));
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn with_telemetry(test: impl FnOnce()) {
        let (layer, _provider) = crate::telemetry::trace_layer("test", None);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), test);
    }

    #[test]
    fn a_trace_goes_on_through_a_span_to_the_next_service() {
        with_telemetry(|| {
            let span = tracing::info_span!("door", trace_id = tracing::field::Empty);
            continue_trace(&span, CALLER);
            let inner = span.in_scope(|| tracing::info_span!("use case"));
            let sent = inner.in_scope(current_traceparent).unwrap();
            assert_eq!(&sent[..36], &CALLER[..36], "the same trace");
            assert_ne!(&sent[36..52], &CALLER[36..52], "another span");
            assert!(sent.ends_with("-01"), "the caller's decision to sample is kept");
        });
    }

    #[test]
    fn nonsense_starts_a_trace_of_its_own() {
        with_telemetry(|| {
            for text in ["", "00-zz", "00-00000000000000000000000000000000-0000000000000000-01"] {
                let span = tracing::info_span!("door", trace_id = tracing::field::Empty);
                continue_trace(&span, text);
                let sent = span.in_scope(current_traceparent).unwrap();
                assert!(!sent.contains("-00000000000000000000000000000000-"));
            }
        });
    }

    #[test]
    fn outside_any_span_there_is_nothing_to_send() {
        with_telemetry(|| assert_eq!(current_traceparent(), None));
    }
}

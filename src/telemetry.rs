//! Logs, metrics and request ids.
//!
//! Logs go to stderr so that stdout stays for what a command prints. Names of metrics begin with
//! `zerodesk_` and carry their unit. This room knows nothing of ours: it takes plain values. It
//! never writes a visitor's words, addresses or tokens.

use std::{fmt, io, sync::OnceLock};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};
use ulid::Ulid;

/// Upper bounds of the latency buckets, in seconds: fine where searches live, coarse above.
const LATENCY_BUCKETS_S: [f64; 12] = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0, 10.0];

/// Telemetry that cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The log filter makes no sense.
    #[error("log level {filter:?}: {detail}; write a level such as \"info\" or \"info,zerodesk::search=debug\"")]
    Filter {
        /// The filter as written.
        filter: String,
        /// The reason.
        detail: String,
    },
}

/// Starts logging to stderr, once a process; a second call only checks the filter.
///
/// # Errors
/// [`TelemetryError::Filter`] when `filter` is not a level or a `tracing` filter.
pub fn init(json: bool, filter: &str) -> Result<(), TelemetryError> {
    log_to(io::stderr, json, filter)
}

fn log_to<W>(writer: W, json: bool, filter: &str) -> Result<(), TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| TelemetryError::Filter { filter: filter.into(), detail: error.to_string() })?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    // A subscriber that is already there (tests, an embedding program) stays.
    let _ = if json { lines.json().flatten_event(true).try_init() } else { lines.with_ansi(false).try_init() };
    Ok(())
}

/// The process's metrics in Prometheus' text format; the first call starts counting.
pub fn metrics() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let builder = PrometheusBuilder::new();
        let suffix = Matcher::Suffix("_seconds".into());
        let builder =
            builder.set_buckets_for_metric(suffix, &LATENCY_BUCKETS_S).unwrap_or_else(|_| PrometheusBuilder::new()); // fails only for an empty list of buckets
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        // Fails only when the embedding program has a recorder of its own; then that one counts.
        let _ = metrics::set_global_recorder(recorder);
        handle
    })
}

/// Names one request in the reply, the log and the problem that it may have caused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(Ulid);

impl RequestId {
    /// A new id; unique, and sortable by time.
    #[must_use]
    pub fn generate() -> Self {
        Self(Ulid::generate())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_senseless_filter_is_refused_with_an_example() {
        let error = init(false, "zerodesk=loud").unwrap_err().to_string();
        assert!(error.contains("zerodesk=loud") && error.contains("\"info\""), "{error}");
    }

    #[test]
    fn metrics_are_rendered_with_buckets() {
        metrics::with_local_recorder(
            &PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &LATENCY_BUCKETS_S)
                .unwrap()
                .build_recorder(),
            || metrics::histogram!("zerodesk_test_seconds").record(0.002),
        );
        assert!(std::ptr::eq(metrics(), super::metrics()));
    }
}

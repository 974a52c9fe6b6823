//! The metrics a fleet can show.

use std::fmt;
use std::str::FromStr;
use strum::VariantArray;

/// A metric of one service. Totals of the whole service unless the name says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, VariantArray)]
pub enum Metric {
    /// Arrivals per second.
    RequestsPerS,
    /// Arrivals per minute.
    RequestsPerMin,
    /// Requests in service, draining replicas included.
    InFlightRequests,
    /// Requests waiting, at the gateway or at replicas.
    QueuedRequests,
    /// In service plus waiting.
    OngoingRequests,
    /// Busy slots / (ready replicas x concurrency), in percent; draining replicas excluded.
    UtilizationPercent,
    /// CPU of the average counted replica, in percent (see [`super::Resources`]).
    CpuPercent,
    /// Memory of the average counted replica, in percent.
    MemoryPercent,
    /// GPU of the average counted replica, in percent.
    GpuPercent,
    /// Open connections.
    Connections,
    /// Mean response time of completions, in milliseconds.
    ResponseTimeMs,
    /// Median response time, in milliseconds.
    P50Ms,
    /// 90th percentile of response times, in milliseconds.
    P90Ms,
    /// 95th percentile of response times, in milliseconds.
    P95Ms,
    /// 99th percentile of response times, in milliseconds.
    P99Ms,
    /// Rejected, timed out and lost requests per second.
    ErrorsPerS,
    /// Rejected, timed out and lost requests per minute.
    ErrorsPerMin,
    /// Bytes of arriving requests and their answers per second.
    BytesPerS,
    /// Live replicas: starting plus ready.
    Replicas,
    /// Seconds since the last request arrived, or since the start; zero while any is in service or
    /// waiting.
    IdleS,
}

impl Metric {
    /// Every metric.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Those that are percentages may be named without saying so: `cpu` for `cpu_percent`.
    pub const SHORT: [&str; 4] = ["cpu", "memory", "gpu", "utilization"];

    /// Its name in scenarios and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RequestsPerS => "requests_per_s",
            Self::RequestsPerMin => "requests_per_min",
            Self::InFlightRequests => "in_flight_requests",
            Self::QueuedRequests => "queued_requests",
            Self::OngoingRequests => "ongoing_requests",
            Self::UtilizationPercent => "utilization_percent",
            Self::CpuPercent => "cpu_percent",
            Self::MemoryPercent => "memory_percent",
            Self::GpuPercent => "gpu_percent",
            Self::Connections => "connections",
            Self::ResponseTimeMs => "response_time_ms",
            Self::P50Ms => "p50_ms",
            Self::P90Ms => "p90_ms",
            Self::P95Ms => "p95_ms",
            Self::P99Ms => "p99_ms",
            Self::ErrorsPerS => "errors_per_s",
            Self::ErrorsPerMin => "errors_per_min",
            Self::BytesPerS => "bytes_per_s",
            Self::Replicas => "replicas",
            Self::IdleS => "idle_s",
        }
    }

    /// Whether the metric is an average or quantile by nature, so that dividing it by replicas has no
    /// meaning.
    pub const fn is_average(self) -> bool {
        matches!(
            self,
            Self::UtilizationPercent
                | Self::CpuPercent
                | Self::MemoryPercent
                | Self::GpuPercent
                | Self::ResponseTimeMs
                | Self::P50Ms
                | Self::P90Ms
                | Self::P95Ms
                | Self::P99Ms
                | Self::IdleS
        )
    }

    /// Whether it has a value at an instant; the others count or rate what happens over time.
    pub const fn is_gauge(self) -> bool {
        match self {
            Self::InFlightRequests
            | Self::QueuedRequests
            | Self::OngoingRequests
            | Self::UtilizationPercent
            | Self::CpuPercent
            | Self::MemoryPercent
            | Self::GpuPercent
            | Self::Connections
            | Self::Replicas
            | Self::IdleS => true,
            Self::RequestsPerS
            | Self::RequestsPerMin
            | Self::ErrorsPerS
            | Self::ErrorsPerMin
            | Self::BytesPerS
            | Self::ResponseTimeMs
            | Self::P50Ms
            | Self::P90Ms
            | Self::P95Ms
            | Self::P99Ms => false,
        }
    }

    /// Whether it is told by requests rather than by replicas.
    pub const fn is_of_requests(self) -> bool {
        self.needs_histogram() || matches!(self, Self::ResponseTimeMs | Self::IdleS)
    }

    /// Whether it needs the histogram of response times.
    pub const fn needs_histogram(self) -> bool {
        self.quantile().is_some()
    }

    /// Which quantile of response times it is, if it is one.
    pub const fn quantile(self) -> Option<f64> {
        match self {
            Self::P50Ms => Some(0.5),
            Self::P90Ms => Some(0.9),
            Self::P95Ms => Some(0.95),
            Self::P99Ms => Some(0.99),
            Self::RequestsPerS
            | Self::RequestsPerMin
            | Self::InFlightRequests
            | Self::QueuedRequests
            | Self::OngoingRequests
            | Self::UtilizationPercent
            | Self::CpuPercent
            | Self::MemoryPercent
            | Self::GpuPercent
            | Self::Connections
            | Self::ResponseTimeMs
            | Self::ErrorsPerS
            | Self::ErrorsPerMin
            | Self::BytesPerS
            | Self::Replicas
            | Self::IdleS => None,
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Metric {
    type Err = ();
    /// Full names, and the short `cpu`, `memory`, `gpu`, `utilization`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let full = match Self::SHORT.contains(&text) {
            true => format!("{text}_percent"),
            false => text.to_owned(),
        };
        Self::ALL.iter().copied().find(|metric| metric.name() == full).ok_or(())
    }
}

//! What is known of a series by its name.

use crate::dryrun::columns::{READY, REPLICAS};
use autosim_engine::workload::trace::Measured;

/// How the values of a series become those of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    /// As they are.
    Level,
    /// Counted since the beginning: what it grew by.
    Counter(Per),
    /// Counted in each period. A period without a value counted nothing.
    PerPeriod(Per),
    /// Seconds: in milliseconds.
    Seconds,
}

/// What a column is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Per {
    Second,
    Minute,
}

impl Per {
    pub(super) const fn seconds(self) -> f64 {
        match self {
            Self::Second => 1.0,
            Self::Minute => 60.0,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
        }
    }

    /// By the name of the column, which says it: `requests_per_min`.
    fn of(column: &str) -> Option<Self> {
        let says = |unit: &str| column.contains(unit);
        let minute = says("_per_min").then_some(Self::Minute);
        minute.or_else(|| says("_per_s").then_some(Self::Second))
    }
}

/// What the values of a series are, whatever column it becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Level,
    Counter,
    PerPeriod,
    Seconds,
}

/// A metric that is known by its name: which statistic of it (of CloudWatch, where it says), the column it is, and
/// what its values are. Of several for one column the first one wins.
struct Known(&'static str, Option<&'static str>, &'static str, Kind);

const KNOWN: &[Known] = &[
    // kube-state-metrics
    Known("kube_deployment_status_replicas", None, REPLICAS, Kind::Level),
    Known("kube_statefulset_status_replicas", None, REPLICAS, Kind::Level),
    Known("kube_horizontalpodautoscaler_status_current_replicas", None, REPLICAS, Kind::Level),
    Known("kube_replicaset_status_replicas", None, REPLICAS, Kind::Level),
    Known("kube_deployment_status_replicas_ready", None, READY, Kind::Level),
    Known("kube_statefulset_status_replicas_ready", None, READY, Kind::Level),
    Known("kube_deployment_status_replicas_available", None, READY, Kind::Level),
    Known("kube_replicaset_status_ready_replicas", None, READY, Kind::Level),
    // Counters of requests as servers and meshes name them.
    Known("http_requests_total", None, "requests_per_s", Kind::Counter),
    Known("http_server_requests_seconds_count", None, "requests_per_s", Kind::Counter),
    Known("istio_requests_total", None, "requests_per_s", Kind::Counter),
    Known("nginx_ingress_controller_requests", None, "requests_per_s", Kind::Counter),
    // CloudWatch
    Known("RequestCount", Some("Sum"), "requests_per_s", Kind::PerPeriod),
    Known("RequestCountPerTarget", Some("Sum"), "requests_per_s_per_replica", Kind::PerPeriod),
    Known("HTTPCode_Target_5XX_Count", Some("Sum"), "errors_per_s", Kind::PerPeriod),
    Known("CPUUtilization", Some("Average"), "cpu_percent", Kind::Level),
    Known("MemoryUtilization", Some("Average"), "memory_percent", Kind::Level),
    Known("TargetResponseTime", Some("Average"), "response_time_ms", Kind::Seconds),
    Known("TargetResponseTime", Some("p50"), "p50_ms", Kind::Seconds),
    Known("TargetResponseTime", Some("p90"), "p90_ms", Kind::Seconds),
    Known("TargetResponseTime", Some("p95"), "p95_ms", Kind::Seconds),
    Known("TargetResponseTime", Some("p99"), "p99_ms", Kind::Seconds),
    Known("GroupTotalInstances", Some("Average"), REPLICAS, Kind::Level),
    Known("RunningTaskCount", Some("Average"), REPLICAS, Kind::Level),
    Known("GroupInServiceInstances", Some("Average"), READY, Kind::Level),
    Known("HealthyHostCount", Some("Average"), READY, Kind::Level),
];

/// The ending of names of columns in milliseconds.
const MILLISECONDS: &str = "_ms";
/// Endings of names of counters (Prometheus' naming conventions).
const COUNTERS: [&str; 2] = ["_total", "_count"];

/// What is known of a series by its name, which CloudWatch may put behind that of its dimension.
fn known(series: &Measured) -> Option<(usize, &'static Known)> {
    let metric = series.metric();
    let metric = metric.rsplit_once(' ').map_or(metric, |(_, metric)| metric);
    let statistic = series.label("statistic");
    KNOWN.iter().enumerate().find(|(_, known)| {
        known.0 == metric && (statistic.is_none() || known.1.is_none() || statistic == known.1)
    })
}

/// The column that a series is by its name, and its rank: one that bears the column's own name is the best.
pub(super) fn usual(series: &Measured) -> Option<(String, usize)> {
    if let Some((rank, known)) = known(series) {
        return Some((known.2.to_owned(), rank + 1));
    }
    let name = series.metric();
    let other = series.label("statistic").is_some_and(|statistic| statistic != "Average");
    // Seconds of CPU are percent only beside what was requested.
    let cpu = name == "container_cpu_usage_seconds_total";
    (!other && !cpu && !name.is_empty() && !name.starts_with('{')).then(|| (name.to_owned(), 0))
}

/// What becomes of its values as a column: only a rate is one of what was counted, as only milliseconds are of
/// seconds. A gauge may be called as counters are.
pub(super) fn nature(column: &str, series: &Measured) -> Nature {
    let own = column.rsplit('/').next().unwrap_or_default();
    match (kind(series), Per::of(own)) {
        (Kind::Counter, Some(per)) => Nature::Counter(per),
        (Kind::PerPeriod, Some(per)) => Nature::PerPeriod(per),
        (Kind::Seconds, _) if own.ends_with(MILLISECONDS) => Nature::Seconds,
        (Kind::Counter | Kind::PerPeriod | Kind::Seconds | Kind::Level, _) => Nature::Level,
    }
}

/// By its name: counters end alike.
fn kind(series: &Measured) -> Kind {
    match known(series) {
        Some((_, known)) => known.3,
        None if series.label("statistic") == Some("Sum") => Kind::PerPeriod,
        None if COUNTERS.iter().any(|end| series.metric().ends_with(end)) => Kind::Counter,
        None => Kind::Level,
    }
}

/// Why a series may be meant otherwise, and how to say it, where a user makes it a column as it is.
pub(super) fn doubt(column: &str, series: &Measured) -> Option<(&'static str, String)> {
    let (metric, name) = (series.metric(), &series.name);
    if column.ends_with(MILLISECONDS) && metric.contains("_seconds") {
        let hint = format!("of seconds: --column '{column}={name}*1000'");
        return Some(("its name says seconds", hint));
    }
    let surely =
        metric.ends_with("_total") || known(series).is_some() && kind(series) == Kind::Counter;
    (surely && column != metric).then(|| {
        let hint = "a column whose name says `_per_s` or `_per_min` is what it grew by; or let the query take its rate";
        ("it is what was counted since the beginning, as it is", hint.to_owned())
    })
}

//! What is known of a series by its name.

use crate::dryrun::columns::{READY, REPLICAS};
use autosim_engine::workload::trace::Measured;

/// What the values of a series are, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    /// As they are.
    Level,
    /// Counted since the beginning: what it grew by per second.
    Counter,
    /// Counted in each period: per second. A period without a value counted nothing.
    PerPeriod,
    /// Seconds: in milliseconds.
    Seconds,
}

/// A metric that is known by its name: which statistic of it (of CloudWatch, where it says), the column it is, and
/// what its values are. Of several for one column the first one wins.
struct Known(&'static str, Option<&'static str>, &'static str, Nature);

const KNOWN: &[Known] = &[
    // kube-state-metrics
    Known("kube_deployment_status_replicas", None, REPLICAS, Nature::Level),
    Known("kube_statefulset_status_replicas", None, REPLICAS, Nature::Level),
    Known("kube_horizontalpodautoscaler_status_current_replicas", None, REPLICAS, Nature::Level),
    Known("kube_replicaset_status_replicas", None, REPLICAS, Nature::Level),
    Known("kube_deployment_status_replicas_ready", None, READY, Nature::Level),
    Known("kube_statefulset_status_replicas_ready", None, READY, Nature::Level),
    Known("kube_deployment_status_replicas_available", None, READY, Nature::Level),
    Known("kube_replicaset_status_ready_replicas", None, READY, Nature::Level),
    // Counters of requests as servers and meshes name them.
    Known("http_requests_total", None, "requests_per_s", Nature::Counter),
    Known("http_server_requests_seconds_count", None, "requests_per_s", Nature::Counter),
    Known("istio_requests_total", None, "requests_per_s", Nature::Counter),
    Known("nginx_ingress_controller_requests", None, "requests_per_s", Nature::Counter),
    // CloudWatch
    Known("RequestCount", Some("Sum"), "requests_per_s", Nature::PerPeriod),
    Known("RequestCountPerTarget", Some("Sum"), "requests_per_s_per_replica", Nature::PerPeriod),
    Known("HTTPCode_Target_5XX_Count", Some("Sum"), "errors_per_s", Nature::PerPeriod),
    Known("CPUUtilization", Some("Average"), "cpu_percent", Nature::Level),
    Known("MemoryUtilization", Some("Average"), "memory_percent", Nature::Level),
    Known("TargetResponseTime", Some("Average"), "response_time_ms", Nature::Seconds),
    Known("TargetResponseTime", Some("p50"), "p50_ms", Nature::Seconds),
    Known("TargetResponseTime", Some("p90"), "p90_ms", Nature::Seconds),
    Known("TargetResponseTime", Some("p95"), "p95_ms", Nature::Seconds),
    Known("TargetResponseTime", Some("p99"), "p99_ms", Nature::Seconds),
    Known("GroupTotalInstances", Some("Average"), REPLICAS, Nature::Level),
    Known("RunningTaskCount", Some("Average"), REPLICAS, Nature::Level),
    Known("GroupInServiceInstances", Some("Average"), READY, Nature::Level),
    Known("HealthyHostCount", Some("Average"), READY, Nature::Level),
];

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

/// What its values are, by its name: counters end alike.
pub(super) fn nature(series: &Measured) -> Nature {
    let counts = || COUNTERS.iter().any(|end| series.metric().ends_with(end));
    match known(series) {
        Some((_, known)) => known.3,
        None if counts() && !series.labels.is_empty() => Nature::Counter,
        None => Nature::Level,
    }
}

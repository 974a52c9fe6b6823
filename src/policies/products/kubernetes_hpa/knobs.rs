//! Flags of kube-controller-manager, gates, and the metrics path.

use crate::products::knobs::{check_ranges, knobs};
use crate::products::kubernetes::workload::Amounts;
use autosim_engine::signal::MetricRef;
use std::collections::BTreeMap;

const DAY_S: u32 = 86_400;

knobs! {
/// What is set for a cluster rather than for an autoscaler, and what stands around it in a simulation.
pub struct Knobs {
    /// Which autoscaler of several, by its name or `NAMESPACE/NAME`. Default: the only one.
    autoscaler: Option<String> = None;
    /// The minor version of Kubernetes, 1.27 to 1.37. Default 37.
    kubernetes_minor: u32 = 37;
    /// Seconds between passes. Default 15.
    sync_period_s: u32 = 15, "the default of --horizontal-pod-autoscaler-sync-period";
    /// How far the ratio of a metric to its target may be from one. Default 0.1.
    tolerance: f64 = 0.1, "the default of --horizontal-pod-autoscaler-tolerance";
    /// Seconds of the window of scaling in where the autoscaler names none. Default 300.
    downscale_stabilization_s: u32 = 300,
        "the default of --horizontal-pod-autoscaler-downscale-stabilization";
    /// Seconds from a pod's start in which the rules of the start hold for its cpu. Default 300.
    cpu_initialization_period_s: u32 = 300,
        "the default of --horizontal-pod-autoscaler-cpu-initialization-period";
    /// Seconds after a pod's start before which losing readiness means that it never was ready. Default 30.
    initial_readiness_delay_s: u32 = 30,
        "the default of --horizontal-pod-autoscaler-initial-readiness-delay";
    /// The gate HPAConfigurableTolerance; on since 1.35 unless this says otherwise.
    configurable_tolerance: Option<bool> = None, "the gate's default: on since 1.35";
    /// The gate HPAScaleToZero; on since 1.37 unless this says otherwise.
    scale_to_zero: Option<bool> = None, "the gate's default: on since 1.37";
    /// What a pod requests of cpu and memory, where no workload beside the autoscaler says so; what it is given,
    /// if that does not either.
    requests: Amounts = Amounts::default(),
        "without a workload beside it, a pod requests what it is given";
    /// What a pod is given of cpu and memory, where no workload beside the autoscaler says so; what it requests,
    /// if that does not either. Of a target in cores or bytes it is 1 core and 1Gi where nothing is known.
    limits: Amounts = Amounts::default(), "without limits a pod is given what it requests";
    /// Seconds between two samples of a pod's cpu and memory. Default 15.
    metrics_resolution_s: u32 = 15, "--metric-resolution in the manifest of metrics-server";
    /// Seconds that a sample of a pod's cpu is the mean of. Default 15.
    metrics_window_s: u32 = 15, "metrics-server takes the rate between two of its scrapes";
    /// The metric of the simulation that a Pods, Object or External metric stands for, by its own name:
    /// `{ http_requests = "requests_per_s" }`; one that is not named stands for the metric of the same name.
    metrics: BTreeMap<String, MetricRef> = BTreeMap::new(),
        "no document says what a custom metric counts";
    /// Seconds between two scrapes of a custom metric. Default 30.
    scrape_interval_s: u32 = 30, "the interval of kube-prometheus";
    /// Seconds over which the adapter takes the rate of a custom metric that counts. Default 120.
    rate_window_s: u32 = 120, "the window in the walkthrough of prometheus-adapter";
} check(self, faults) {
    check_ranges(faults, &[
        ("kubernetes_minor", self.kubernetes_minor, 27..=37),
        ("sync_period_s", self.sync_period_s, 1..=DAY_S),
        ("downscale_stabilization_s", self.downscale_stabilization_s, 0..=DAY_S),
        ("cpu_initialization_period_s", self.cpu_initialization_period_s, 0..=DAY_S),
        ("initial_readiness_delay_s", self.initial_readiness_delay_s, 0..=DAY_S),
        ("metrics_resolution_s", self.metrics_resolution_s, 1..=DAY_S),
        ("metrics_window_s", self.metrics_window_s, 1..=DAY_S),
        ("scrape_interval_s", self.scrape_interval_s, 1..=DAY_S),
        ("rate_window_s", self.rate_window_s, 1..=DAY_S),
    ]);
    if !(0.0..1.0).contains(&self.tolerance) {
        let message = format!("{} is not a share", self.tolerance);
        faults.error("tolerance", message, "from 0 to less than 1");
    }
}
}

impl Knobs {
    /// Whether an autoscaler may say its own tolerance.
    pub(super) fn tolerances_count(&self) -> bool {
        self.configurable_tolerance.unwrap_or(self.kubernetes_minor >= 35)
    }

    /// Whether `minReplicas` may be 0.
    pub(super) fn scales_to_zero(&self) -> bool {
        self.scale_to_zero.unwrap_or(self.kubernetes_minor >= 37)
    }

    /// The metric of the simulation that a custom metric stands for.
    pub(super) fn stands_for(&self, name: &str) -> Option<MetricRef> {
        self.metrics.get(name).cloned().or_else(|| name.parse().ok())
    }
}

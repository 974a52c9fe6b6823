//! Flags of kube-controller-manager, gates, and the metrics path.

use super::metrics_server::Timing;
use super::pods::StartUp;
use crate::products::knobs::{check_ranges, knobs};
use crate::products::kubernetes::workload::Amounts;
use autosim_engine::signal::{MetricRef, Missing};
use autosim_engine::units::Span;
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
    /// Whether a pod is ready when the readiness probe of the workload beside the autoscaler has found it so, after its
    /// `cold_start`; otherwise at the end of that, which then holds what the probe takes too. Default true.
    readiness_probes: bool = true, "a cold start is until the pod can serve";
    /// Seconds between two samples of a pod's cpu and memory. Default 15.
    metrics_resolution_s: u32 = 15, "--metric-resolution in the manifest of metrics-server";
    /// Seconds from the start to the first scrape of metrics-server, at least 1. Default 7.
    metrics_phase_s: u32 = 7,
        "its scrapes and the passes of the controller are not synchronised: half a period apart, cut";
    /// Seconds between two looks of the kubelet at a container. Default 10.
    housekeeping_s: u32 = 10, "the default of the kubelet's --housekeeping-interval";
    /// Pods are looked at in so many groups, each at instants of its own; 1 to 16. Default 4.
    kubelet_phases: u32 = 4, "kubelets are not synchronised; which pods share a node is not modelled";
    /// Whether each pod is looked at by itself, with those that start; otherwise the mean of the ready ones is, at
    /// the instants of metrics-server's scrapes. Default true.
    per_pod: bool = true, "metrics-server samples each pod";
    /// The metric of the simulation that a Pods, Object or External metric stands for, by its own name:
    /// `{ http_requests = "requests_per_s" }`; one that is not named stands for the metric of the same name.
    metrics: BTreeMap<String, MetricRef> = BTreeMap::new(),
        "no document says what a custom metric counts";
    /// What a Pods, Object or External metric reads where its source has nothing, as in a metric outage: `"no-data"`
    /// (the metric fails), `"hold"` (the last value), or a number. Default no-data.
    metrics_missing: Missing = Missing::NoData,
        "an adapter answers with what its query does; one that ends in `or vector(0)` reads 0";
    /// Seconds between two scrapes of a custom metric. Default 30.
    scrape_interval_s: u32 = 30, "the interval of kube-prometheus";
    /// Seconds over which the adapter takes the rate of a custom metric that counts, cpu among them. Default 120.
    rate_window_s: u32 = 120, "the window in the walkthrough of prometheus-adapter";
} check(self, faults) {
    check_ranges(faults, &[
        ("kubernetes_minor", self.kubernetes_minor, 27..=37),
        ("sync_period_s", self.sync_period_s, 1..=DAY_S),
        ("downscale_stabilization_s", self.downscale_stabilization_s, 0..=DAY_S),
        ("cpu_initialization_period_s", self.cpu_initialization_period_s, 0..=DAY_S),
        ("initial_readiness_delay_s", self.initial_readiness_delay_s, 0..=DAY_S),
        ("metrics_resolution_s", self.metrics_resolution_s, 1..=DAY_S),
        ("metrics_phase_s", self.metrics_phase_s, 1..=DAY_S),
        ("housekeeping_s", self.housekeeping_s, 1..=DAY_S),
        ("kubelet_phases", self.kubelet_phases, 1..=16),
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
    /// When pods are looked at on the way to the metrics API.
    pub(super) fn timing(&self) -> Timing {
        let seconds = |count: u32| Span::from_secs(u64::from(count));
        Timing {
            housekeeping: seconds(self.housekeeping_s),
            phases: self.kubelet_phases,
            resolution: seconds(self.metrics_resolution_s),
            first_scrape: seconds(self.metrics_phase_s),
        }
    }

    /// The rules for pods that start.
    pub(super) fn start_up(&self) -> StartUp {
        StartUp {
            initialization: Span::from_secs(u64::from(self.cpu_initialization_period_s)),
            readiness_delay: Span::from_secs(u64::from(self.initial_readiness_delay_s)),
        }
    }

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

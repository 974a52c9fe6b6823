//! A revision and its cluster in Knative's own words, and what they come to.

use super::buckets::Algorithm;
use super::decider::Spec;
use super::reconciler::Rules;
use super::target::{ScaleBy, Wanted};
use crate::products::Omitted;
use autosim_engine::units::Span;
use serde_json::Value;

/// Utilisation that is aimed at for requests per second.
const RPS_FRACTION: f64 = 0.7;
/// What an activation may take longer than the progress deadline.
const AFTER_DEADLINE: Span = Span::from_secs(30);
/// `timeoutSeconds` where it is left out.
pub(super) const TIMEOUT_S: u64 = 300;
const SECOND: u64 = 1_000_000_000;

/// The ConfigMaps of the cluster: `config-autoscaler`, and of `config-deployment` the deadline.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// `pod-autoscaler-class`.
    pub class: String,
    /// `enable-scale-to-zero`.
    pub scale_to_zero: bool,
    /// `allow-zero-initial-scale`.
    pub allow_zero_initial_scale: bool,
    /// `container-concurrency-target-percentage` as a share.
    pub concurrency_fraction: f64,
    /// `container-concurrency-target-default`.
    pub concurrency_default: f64,
    /// `requests-per-second-target-default`.
    pub rps_default: f64,
    /// `target-burst-capacity`.
    pub burst_capacity: f64,
    /// `stable-window`.
    pub stable_window: Span,
    /// `panic-window-percentage`.
    pub panic_window_percent: f64,
    /// `panic-threshold-percentage`.
    pub panic_threshold_percent: f64,
    /// `max-scale-up-rate`.
    pub max_scale_up_rate: f64,
    /// `max-scale-down-rate`.
    pub max_scale_down_rate: f64,
    /// `scale-to-zero-grace-period`.
    pub grace: Span,
    /// `scale-to-zero-pod-retention-period`.
    pub retention: Span,
    /// `scale-down-delay`.
    pub scale_down_delay: Span,
    /// `initial-scale`.
    pub initial: u32,
    /// `min-scale`.
    pub min: u32,
    /// `max-scale`; 0 = no limit.
    pub max: u32,
    /// `max-scale-limit`; 0 = none.
    pub max_limit: u32,
    /// `activator-capacity`.
    pub activator_capacity: f64,
    /// `progress-deadline`.
    pub progress_deadline: Span,
}

impl Default for Cluster {
    fn default() -> Self {
        Self {
            class: super::KPA.to_owned(),
            scale_to_zero: true,
            allow_zero_initial_scale: false,
            concurrency_fraction: 0.7,
            concurrency_default: 100.0,
            rps_default: 200.0,
            burst_capacity: 211.0,
            stable_window: Span::from_secs(60),
            panic_window_percent: 10.0,
            panic_threshold_percent: 200.0,
            max_scale_up_rate: 1000.0,
            max_scale_down_rate: 2.0,
            grace: Span::from_secs(30),
            retention: Span::ZERO,
            scale_down_delay: Span::ZERO,
            initial: 1,
            min: 0,
            max: 0,
            max_limit: 0,
            activator_capacity: 100.0,
            progress_deadline: Span::from_secs(600),
        }
    }
}

/// The annotations of a revision, as far as they are given.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Annotations {
    /// `metric`.
    pub metric: Option<ScaleBy>,
    /// `metric-aggregation-algorithm`.
    pub algorithm: Option<Algorithm>,
    /// `target`.
    pub target: Option<f64>,
    /// `target-utilization-percentage`.
    pub utilization_percent: Option<f64>,
    /// `target-burst-capacity`.
    pub burst_capacity: Option<f64>,
    /// `window`.
    pub window: Option<Span>,
    /// `panic-window-percentage`.
    pub panic_window_percent: Option<f64>,
    /// `panic-threshold-percentage`.
    pub panic_threshold_percent: Option<f64>,
    /// `scale-to-zero-pod-retention-period`.
    pub retention: Option<Span>,
    /// `scale-down-delay`.
    pub scale_down_delay: Option<Span>,
    /// `initial-scale`.
    pub initial: Option<u32>,
    /// `min-scale`.
    pub min: Option<u32>,
    /// `max-scale`.
    pub max: Option<u32>,
    /// `activation-scale`.
    pub activation_scale: Option<u32>,
}

/// A Service, read and found good.
#[derive(Debug, Clone)]
pub struct Model {
    /// `metadata.name`.
    pub name: String,
    /// The annotations of its template.
    pub annotations: Annotations,
    /// `containerConcurrency`; 0 = no limit.
    pub container_concurrency: u32,
    /// `timeoutSeconds`: how long a pod that goes may finish its requests.
    pub timeout: Span,
    /// The cluster it is in.
    pub cluster: Cluster,
    /// The documents as typed.
    pub typed: Vec<Value>,
    /// Members that were left out.
    pub omitted: Vec<Omitted>,
}

/// What the rules of a revision come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// What is counted.
    pub metric: ScaleBy,
    /// How windows become numbers.
    pub algorithm: Algorithm,
    /// The panic window.
    pub panic_window: Span,
    /// What the autoscaler goes by.
    pub spec: Spec,
    /// What the reconciler goes by.
    pub rules: Rules,
}

impl Model {
    /// A revision of which nothing else is known.
    pub(super) fn of_revision(
        annotations: Annotations,
        container_concurrency: u32,
        cluster: Cluster,
    ) -> Self {
        Self {
            name: String::new(),
            annotations,
            container_concurrency,
            timeout: Span::from_secs(TIMEOUT_S),
            cluster,
            typed: Vec::new(),
            omitted: Vec::new(),
        }
    }

    /// The rules in force; annotations before the cluster's values.
    pub fn settings(&self, reachable: bool) -> Settings {
        let (own, cluster) = (&self.annotations, &self.cluster);
        let metric = own.metric.unwrap_or(ScaleBy::Concurrency);
        let (default, fraction) = match metric {
            ScaleBy::Concurrency => (cluster.concurrency_default, cluster.concurrency_fraction),
            ScaleBy::Rps => (cluster.rps_default, RPS_FRACTION),
        };
        let target = Wanted {
            metric,
            default,
            fraction,
            container_concurrency: self.container_concurrency,
            target: own.target,
            utilization_percent: own.utilization_percent,
        };
        let target = target.resolve();
        let stable_window = own.window.unwrap_or(cluster.stable_window);
        let burst_capacity = own.burst_capacity.unwrap_or(cluster.burst_capacity);
        let percent = own.panic_threshold_percent.unwrap_or(cluster.panic_threshold_percent);
        let spec = Spec {
            target: target.target,
            total: target.total,
            burst_capacity,
            panic_threshold: percent / 100.0,
            max_scale_up_rate: cluster.max_scale_up_rate,
            max_scale_down_rate: cluster.max_scale_down_rate,
            stable_window,
            scale_down_delay: own.scale_down_delay.unwrap_or(cluster.scale_down_delay),
            reachable,
            activation_scale: own.activation_scale.unwrap_or(0),
        };
        let percent = own.panic_window_percent.unwrap_or(cluster.panic_window_percent);
        Settings {
            metric,
            algorithm: own.algorithm.unwrap_or(Algorithm::Linear),
            panic_window: panic_window(stable_window, percent),
            spec,
            rules: self.rules(&spec),
        }
    }

    fn rules(&self, spec: &Spec) -> Rules {
        let (own, cluster) = (&self.annotations, &self.cluster);
        Rules {
            scale_to_zero: cluster.scale_to_zero,
            min: own.min.unwrap_or(cluster.min),
            max: own.max.unwrap_or(cluster.max),
            initial: self.initial(),
            stable_window: spec.stable_window,
            grace: cluster.grace,
            retention: own.retention.unwrap_or(cluster.retention),
            activation_timeout: cluster.progress_deadline + AFTER_DEADLINE,
            reachable: spec.reachable,
            probes: spec.burst_capacity >= 0.0,
        }
    }

    /// Pods it begins with; a zero that the cluster does not allow is not taken.
    fn initial(&self) -> u32 {
        let allowed = |count: &u32| *count > 0 || self.cluster.allow_zero_initial_scale;
        self.annotations.initial.filter(allowed).unwrap_or(self.cluster.initial)
    }
}

/// A share of the stable window in whole seconds, at least one.
fn panic_window(stable: Span, percent: f64) -> Span {
    let share = Span((stable.0 as f64 * percent / 100.0) as u64);
    let seconds = share.0.saturating_add(SECOND / 2) / SECOND;
    Span::from_secs(seconds.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Section 2: | stable window | percent | panic window |
    #[test]
    fn the_panic_window_is_rounded_to_whole_seconds_and_never_nothing() {
        for (stable, percent, panic) in [
            (60, 10.0, 6),
            (15, 10.0, 2),
            (14, 10.0, 1),
            (6, 1.0, 1),
            (40, 20.0, 8),
            (60, 100.0, 60),
        ] {
            let found = panic_window(Span::from_secs(stable), percent);
            assert_eq!(found, Span::from_secs(panic), "{percent} % of {stable} s");
        }
    }
}

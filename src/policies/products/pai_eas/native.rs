//! The request body of `CreateServiceAutoScaler` in the platform's own words.

use crate::products::words::words;
use crate::products::{Omitted, Words};
use autosim_engine::signal::Metric;
use serde_json::Value;

/// A body, read and found good.
#[derive(Debug, Clone, PartialEq)]
pub struct AutoScaler {
    /// `min`: fewest replicas.
    pub min: u32,
    /// `max`: most replicas, more than `min`.
    pub max: u32,
    /// `scaleStrategies`: one target per metric, at least one.
    pub strategies: Vec<Strategy>,
    /// `behavior`, defaults filled in.
    pub behavior: Behavior,
    /// The body as it was typed, aliases replaced: what is sent to the API.
    pub(super) written: Value,
    /// Members left out, with what the platform takes in their place.
    pub(super) omitted: Vec<Omitted>,
}

/// One of `scaleStrategies`.
#[derive(Debug, Clone, PartialEq)]
pub struct Strategy {
    /// `metricName`.
    pub metric: MetricName,
    /// `threshold`, in the metric's unit; above zero.
    pub threshold: f64,
    /// `service`: whose metric is read; `None` = the service itself.
    pub service: Option<String>,
}

words! {
    /// The metrics a strategy may name, those of the API first; upper and lower case are the same.
    pub enum MetricName {
        /// Requests per second of a replica.
        Qps = "qps",
        /// CPU of the average replica, in percent.
        Cpu = "cpu",
        /// GPU of the average replica, in percent.
        GpuUtil = "gpu[util]",
        /// Thousandths of a request per second of a replica; a word of the client tool.
        Qps1k = "qps1k",
        /// Waiting requests of a replica; a word of the client tool.
        QueueAvgBacklog = "queue[avgbacklog]",
    }
}

impl MetricName {
    /// By name, whatever its case.
    pub fn named(name: &str) -> Option<Self> {
        <Self as Words>::named(&name.to_ascii_lowercase())
    }

    /// Whether the API's own reference lists it.
    pub const fn in_api(self) -> bool {
        matches!(self, Self::Qps | Self::Cpu | Self::GpuUtil)
    }

    /// What is measured.
    pub const fn metric(self) -> Metric {
        match self {
            Self::Qps | Self::Qps1k => Metric::RequestsPerS,
            Self::Cpu => Metric::CpuPercent,
            Self::GpuUtil => Metric::GpuPercent,
            Self::QueueAvgBacklog => Metric::QueuedRequests,
        }
    }
}

/// `behavior`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behavior {
    /// `scaleUp.stabilizationWindowSeconds`.
    pub scale_up_window_s: u32,
    /// `scaleDown.stabilizationWindowSeconds`.
    pub scale_down_window_s: u32,
    /// `onZero.scaleDownGracePeriodSeconds`.
    pub grace_s: u32,
    /// `onZero.scaleUpActivationReplicas`.
    pub activation_replicas: u32,
}

impl Default for Behavior {
    fn default() -> Self {
        Self {
            scale_up_window_s: 0,
            scale_down_window_s: 300,
            grace_s: 600,
            activation_replicas: 1,
        }
    }
}

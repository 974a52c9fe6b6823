//! The request body of `CreateServiceAutoScaler` in the platform's own words.

use crate::products::Omitted;
use autosim_engine::signal::Metric;
use serde_json::{Value, json};

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
    /// Which of the documents it was, from 0.
    pub(super) document: usize,
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

/// The metrics a strategy may name; upper and lower case are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricName {
    /// `qps`: requests per second of a replica.
    Qps,
    /// `cpu`: CPU of the average replica, in percent.
    Cpu,
    /// `gpu[util]`: GPU of the average replica, in percent.
    GpuUtil,
    /// `qps1k`: thousandths of a request per second of a replica; a word of the client tool.
    Qps1k,
    /// `queue[avgbacklog]`: waiting requests of a replica; a word of the client tool.
    QueueAvgBacklog,
}

impl MetricName {
    /// Every metric with its name, those of the API first.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Qps, "qps"),
        (Self::Cpu, "cpu"),
        (Self::GpuUtil, "gpu[util]"),
        (Self::Qps1k, "qps1k"),
        (Self::QueueAvgBacklog, "queue[avgbacklog]"),
    ];

    /// By name, whatever its case.
    pub fn named(name: &str) -> Option<Self> {
        let known = Self::ALL.iter().find(|(_, known)| name.eq_ignore_ascii_case(known));
        known.map(|&(metric, _)| metric)
    }

    /// The platform's name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(metric, _)| *metric == self).map_or("", |&(_, name)| name)
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

/// The members of `behavior` with the platform's defaults.
const BEHAVIOR: [(&str, &str); 4] = [
    ("scaleUp", "stabilizationWindowSeconds"),
    ("scaleDown", "stabilizationWindowSeconds"),
    ("onZero", "scaleDownGracePeriodSeconds"),
    ("onZero", "scaleUpActivationReplicas"),
];

impl AutoScaler {
    /// Members left out, with what the platform takes in their place.
    pub(super) fn omitted(&self) -> Vec<Omitted> {
        let document = self.document;
        let whose = self.strategies.iter().enumerate().filter(|(_, one)| one.service.is_none());
        let own = whose.map(|(at, _)| Omitted {
            document,
            path: format!("scaleStrategies.{at}.service"),
            value: json!("the service itself"),
        });
        let Behavior { scale_up_window_s, scale_down_window_s, grace_s, activation_replicas } =
            Behavior::default();
        let defaults = [scale_up_window_s, scale_down_window_s, grace_s, activation_replicas];
        let behavior = BEHAVIOR.iter().zip(defaults).filter_map(|(&(part, key), default)| {
            let typed = self.written.get("behavior").and_then(|all| all.get(part)?.get(key));
            let absent = typed.is_none_or(Value::is_null);
            let path = format!("behavior.{part}.{key}");
            absent.then(|| Omitted { document, path, value: json!(default) })
        });
        own.chain(behavior).collect()
    }
}

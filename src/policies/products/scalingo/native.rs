//! An autoscaler in the platform's own words.

use crate::products::Words;
use crate::products::facts::number;
use crate::products::words::words;
use autosim_engine::signal::Metric;
use serde_json::{Value, json};

/// The fewest containers an autoscaler may keep.
pub(super) const FEWEST: u32 = 2;

words! {
    /// What is measured.
    pub enum MetricName {
        /// Requests per minute over running containers.
        RpmPerContainer = "rpm_per_container",
        /// 95th percentile of response times, in milliseconds.
        P95ResponseTime = "p95_response_time",
        /// Errors per minute of the whole app.
        Errors5xx = "5XX",
        /// Mean over containers, as a fraction.
        Cpu = "cpu",
        /// Mean over containers, as a fraction.
        Memory = "memory",
        /// Mean over containers, as a fraction.
        Swap = "swap",
        /// Requests per minute of the whole app.
        All = "all",
    }
}

impl MetricName {
    /// Whether the router measures it, so that only `web` has it.
    pub const fn is_of_router(self) -> bool {
        matches!(self, Self::RpmPerContainer | Self::P95ResponseTime | Self::Errors5xx | Self::All)
    }

    /// Whether its unit is a fraction: 0.75 is 75 %.
    pub const fn is_fraction(self) -> bool {
        matches!(self, Self::Cpu | Self::Memory | Self::Swap)
    }

    /// What is measured; a simulated container has memory and no swap.
    pub const fn metric(self) -> Metric {
        match self {
            Self::RpmPerContainer | Self::All => Metric::RequestsPerMin,
            Self::P95ResponseTime => Metric::P95Ms,
            Self::Errors5xx => Metric::ErrorsPerMin,
            Self::Cpu => Metric::CpuPercent,
            Self::Memory | Self::Swap => Metric::MemoryPercent,
        }
    }
}

/// What an autoscaler is set to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AutoscalerSettings {
    /// `min_containers`; an old autoscaler may still say 1.
    pub min_containers: u32,
    /// `max_containers`, at least the minimum.
    pub max_containers: u32,
    /// `metric`.
    pub metric: MetricName,
    /// `target`, in the metric's unit; above zero.
    pub target: f64,
    /// `disabled`.
    pub disabled: bool,
}

impl AutoscalerSettings {
    /// The fewest containers in force, never under two.
    pub fn floor(&self) -> u32 {
        self.min_containers.max(FEWEST)
    }

    /// The most containers in force.
    pub fn ceiling(&self) -> u32 {
        self.max_containers.max(self.floor())
    }

    /// The body of a creation: the five members it takes, and the bounds in force, since a minimum of 1
    /// would be refused today.
    pub(super) fn create_body(&self, container_type: &str) -> Value {
        json!({ "autoscaler": {
            "container_type": container_type,
            "min_containers": self.floor(),
            "max_containers": self.ceiling(),
            "metric": self.metric.name(),
            "target": number(self.target),
        } })
    }

    /// The body of an update from `earlier`: what changed.
    pub(super) fn update_body(&self, earlier: &Self) -> Option<Value> {
        let mut changed = serde_json::Map::new();
        let mut note = |key: &str, differs: bool, value: Value| {
            if differs {
                changed.insert(key.into(), value);
            }
        };
        note("min_containers", self.floor() != earlier.floor(), json!(self.floor()));
        note("max_containers", self.ceiling() != earlier.ceiling(), json!(self.ceiling()));
        note("metric", self.metric != earlier.metric, json!(self.metric.name()));
        note("target", self.target != earlier.target, number(self.target));
        note("disabled", self.disabled != earlier.disabled, json!(self.disabled));
        (!changed.is_empty()).then(|| json!({ "autoscaler": changed }))
    }
}

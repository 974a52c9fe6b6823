//! A HorizontalPodAutoscaler in the platform's own words.

use super::controller::Behavior;
use super::words::SourceKind;
use crate::products::Omitted;
use crate::products::kubernetes::workload::Workload;
use autosim_engine::signal::MetricRef;
use serde_json::Value;

/// An autoscaler with the workload it scales, read and found good.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The autoscaler.
    pub hpa: Hpa,
    /// What it scales, if that stands beside it.
    pub workload: Option<Workload>,
    /// Every object as it was typed, without what only the platform writes.
    pub(super) written: Vec<Value>,
    /// Members left out, with what the platform takes in their place.
    pub(super) omitted: Vec<Omitted>,
}

/// An autoscaler of `autoscaling/v2`, defaults filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Hpa {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`; empty where there is none.
    pub namespace: String,
    /// `scaleTargetRef.kind`.
    pub target_kind: String,
    /// `scaleTargetRef.name`.
    pub target_name: String,
    /// `minReplicas`.
    pub min: i32,
    /// `maxReplicas`.
    pub max: i32,
    /// `metrics`.
    pub metrics: Vec<MetricSpec>,
    /// `behavior`, if it is there; the window of scaling in is `None` where the flag's counts.
    pub behavior: Option<BehaviorSpec>,
}

/// `behavior`.
#[derive(Debug, Clone, PartialEq)]
pub struct BehaviorSpec {
    /// Both directions.
    pub rules: Behavior,
    /// Whether the window of scaling in is written; the flag's counts otherwise.
    pub down_window: bool,
    /// `scaleUp.tolerance`.
    pub up_tolerance: Option<f64>,
    /// `scaleDown.tolerance`.
    pub down_tolerance: Option<f64>,
}

/// One of `metrics`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricSpec {
    /// `type`.
    pub kind: SourceKind,
    /// The name of the resource or of the metric.
    pub name: String,
    /// `container`, of a ContainerResource.
    pub container: Option<String>,
    /// What it is held against.
    pub target: MetricTarget,
    /// Of a Pods, Object or External metric: what it stands for in a simulation, if that is known.
    pub stands_for: Option<MetricRef>,
}

/// What a metric is held against, as the controller takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricTarget {
    /// `averageUtilization`, in percent.
    Utilization(i32),
    /// `averageValue`, in milli-units.
    Average(i64),
    /// `value`, in milli-units.
    Value(i64),
    /// Accepted by the API server, and of no use to the controller: the metric always fails.
    Useless,
}

impl Model {
    /// Of an autoscaler that no document holds.
    pub(in crate::products) fn generated(hpa: Hpa, workload: Option<Workload>) -> Self {
        Self { hpa, workload, written: Vec::new(), omitted: Vec::new() }
    }
}

impl MetricSpec {
    /// Its name in a recording: exactly what the controller sees.
    pub fn column(&self) -> String {
        let percent = match (self.kind, self.target) {
            (
                SourceKind::Resource | SourceKind::ContainerResource,
                MetricTarget::Utilization(_),
            ) => "_percent",
            _ => "",
        };
        let container = self.container.as_ref().map(|name| format!("[{name}]"));
        format!("{}{percent}{}", self.name, container.unwrap_or_default())
    }

    /// Whether it is a resource of that name.
    pub fn is_resource(&self, name: &str) -> bool {
        let kind = matches!(self.kind, SourceKind::Resource | SourceKind::ContainerResource);
        kind && self.name == name
    }
}

//! A decision as `kubectl get hpa -o yaml` shows it: `status`.

use super::controller::Conditions;
use super::native::{MetricSpec, MetricTarget, Model};
use super::words::{Active, AtZero, Limited, SourceKind};
use crate::products::facts::number;
use crate::products::{Happening, Words};
use serde_json::{Value, json};

/// The status once a pass is over.
pub(super) fn status(model: &Model, happening: &Happening<'_>) -> Value {
    let metrics = model.hpa.metrics.iter().zip(happening.readings);
    let metrics = metrics.filter_map(|(metric, reading)| {
        Some(current(metric, reading.value?, happening.census.live()))
    });
    let metrics: Vec<Value> = metrics.collect();
    json!({
        "currentReplicas": happening.census.live(),
        "desiredReplicas": happening.decision.desired,
        "currentMetrics": metrics,
        "conditions": conditions(Conditions::unpack(happening.decision.state)),
    })
}

/// The conditions as the object shows them.
pub(in crate::products) fn conditions(of: Conditions) -> Vec<Value> {
    let one = |kind: &str, holds: bool, reason: &str| {
        let status = if holds { "True" } else { "False" };
        json!({ "type": kind, "status": status, "reason": reason })
    };
    let able = of.able.map(|reason| one("AbleToScale", true, reason.name()));
    let active = of
        .active
        .map(|reason| one("ScalingActive", reason == Active::ValidMetricFound, reason.name()));
    let limited = of
        .limited
        .map(|reason| one("ScalingLimited", reason != Limited::DesiredWithinRange, reason.name()));
    let at_zero =
        of.at_zero.map(|reason| one("ScaledToZero", reason == AtZero::ScaledToZero, reason.name()));
    [able, active, limited, at_zero].into_iter().flatten().collect()
}

/// One of `currentMetrics`, as it was read; a total is shared out among so many pods.
fn current(metric: &MetricSpec, value: f64, pods: u32) -> Value {
    let current = match metric.target {
        MetricTarget::Utilization(_) => json!({ "averageUtilization": value as i64 }),
        MetricTarget::Average(_) => {
            let total = matches!(metric.kind, SourceKind::Object | SourceKind::External);
            let each = if total { value / f64::from(pods.max(1)) } else { value };
            json!({ "averageValue": number(each) })
        }
        MetricTarget::Value(_) | MetricTarget::Useless => json!({ "value": number(value) }),
    };
    let name = metric.name.as_str();
    let (member, told) = match metric.kind {
        SourceKind::Resource => ("resource", json!({ "name": name, "current": current })),
        SourceKind::ContainerResource => (
            "containerResource",
            json!({ "name": name, "container": metric.container, "current": current }),
        ),
        SourceKind::Pods => ("pods", json!({ "metric": { "name": name }, "current": current })),
        SourceKind::Object => ("object", json!({ "metric": { "name": name }, "current": current })),
        SourceKind::External => {
            ("external", json!({ "metric": { "name": name }, "current": current }))
        }
    };
    json!({ "type": metric.kind.name(), member: told })
}

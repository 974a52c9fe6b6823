//! What EAS shows of an autoscaler: the answer of `DescribeServiceAutoScaler`.

use super::{AutoScaler, Strategy};
use crate::products::facts::number;
use crate::products::{Happening, Words};
use serde_json::{Value, json};

/// The answer at a decision. A metric without data is left out of `CurrentMetrics`; `Behavior` holds a
/// second `behavior`, as the platform's own sample does.
pub(super) fn describe(model: &AutoScaler, happening: &Happening<'_>) -> Value {
    let shown = |strategy: &Strategy, key: &str, value: f64| {
        let mut shown = json!({ "metricName": strategy.metric.name(), key: number(value) });
        if let Some(service) = &strategy.service {
            shown["service"] = service.as_str().into();
        }
        shown
    };
    let strategies = model.strategies.iter();
    let strategies = strategies.map(|one| shown(one, "threshold", one.threshold));
    let strategies: Vec<Value> = strategies.collect();
    let current = model.strategies.iter().zip(happening.readings);
    let current = current.filter_map(|(one, read)| Some(shown(one, "value", read.value?)));
    let current: Vec<Value> = current.collect();
    let behavior = &model.behavior;
    json!({
        "MinReplica": model.min,
        "MaxReplica": model.max,
        "ScaleStrategies": strategies,
        "CurrentMetrics": current,
        "Behavior": { "behavior": {
            "scaleUp": { "stabilizationWindowSeconds": behavior.scale_up_window_s },
            "scaleDown": { "stabilizationWindowSeconds": behavior.scale_down_window_s },
            "onZero": {
                "scaleDownGracePeriodSeconds": behavior.grace_s,
                "scaleUpActivationReplicas": behavior.activation_replicas,
            },
        } },
    })
}

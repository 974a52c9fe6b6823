//! What EAS shows of an autoscaler: the answer of `DescribeServiceAutoScaler`.

use super::AutoScaler;
use crate::products::{Happening, Words};
use serde_json::{Map, Value, json};

/// The answer at a decision. A metric without data is left out of `CurrentMetrics`; `Behavior` holds a
/// second `behavior`, as the platform's own sample does.
pub(super) fn describe(model: &AutoScaler, happening: &Happening<'_>) -> Value {
    let strategies = model.strategies.iter().map(|strategy| {
        let mut shown = Map::new();
        shown.insert("metricName".into(), strategy.metric.name().into());
        shown.insert("threshold".into(), number(strategy.threshold));
        shown.extend(strategy.service.iter().map(|name| ("service".into(), name.as_str().into())));
        Value::Object(shown)
    });
    let strategies: Vec<Value> = strategies.collect();
    let current = model.strategies.iter().zip(happening.readings).filter_map(|(strategy, read)| {
        let mut shown = Map::new();
        shown.insert("metricName".into(), strategy.metric.name().into());
        shown.insert("value".into(), number(read.value?));
        shown.extend(strategy.service.iter().map(|name| ("service".into(), name.as_str().into())));
        Some(Value::Object(shown))
    });
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

/// Whole numbers without a point.
fn number(value: f64) -> Value {
    let whole = value as i64;
    if whole as f64 == value { json!(whole) } else { json!(value) }
}

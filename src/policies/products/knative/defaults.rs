//! What Knative takes in place of annotations that are left out.

use super::check::PREFIX;
use super::native::Model;
use crate::products::facts::number;
use crate::products::{Omitted, Words};
use autosim_engine::units::Span;
use serde_json::Value;

/// Annotations that are left out, with what the cluster or Knative itself has in their place; `document` is
/// the Service's number.
pub(super) fn of(model: &Model, document: usize) -> Vec<Omitted> {
    let (own, settings) = (&model.annotations, model.settings(true));
    let (spec, rules) = (settings.spec, settings.rules);
    let whole = |count: u32| Value::from(count);
    let length = |span: Span| Value::from(format!("{}s", span.as_secs_f64()));
    let percent = |share: f64| number((share * 1e8).round() / 1e6);
    let values = [
        ("metric", own.metric.is_some(), settings.metric.name().into()),
        ("metric-aggregation-algorithm", own.algorithm.is_some(), settings.algorithm.name().into()),
        ("target", own.target.is_some(), number(spec.total)),
        (
            "target-utilization-percentage",
            own.utilization_percent.is_some(),
            percent(spec.target / spec.total),
        ),
        ("target-burst-capacity", own.burst_capacity.is_some(), number(spec.burst_capacity)),
        ("min-scale", own.min.is_some(), whole(rules.min)),
        ("max-scale", own.max.is_some(), whole(rules.max)),
        ("initial-scale", own.initial.is_some(), whole(rules.initial)),
        ("window", own.window.is_some(), length(spec.stable_window)),
        (
            "panic-window-percentage",
            own.panic_window_percent.is_some(),
            number(model.cluster.panic_window_percent),
        ),
        (
            "panic-threshold-percentage",
            own.panic_threshold_percent.is_some(),
            number(model.cluster.panic_threshold_percent),
        ),
        ("scale-down-delay", own.scale_down_delay.is_some(), length(spec.scale_down_delay)),
        ("scale-to-zero-pod-retention-period", own.retention.is_some(), length(rules.retention)),
    ];
    let left_out = values.into_iter().filter(|(_, is_given, _)| !is_given);
    let way = format!("spec.template.metadata.annotations.{PREFIX}");
    left_out
        .map(|(name, _, value)| Omitted { document, path: format!("{way}{name}"), value })
        .collect()
}

//! A decision as Knative shows it: the status of the `PodAutoscaler`, and what lies behind it.

use super::native::Model;
use super::policy::{PANIC, UNKNOWN};
use crate::products::Happening;
use crate::products::facts::number;
use autosim_engine::control::{Stage, Why};
use serde_json::{Value, json};

/// The status after a decision; `None` where it was held without being looked at.
pub(super) fn status(model: &Model, happening: &Happening<'_>) -> Option<Value> {
    let trail = &happening.decision.trail;
    let (words, excess) = trail.iter().rev().find_map(|step| {
        let Why::Limit { name, value } = step.why else { return None };
        (step.stage == Stage::Mode).then_some((name, value))
    })?;
    let (active, rest) = words.split_once(", ")?;
    let activator = if rest.starts_with("through") { "proxy" } else { "serve" };
    let unknown = trail.first().is_some_and(|step| step.why == Why::Note(UNKNOWN));
    let of_autoscaler = |stage| {
        let stages = [Stage::Recommend, Stage::RateLimit, Stage::Combine, Stage::Stabilise];
        stages.contains(&stage)
    };
    let decided = trail.iter().rev().find(|step| of_autoscaler(step.stage));
    let desired = match decided {
        Some(step) if !unknown => i64::from(step.to),
        Some(_) | None => -1,
    };
    let panic = trail.iter().any(|step| matches!(step.why, Why::Until { name: PANIC, .. }));
    let active_condition = match active {
        "active" => json!({ "type": "Active", "status": "True" }),
        "inactive" => json!({ "type": "Active", "status": "False", "reason": "NoTraffic" }),
        _ => json!({ "type": "Active", "status": "Unknown", "reason": "Queued" }),
    };
    Some(json!({
        "kind": "PodAutoscaler",
        "name": model.name,
        "status": {
            "desiredScale": happening.decision.desired,
            "actualScale": happening.census.ready,
            "conditions": [active_condition],
        },
        "desired_pods": desired,
        "panic": panic,
        "excess_burst_capacity": number(excess),
        "activator": activator,
        "active": active,
    }))
}

//! A decision as `kubectl get scaledobject,hpa -o yaml` shows it: the conditions of both.

use super::native::Model;
use super::policy::condition;
use super::words::Active;
use crate::products::kubernetes_hpa::controller::Conditions;
use crate::products::kubernetes_hpa::tell::conditions;
use crate::products::{Happening, Words};
use serde_json::{Value, json};

/// The status of the ScaledObject, and of the autoscaler that KEDA made of it, unless it is paused.
pub(super) fn status(model: &Model, happening: &Happening<'_>) -> Value {
    let state = happening.decision.state;
    let active = condition(state).map(|reason| {
        let status = if reason == Active::ScalerActive { "True" } else { "False" };
        json!({ "type": "Active", "status": status, "reason": reason.name() })
    });
    let paused = condition(state) == Some(Active::ScaledObjectPaused);
    let pause = json!({ "type": "Paused", "status": if paused { "True" } else { "False" } });
    let mut told = json!({
        "kind": "ScaledObject",
        "name": model.scaled.name,
        "status": { "conditions": active.into_iter().chain([pause]).collect::<Vec<Value>>() },
        "replicas": happening.decision.desired,
    });
    if !paused {
        told["hpa"] = json!({
            "currentReplicas": happening.census.live(),
            "desiredReplicas": happening.decision.desired,
            "conditions": conditions(Conditions::unpack(state)),
        });
    }
    told
}

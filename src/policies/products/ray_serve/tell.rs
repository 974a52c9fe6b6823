//! A decision as `serve status` shows it.

use super::native::Model;
use crate::products::Happening;
use serde_json::{Map, Value, json};

/// The deployment's part of the status once a decision has changed the count.
pub(super) fn status(model: &Model, happening: &Happening<'_>) -> Option<Value> {
    let (before, after) = (happening.before, happening.decision.desired);
    if after == before {
        return None;
    }
    let (status, verb) = match after > before {
        true => ("UPSCALING", "Upscaling"),
        false => ("DOWNSCALING", "Downscaling"),
    };
    let mut states = Map::new();
    let census = happening.census;
    for (state, count) in
        [("STARTING", census.starting), ("RUNNING", census.ready), ("STOPPING", census.draining)]
    {
        if count > 0 {
            states.insert(state.to_owned(), count.into());
        }
    }
    let mut told = json!({
        "name": model.deployment,
        "status": status,
        "status_trigger": "AUTOSCALING",
        "replica_states": states,
        "message": format!("{verb} from {before} to {after} replicas."),
    });
    if let (Some(application), Value::Object(members)) = (&model.application, &mut told) {
        members.insert("application".to_owned(), application.as_str().into());
    }
    Some(told)
}

//! What Scalingo shows of a scaling: the event `app_scaled`.

use super::App;
use crate::products::Happening;
use serde_json::{Map, Value, json};

/// The event of a decision that changed the count. Its author is the platform; counts are text, as in
/// all payloads of events.
pub(super) fn app_scaled(model: &App, happening: &Happening<'_>) -> Option<Value> {
    let (before, after) = (happening.before, happening.decision.desired);
    let one = model.acting().filter(|_| before != after)?;
    let counts = |count: u32| {
        let mut counts = Map::new();
        counts.insert(one.container_type.clone(), count.to_string().into());
        Value::Object(counts)
    };
    let when = happening.clock.dated_at(happening.at).map(|when| when.timestamp().to_string());
    Some(json!({
        "type": "app_scaled",
        "created_at": when,
        "user": { "username": "scalingo-platform" },
        "type_data": {
            "previous_containers": counts(before),
            "containers": counts(after),
        },
    }))
}

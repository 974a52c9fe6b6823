//! What a group shows of itself: its events. Sources, levels and members are the platform's; it does not
//! publish the texts, so names and details are ours.

use super::policy::{COOLDOWN, GUARDED, STARTING};
use super::read::Model;
use crate::products::{Happening, Words};
use autosim_engine::control::{Stage, Why};
use autosim_engine::units::Span;
use serde_json::{Value, json};

/// The event of a decision; `None` where no policy held and nothing changed.
pub(super) fn event(model: &Model, happening: &Happening<'_>) -> Option<Value> {
    let decision = happening.decision;
    let (before, after) = (happening.before, decision.desired);
    let rule = decision.trail.iter().rev().find_map(|step| {
        let Why::Rule { number, value, level } = step.why else { return None };
        Some((number as usize, value, level))
    });
    let condition = rule.map(|(number, value, level)| {
        let policy = model.policies.get(number - 1);
        let name = policy.map_or("", |policy| policy.name.as_str());
        let metric = policy.map_or("", |policy| policy.metric.name());
        format!("policy \"{name}\": {metric} is {value}, the threshold {level}")
    });
    let denied = decision.trail.iter().rev().find(|step| step.stage == Stage::Cooldown);
    let (source, level, name, details) = if let Some(step) = denied {
        let reason = if let Why::Until { name: COOLDOWN, seconds_left } = step.why {
            format!("{} of the cooldown are left", Span::from_secs_f64(seconds_left).told())
        } else {
            STARTING.to_owned()
        };
        let details = format!("{} denied, {reason}", condition?);
        ("scaler", "info", "scaling denied", details)
    } else if before != after {
        let moved = format!("from {before} to {after} Instances");
        match condition {
            Some(condition) => {
                let name = if after > before { "scale up" } else { "scale down" };
                ("scaler", "success", name, format!("{condition}; {moved}"))
            }
            None => {
                let details = format!("{moved}: the count was outside the capacity");
                ("supervisor", "success", "capacity restored", details)
            }
        }
    } else {
        let guarded = decision.trail.iter().any(|step| step.why == Why::Note(GUARDED));
        let reason = if guarded { GUARDED } else { "the group is at the limit of its capacity" };
        ("watcher", "info", "nothing to do", format!("{}; {reason}", condition?))
    };
    let created = happening.clock.dated_at(happening.at).map(|at| at.timestamp().to_string());
    Some(json!({
        "source": source,
        "level": level,
        "name": name,
        "created_at": created,
        "details": details,
    }))
}

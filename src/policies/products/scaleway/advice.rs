//! What is legal and probably not meant.

use super::knobs::Knobs;
use super::native::{Action, Adjustment, Group, ManagedMetric, Operator, Policy};
use super::read::Model;
use super::words::V1Alpha1;
use crate::products::Reader;
use autosim_engine::units::Span;

/// Warns about a group that runs with its policies.
pub(super) fn give(model: &Model, knobs: &Knobs, reader: &Reader<V1Alpha1>) {
    for policy in &model.policies {
        reader.turn_to(policy.document);
        of_policy(policy, model.group.as_ref(), knobs, reader);
    }
    for (at, later) in model.policies.iter().enumerate() {
        let before = &model.policies[..at];
        if let Some(earlier) = before.iter().find(|earlier| overlap(earlier, later)) {
            reader.turn_to(later.document);
            let message = format!(
                "it holds at times when \"{}\", which goes the other way, holds too",
                earlier.name
            );
            let remedy = "leave room between the two thresholds; the lower priority number decides";
            warn(reader, "metric.threshold", message, remedy);
        }
    }
    let Some(group) = &model.group else { return };
    reader.turn_to(group.document);
    let tick = Span::from_secs(knobs.tick_s.into());
    if group.cooldown < tick {
        let message = format!(
            "a cooldown of {} does nothing: evaluations are {} apart",
            group.cooldown.told(),
            tick.told()
        );
        warn(reader, "capacity.cooldown_delay", message, "longer than one evaluation, or leave it");
    }
    let goes = |action| model.policies.iter().any(|policy| policy.action == action);
    let (message, remedy) = match (goes(Action::ScaleUp), goes(Action::ScaleDown)) {
        (true, true) => return,
        (true, false) => ("no policy scales down: the group only grows", "add one for scale_down"),
        (false, true) => ("no policy scales up: the group only shrinks", "add one for scale_up"),
        (false, false) => ("no policy: the group never changes", "add one for each direction"),
    };
    warn(reader, "", message.to_owned(), remedy);
}

fn of_policy(policy: &Policy, group: Option<&Group>, knobs: &Knobs, reader: &Reader<V1Alpha1>) {
    let cpu = policy.metric == ManagedMetric::Cpu;
    let sum = policy.aggregate == super::native::Aggregate::Sum;
    if cpu && !sum && !(0.0..=100.0).contains(&policy.threshold) {
        let message = format!("CPU is 0 to 100 %, the threshold is {}", policy.threshold);
        warn(reader, "metric.threshold", message, "a percentage");
    }
    if policy.range > Span::from_secs(knobs.tick_s.into()) {
        let message = format!(
            "it looks back {}, beyond the last evaluation: what was acted on is counted again",
            policy.range
        );
        let remedy = "at most the time between two evaluations, in minutes";
        warn(reader, "metric.sampling_range_min", message, remedy);
    }
    if let Some(group) = group
        && policy.adjustment == Adjustment::SetTotalGroup
        && !(group.min..=group.max).contains(&policy.value)
    {
        let message = format!(
            "a total of {} is outside the group's {} to {}",
            policy.value, group.min, group.max
        );
        warn(reader, "value", message, "a total the group may have");
    }
}

/// Whether two policies of opposite directions can hold of one value.
fn overlap(one: &Policy, other: &Policy) -> bool {
    let comparable = one.metric == other.metric && one.aggregate == other.aggregate;
    let meet = match (one.operator, other.operator) {
        (Operator::GreaterThan, Operator::LessThan) => one.threshold < other.threshold,
        (Operator::LessThan, Operator::GreaterThan) => other.threshold < one.threshold,
        _ => true,
    };
    comparable && meet && one.action != other.action
}

fn warn(reader: &Reader<V1Alpha1>, path: &str, message: String, remedy: &str) {
    reader.part(path, path, None).warn(message, remedy);
}

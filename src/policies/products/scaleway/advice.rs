//! What is legal and probably not meant.

use super::knobs::Knobs;
use super::native::{Action, Adjustment, Group, ManagedMetric, Operator, Policy};
use super::read::Model;
use crate::products::{DocumentFault, DocumentFaults};
use autosim_engine::units::Span;

/// Warns about a group that runs with its policies.
pub(super) fn give(model: &Model, knobs: &Knobs, faults: &mut DocumentFaults) {
    for policy in &model.policies {
        faults.document(policy.document);
        of_policy(policy, model.group.as_ref(), knobs, faults);
    }
    for (at, later) in model.policies.iter().enumerate() {
        let before = &model.policies[..at];
        if let Some(earlier) = before.iter().find(|earlier| overlap(earlier, later)) {
            faults.document(later.document);
            let message = format!(
                "it holds at times when \"{}\", which goes the other way, holds too",
                earlier.name
            );
            let remedy = "leave room between the two thresholds; the lower priority number decides";
            warn(faults, "metric.threshold", message, remedy);
        }
    }
    let Some(group) = &model.group else { return };
    faults.document(group.document);
    if group.cooldown < Span::from_secs(knobs.tick_s.into()) {
        let message = format!(
            "a cooldown of {} does nothing: evaluations are {} s apart",
            group.cooldown, knobs.tick_s
        );
        warn(faults, "capacity.cooldown_delay", message, "longer than one evaluation, or leave it");
    }
    let goes = |action| model.policies.iter().any(|policy| policy.action == action);
    let (message, remedy) = match (goes(Action::ScaleUp), goes(Action::ScaleDown)) {
        (true, true) => return,
        (true, false) => ("no policy scales down: the group only grows", "add one for scale_down"),
        (false, true) => ("no policy scales up: the group only shrinks", "add one for scale_up"),
        (false, false) => ("no policy: the group never changes", "add one for each direction"),
    };
    warn(faults, "", message.to_owned(), remedy);
}

fn of_policy(policy: &Policy, group: Option<&Group>, knobs: &Knobs, faults: &mut DocumentFaults) {
    let cpu = policy.metric == ManagedMetric::Cpu;
    let sum = policy.aggregate == super::native::Aggregate::Sum;
    if cpu && !sum && !(0.0..=100.0).contains(&policy.threshold) {
        let message = format!("CPU is 0 to 100 %, the threshold is {}", policy.threshold);
        warn(faults, "metric.threshold", message, "a percentage");
    }
    if policy.range > Span::from_secs(knobs.tick_s.into()) {
        let message = format!(
            "it looks back {}, beyond the last evaluation: what was acted on is counted again",
            policy.range
        );
        let remedy = "at most the time between two evaluations, in minutes";
        warn(faults, "metric.sampling_range_min", message, remedy);
    }
    if let Some(group) = group
        && policy.adjustment == Adjustment::SetTotalGroup
        && !(group.min..=group.max).contains(&policy.value)
    {
        let message = format!(
            "a total of {} is outside the group's {} to {}",
            policy.value, group.min, group.max
        );
        warn(faults, "value", message, "a total the group may have");
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

fn warn(faults: &mut DocumentFaults, path: &str, message: String, remedy: &str) {
    let warning = DocumentFault::warning(message, remedy);
    faults.add(path, DocumentFault { field: path.to_owned(), ..warning });
}

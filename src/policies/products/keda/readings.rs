//! From what a trigger returns to what the autoscaler is given: milli-units, fallback, the formula.

use super::formula::Value;
use super::native::{Fallback, Modifiers};
use super::words::FallbackBehavior;
use crate::products::kubernetes_hpa::MetricTarget;
use std::collections::BTreeMap;

/// What KEDA makes of a trigger, once it was asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Asked {
    /// Which trigger, by its place.
    pub trigger: usize,
    /// What it returned; `None` = it failed.
    pub raw: Option<f64>,
    /// What is made of that.
    pub outcome: Outcome,
}

/// What stands for a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Its value, in milli-units.
    Value(i64),
    /// What its fallback says, in milli-units.
    Fallback(i64),
    /// Nothing.
    Failed,
}

impl Outcome {
    /// In units, as the autoscaler is given it.
    pub fn value(self) -> Option<f64> {
        match self {
            Self::Value(milli) | Self::Fallback(milli) => Some(units(milli)),
            Self::Failed => None,
        }
    }
}

/// Milli-units as units.
pub fn units(milli: i64) -> f64 {
    milli as f64 / 1000.0
}

/// A value with three decimals, correctly rounded from the double. What is no number, or below zero, is zero.
pub fn milli(value: f64) -> i64 {
    if !value.is_finite() || value <= 0.0 {
        return 0;
    }
    let text = format!("{value:.3}");
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(i64::MAX)
}

/// How often each metric failed in a row, polls and passes together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failures(BTreeMap<String, u32>);

impl Failures {
    /// What stands for a trigger that returned `raw`, at so many replicas, of which so many are ready.
    pub fn outcome(
        &mut self,
        metric: &str,
        raw: Option<f64>,
        target: MetricTarget,
        fallback: Option<Fallback>,
        counts: (i32, u32),
    ) -> Outcome {
        let count = self.0.entry(metric.to_owned()).or_default();
        if let Some(value) = raw {
            *count = 0;
            return Outcome::Value(milli(value));
        }
        *count = count.saturating_add(1);
        let fallback = fallback.filter(|fallback| *count > fallback.threshold);
        fallback
            .and_then(|fallback| in_its_place(target, fallback, counts))
            .map_or(Outcome::Failed, Outcome::Fallback)
    }
}

/// The value that asks for as many replicas as a fallback wants, in milli-units, cut; `None` where no pod is ready
/// to share it.
fn in_its_place(target: MetricTarget, fallback: Fallback, counts: (i32, u32)) -> Option<i64> {
    let (current, ready) = counts;
    let replicas = i64::from(match fallback.behavior {
        FallbackBehavior::Static | FallbackBehavior::ScalingModifiers => fallback.replicas,
        FallbackBehavior::CurrentReplicas => current,
        FallbackBehavior::CurrentReplicasIfHigher => current.max(fallback.replicas),
        FallbackBehavior::CurrentReplicasIfLower => current.min(fallback.replicas),
    });
    match target {
        MetricTarget::Average(each) => Some(each.saturating_mul(replicas)),
        MetricTarget::Value(value) => value.saturating_mul(replicas).checked_div(i64::from(ready)),
        MetricTarget::Utilization(_) | MetricTarget::Useless => None,
    }
}

/// What a formula makes of the triggers that were asked.
pub fn composite(
    modifiers: &Modifiers,
    fallback: Option<Fallback>,
    asked: &[Asked],
    counts: (i32, u32),
) -> Outcome {
    let whole = || {
        let value = fallback.and_then(|fallback| in_its_place(modifiers.target, fallback, counts));
        value.map_or(Outcome::Failed, Outcome::Fallback)
    };
    let gives_nil = fallback.is_some_and(|one| one.behavior == FallbackBehavior::ScalingModifiers);
    let falls_back = |one: &Asked| matches!(one.outcome, Outcome::Fallback(_));
    if asked.iter().any(|one| one.outcome == Outcome::Failed) {
        return Outcome::Failed;
    }
    if !gives_nil && asked.iter().any(falls_back) {
        return whole();
    }
    let value = |trigger: &usize| {
        let of = asked.iter().find(|one| one.trigger == *trigger)?;
        of.outcome.value().filter(|_| !falls_back(of))
    };
    let values: Vec<Option<f64>> = modifiers.names.iter().map(value).collect();
    match modifiers.formula.value(&values) {
        Ok(Value::Number(number)) => Outcome::Value(milli(number)),
        Ok(Value::Nil) => whole(),
        Ok(Value::Flag(_) | Value::List(_)) | Err(_) => Outcome::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_three_decimals_and_are_none_below_zero() {
        for (value, expected) in [
            (10.0, 10_000),
            (0.0005, 1),
            (0.0004, 0),
            // The doubles are a hair below and above what they are written as.
            (1.0005, 1000),
            (2.0015, 2002),
            (0.1 + 0.2, 300),
            (-3.0, 0),
            (f64::NAN, 0),
            (f64::INFINITY, 0),
            (1e300, i64::MAX),
        ] {
            assert_eq!(milli(value), expected, "{value}");
        }
    }

    fn outcome(behavior: FallbackBehavior, target: MetricTarget, counts: (i32, u32)) -> Outcome {
        let fallback = Some(Fallback { threshold: 1, replicas: 4, behavior });
        let mut failures = Failures::default();
        let mut fail = || failures.outcome("s0-redis-jobs", None, target, fallback, counts);
        assert_eq!(fail(), Outcome::Failed, "no more often than the threshold");
        fail()
    }

    /// | behavior | of | at | in milli-units |
    #[test]
    fn a_trigger_that_fails_too_often_asks_for_the_fallback() {
        use FallbackBehavior as By;
        let average = MetricTarget::Average(10_500);
        let value = MetricTarget::Value(10_000);
        for (behavior, target, counts, expected) in [
            (By::Static, average, (2, 2), Outcome::Fallback(42_000)),
            (By::CurrentReplicas, average, (2, 2), Outcome::Fallback(21_000)),
            (By::CurrentReplicasIfHigher, average, (2, 2), Outcome::Fallback(42_000)),
            (By::CurrentReplicasIfHigher, average, (6, 2), Outcome::Fallback(63_000)),
            (By::CurrentReplicasIfLower, average, (6, 2), Outcome::Fallback(42_000)),
            (By::CurrentReplicasIfLower, average, (2, 2), Outcome::Fallback(21_000)),
            (By::ScalingModifiers, average, (2, 2), Outcome::Fallback(42_000)),
            (By::Static, value, (2, 3), Outcome::Fallback(13_333)),
            (By::Static, value, (2, 0), Outcome::Failed),
        ] {
            assert_eq!(outcome(behavior, target, counts), expected, "{behavior} {counts:?}");
        }
    }

    #[test]
    fn one_success_forgets_all_failures() {
        let fallback = Fallback { threshold: 1, replicas: 1, behavior: FallbackBehavior::Static };
        let (target, mut failures) = (MetricTarget::Average(1000), Failures::default());
        let mut ask = |raw| failures.outcome("m", raw, target, Some(fallback), (1, 1));
        assert_eq!(ask(None), Outcome::Failed);
        assert_eq!(ask(Some(3.0)), Outcome::Value(3000));
        assert_eq!(ask(None), Outcome::Failed);
        assert_eq!(ask(None), Outcome::Fallback(1000));
    }
}

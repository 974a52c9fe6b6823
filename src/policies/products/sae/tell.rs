//! What SAE shows of itself: `MetricsStatus`, as its describe call answers it.

use super::calendar::Calendar;
use super::knobs::Knobs;
use super::native::{Bounds, Kind, Model, Target};
use crate::products::Happening;
use serde_json::{Map, Value, json};

/// The status after a decision of a metric or mix rule.
pub(super) fn status(model: &Model, knobs: &Knobs, happening: &Happening<'_>) -> Option<Value> {
    let (rule, metric) = model.elastic()?;
    let timer = rule.timer.as_ref().filter(|_| rule.kind == Kind::Mix);
    let special = timer.and_then(|timer| {
        let calendar = Calendar::new(knobs, happening.clock, happening.at);
        calendar.specials(timer).last()?.entry
    });
    let Bounds { min, max } = special.map_or(metric.bounds, |(_, bounds)| bounds);
    let desired = happening.decision.desired;
    let current = metric.metrics.iter().zip(happening.readings).map(|(target, reading)| {
        let mut one = Map::new();
        let (name, kind) = target.kind.status();
        one.insert("Name".into(), json!(name));
        one.insert("Type".into(), json!(kind));
        if let Some(value) = reading.value {
            one.insert("CurrentValue".into(), json!(value.round() as i64));
        }
        Value::Object(one)
    });
    let next = metric.metrics.iter().map(|target| {
        let (scale_in, scale_out) = next(*target, desired, knobs.tolerance);
        json!({
            "Name": target.kind.status().0,
            "NextScaleInAverageUtilization": scale_in,
            "NextScaleOutAverageUtilization": scale_out,
        })
    });
    let mut status = json!({
        "CurrentReplicas": happening.before,
        "DesiredReplicas": desired,
        "MinReplicas": min,
        "MaxReplicas": max,
        "CurrentMetrics": current.collect::<Vec<_>>(),
        "NextScaleMetrics": next.collect::<Vec<_>>(),
    });
    if desired != happening.before
        && let Some(at) = happening.clock.dated_at(happening.at)
        && let Ok(at) = at.timestamp().round(jiff::Unit::Second)
    {
        status["LastScaleTime"] = json!(at.to_string());
    }
    Some(json!({ "MetricsStatus": status }))
}

/// The whole values at which the formula next removes and adds replicas: the largest for which
/// `ceil(n x v / limit)` is below `n`, and the smallest for which it is above, both outside the dead band.
fn next(target: Target, replicas: u32, tolerance: f64) -> (u64, u64) {
    let (limit, n) = (u64::from(target.limit), u64::from(replicas.max(1)));
    let share = limit as f64;
    let below = (share * (1.0 - tolerance) + 1e-9).floor() as u64;
    let below = if tolerance > 0.0 && below as f64 >= share * (1.0 - tolerance) - 1e-9 {
        below.saturating_sub(1)
    } else {
        below
    };
    let above = (share * (1.0 + tolerance) + 1e-9).floor() as u64 + 1;
    ((limit * (n - 1) / n).min(below), above)
}

#[cfg(test)]
mod tests {
    use super::super::native::MetricType;
    use super::*;

    #[test]
    fn the_next_values_are_those_of_the_platforms_sample_and_leave_the_dead_band() {
        let target = |limit| Target { kind: MetricType::Cpu, limit };
        for (limit, replicas, tolerance, expected) in [
            (20, 2, 0.0, (10, 21)),
            (20, 1, 0.0, (0, 21)),
            (50, 10, 0.0, (45, 51)),
            (50, 100, 0.1, (44, 56)),
            (50, 10, 0.1, (44, 56)),
            (50, 2, 0.1, (25, 56)),
        ] {
            assert_eq!(next(target(limit), replicas, tolerance), expected, "{limit} {replicas}");
        }
    }
}

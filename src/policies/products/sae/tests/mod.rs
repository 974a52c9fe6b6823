//! Tests of SAE: its algorithms on tapes, its documents, its knobs.

mod algorithm;
mod documents;
mod knobs;

use super::{Knobs, Sae};
use crate::products::tape::{Tape, context, model};
use autosim_engine::control::Decision;

/// The metric configuration of the API reference, word for word but for the log project's name.
pub(super) const METRIC: &str = r#"{"maxReplicas":3,"minReplicas":1,"metrics":[
    {"metricType":"CPU","metricTargetAverageUtilization":20},
    {"metricType":"MEMORY","metricTargetAverageUtilization":30},
    {"metricType":"tcpActiveConn","metricTargetAverageUtilization":20},
    {"metricType":"SLB_QPS","MetricTargetAverageUtilization":25,"SlbProject":"p","SlbLogstore":"function-log","Vport":"80"},
    {"metricType":"SLB_RT","MetricTargetAverageUtilization":35,"SlbProject":"p","SlbLogstore":"function-log","Vport":"80"}],
    "scaleUpRules":{"step":"100","disabled":false,"stabilizationWindowSeconds":0},
    "scaleDownRules":{"step":"100","disabled":false,"stabilizationWindowSeconds":300}}"#;

/// The timer of the API reference.
pub(super) const TIMER: &str = r#"{"beginDate":null,"endDate":null,"period":"* * *","schedules":[
    {"atTime":"08:00","targetReplicas":10},{"atTime":"20:00","targetReplicas":3}]}"#;

/// One metric, CPU at 20 %, with these bounds and directions.
pub(super) fn cpu(min: u32, max: u32, up: &str, down: &str) -> String {
    format!(
        r#"{{"minReplicas":{min},"maxReplicas":{max},"scaleUpRules":{{{up}}},"scaleDownRules":{{{down}}},
        "metrics":[{{"metricType":"CPU","metricTargetAverageUtilization":20}}]}}"#
    )
}

/// A timer of these days and entries.
pub(super) fn timer(days: &str, schedules: &str) -> String {
    format!(r#"{{{days},"schedules":[{schedules}]}}"#)
}

/// A rule or several under test, enabled at `start` with `initial` replicas.
pub(super) fn tape(json: &str, knobs: &Knobs, start: &str, initial: u32) -> Tape {
    let model = model::<Sae>(json, knobs);
    Tape::new::<Sae>(&model, knobs, &context(start, initial))
}

/// From midnight in GMT+8, with default knobs.
pub(super) fn plain(json: &str, initial: u32) -> Tape {
    tape(json, &Knobs::default(), "2026-03-02T00:00:00+08:00", initial)
}

pub(super) fn reason(decision: &Decision) -> String {
    let step = decision.reason();
    format!("{}: {}", step.stage.name(), step.why)
}

/// `rows`: seconds, the reading of the only metric, the count and reason expected.
pub(super) fn rows(tape: &mut Tape, rows: &[(u64, f64, u32, &str)]) {
    for &(at, value, expected, why) in rows {
        let decision = tape.at(at, &[Some(value)]);
        assert_eq!((decision.desired, reason(&decision).as_str()), (expected, why), "at {at} s");
    }
}

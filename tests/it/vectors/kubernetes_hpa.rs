//! The HorizontalPodAutoscaler, decision by decision: numbers of the controller's own tests, and others.

use super::vectors;
use autosim_engine::units::{Span, Time};
use autosim_policies::products::Words;
use autosim_policies::products::kubernetes_hpa::calculator::{
    Failed, Proposal, Target, Tolerance, of_average, of_pods, of_value, total,
};
use autosim_policies::products::kubernetes_hpa::controller::{
    Behavior, Controller, Rules, Stage, ZeroRule,
};
use autosim_policies::products::kubernetes_hpa::history::Recommendations;
use autosim_policies::products::kubernetes_hpa::pods::{
    Group, Measured, Phase, Pod, Readiness, SampleTime, StartUp, Sums, Usage,
};
use autosim_policies::products::kubernetes_hpa::rates::{
    Amount, Changes, ScaleEvent, ScaleEvents, ScalingPolicy, ScalingRules,
};
use autosim_policies::products::kubernetes_hpa::words::{Limited, SelectPolicy, SourceKind};
use serde_json::Value;

/// The pass: ages are counted back from it.
const NOW: Time = Time::from_secs(1_000_000);

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
fn whole(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is no integer"))
}
fn count(value: &Value) -> i32 {
    i32::try_from(whole(value)).unwrap_or_else(|error| panic!("{value}: {error}"))
}
fn span(value: &Value) -> Span {
    Span::from_secs_f64(value.as_f64().unwrap_or_else(|| panic!("{value} is no number")))
}
fn age(value: &Value) -> Option<Span> {
    (!value.is_null()).then(|| span(value))
}
fn ago(value: &Value) -> Time {
    NOW.before(span(value))
}

fn cases(file: &str, expected: usize) -> Option<Vec<Value>> {
    let file = vectors("k8s_hpa", file)?;
    let cases = list(&file["cases"]).to_vec();
    assert_eq!(cases.len(), expected);
    Some(cases)
}

fn start_up(case: &Value) -> StartUp {
    StartUp {
        initialization: span(&case["cpu_initialization_period_s"]),
        readiness_delay: span(&case["initial_readiness_delay_s"]),
    }
}

fn pod(value: &Value, sample: Option<SampleTime>) -> Pod {
    let phase = match value["phase"].as_str() {
        Some("Pending") => Phase::Pending,
        Some("Running") => Phase::Running,
        Some("Succeeded") => Phase::Succeeded,
        Some("Failed") => Phase::Failed,
        _ => panic!("{value}"),
    };
    let readiness = value["ready"].as_bool().map(|ready| Readiness {
        ready,
        since: age(&value["ready_transition_age_s"]).unwrap_or(Span::MAX),
    });
    Pod {
        phase,
        deleted: value["deleted"] == true,
        started: age(&value["start_age_s"]),
        readiness,
        sample,
    }
}

#[test]
fn pods_fall_into_the_same_groups() {
    let Some(cases) = cases("pod_grouping.json", 14) else { return };
    for case in &cases {
        let rules = start_up(case);
        let cpu = (case["resource"] == "cpu").then_some(&rules);
        let names = |group: Group| -> Vec<&Value> {
            let pods = list(&case["pods"]).iter();
            let found = pods.filter(|one| {
                let metric = &case["metrics"][one["name"].as_str().expect("a name")];
                let sample = (!metric.is_null()).then(|| SampleTime {
                    age: span(&metric["age_s"]),
                    window: span(&metric["window_s"]),
                });
                pod(one, sample).group(cpu) == group
            });
            found.map(|one| &one["name"]).collect()
        };
        let same = |group, key: &str| {
            let expected: Vec<&Value> = list(&case["expected"][key]).iter().collect();
            assert_eq!(names(group), expected, "{case}");
        };
        same(Group::Unready, "unready");
        same(Group::Missing, "missing");
        same(Group::Ignored, "ignored");
        let ready = names(Group::Ready).len() as i64;
        assert_eq!(ready, whole(&case["expected"]["ready_count"]), "{case}");
    }
}

/// What is measured of a pod: of all of its containers, of one, or of itself.
fn usage(value: &Value, container: Option<&str>) -> Usage {
    match (value, container) {
        (Value::Null, _) => Usage::Absent,
        (Value::Object(all), None) => Usage::Milli(all.values().map(whole).sum()),
        (Value::Object(all), Some(one)) => {
            all.get(one).map_or(Usage::NoContainer, |milli| Usage::Milli(whole(milli)))
        }
        (milli, _) => Usage::Milli(whole(milli)),
    }
}

/// What a pod requests; a container without a request is null there.
fn request(value: &Value, container: Option<&str>) -> Option<i64> {
    match (value.as_object()?, container) {
        (all, Some(one)) => all.get(one)?.as_i64(),
        (all, None) if all.is_empty() => None,
        (all, None) => all.values().map(Value::as_i64).sum(),
    }
}

fn target(metric: &Value) -> Target {
    match metric["target_type"].as_str() {
        Some("Utilization") => Target::Utilization(count(&metric["target"])),
        Some("AverageValue") => Target::Average(whole(&metric["target"])),
        _ => panic!("{metric}"),
    }
}

fn tolerance(value: &Value) -> Tolerance {
    let side = |key: &str| value[key].as_f64().expect("a tolerance");
    Tolerance { up: side("up"), down: side("down"), closed: true }
}

/// The pods of a metric; `usages` are theirs, in their order, then those of pods that do not exist.
fn measured(case: &Value, metric: &Value, usages: &[Value], unknown: &[Value]) -> Vec<Measured> {
    let rules = start_up(case);
    let cpu = (metric["resource"] == "cpu").then_some(&rules);
    let container = metric["container"].as_str();
    let known = list(&case["pods"]).iter().zip(usages).map(|(one, used)| {
        let of = |key: &str, default: u64| age(&one[key]).unwrap_or(Span::from_secs(default));
        let sample = SampleTime { age: of("metric_age_s", 0), window: of("metric_window_s", 60) };
        let sample = (!used.is_null()).then_some(sample);
        Measured {
            group: Some(pod(one, sample).group(cpu)),
            usage: usage(used, container),
            request: request(&one["requests_milli"], container),
        }
    });
    let unknown = unknown.iter().map(|one| Measured {
        group: None,
        usage: usage(&one["usage_milli"], container),
        request: None,
    });
    known.chain(unknown).collect()
}

/// Pods that are Running and Ready.
fn ready(case: &Value) -> i32 {
    let pods = list(&case["pods"]).iter();
    pods.filter(|one| one["phase"] == "Running" && one["ready"] == true).count() as i32
}

/// What a metric proposes at `current` replicas.
fn proposal(
    case: &Value,
    metric: &Value,
    (current, status): (i32, i32),
    tolerance: &Tolerance,
    pods: impl Fn() -> Vec<Measured>,
) -> Result<Proposal, Failed> {
    let values: Vec<i64> = list(&metric["values_milli"]).iter().map(whole).collect();
    if metric["error"] == true {
        return Err(Failed::NoSamples);
    }
    match (metric["source"].as_str(), metric["target_type"].as_str()) {
        (Some("Object" | "External"), Some("Value")) => {
            let goal = whole(&metric["target"]);
            Ok(of_value(total(&values), goal, current, ready(case), tolerance))
        }
        (Some("Object" | "External"), _) => {
            Ok(of_average(total(&values), whole(&metric["target"]), status, tolerance))
        }
        _ => {
            let target = target(metric);
            Sums::of(&pods(), target).and_then(|sums| of_pods(&sums, target, current, tolerance))
        }
    }
}

#[test]
fn one_metric_proposes_the_same_count() {
    let Some(cases) = cases("replica_calculator.json", 83) else { return };
    for case in &cases {
        let metric = &case["metric"];
        let usages: Vec<Value> =
            list(&case["pods"]).iter().map(|pod| pod["usage_milli"].clone()).collect();
        let counts = (count(&case["current_replicas"]), count(&case["status_replicas"]));
        let found = proposal(case, metric, counts, &tolerance(&case["tolerance"]), || {
            measured(case, metric, &usages, list(&case["extra_pod_metrics"]))
        });
        let expected = &case["expected"];
        let Ok(found) = found else {
            assert!(expected.get("error").is_some(), "{found:?}\n{case}");
            continue;
        };
        assert_eq!(Some(i64::from(found.replicas)), expected["replicas"].as_i64(), "{case}");
        for (key, shown) in [
            ("utilization_percent", found.shown.utilization.map(i64::from)),
            ("average_milli", Some(found.shown.milli)),
            ("value_milli", Some(found.shown.milli)),
        ] {
            if let Some(value) = expected.get(key) {
                assert_eq!(shown, value.as_i64(), "{key}\n{case}");
            }
        }
    }
}

fn rules(value: &Value, flag: Span) -> ScalingRules {
    let policy = |one: &Value| ScalingPolicy {
        amount: match one["type"].as_str() {
            Some("Pods") => Amount::Pods(count(&one["value"])),
            Some("Percent") => Amount::Percent(count(&one["value"])),
            _ => panic!("{one}"),
        },
        period: span(&one["periodSeconds"]),
    };
    ScalingRules {
        window: age(&value["stabilizationWindowSeconds"]).unwrap_or(flag),
        select: SelectPolicy::named(value["selectPolicy"].as_str().expect("a word"))
            .unwrap_or_else(|| panic!("{value}")),
        policies: list(&value["policies"]).iter().map(policy).collect(),
    }
}

fn recommendations(value: &Value) -> Recommendations {
    let one = |one: &Value| (ago(&one["age_s"]), count(&one["replicas"]));
    Recommendations::of(list(value).iter().map(one).collect())
}

fn events(value: &Value) -> ScaleEvents {
    let one = |one: &Value| ScaleEvent {
        at: ago(&one["age_s"]),
        change: count(&one["change"]),
        outdated: false,
    };
    ScaleEvents { kept: list(value).iter().map(one).collect() }
}

#[test]
fn windows_answer_and_remember_the_same() {
    let Some(cases) = cases("stabilization.json", 19) else { return };
    for case in &cases {
        let mut history = recommendations(&case["recommendations"]);
        let (proposal, down) = (count(&case["desired_replicas"]), span(&case["down_window_s"]));
        let found = match case["behavior"] == true {
            false => history.highest(NOW, proposal, down),
            true => {
                let up = span(&case["up_window_s"]);
                history.agreed(NOW, count(&case["current_replicas"]), proposal, up, down)
            }
        };
        let expected = &case["expected"];
        assert_eq!(found, count(&expected["replicas"]), "{case}");
        let kept: Vec<i32> = history.counts().collect();
        let expected: Vec<i32> = list(&expected["history"]).iter().map(count).collect();
        assert_eq!(kept, expected, "{case}");
    }
}

#[test]
fn scale_events_are_stored_the_same() {
    let Some(cases) = cases("scale_event_store.json", 8) else { return };
    for case in &cases {
        let change = count(&case["replica_change"]);
        let behavior = (!case["rules"].is_null()).then(|| {
            let rules = rules(&case["rules"], Span::ZERO);
            Behavior { up: rules.clone(), down: rules }
        });
        for direction in [1, -1] {
            let mut controller = controller(1, 1000, behavior.clone());
            let before = events(&case["previous_events"]);
            controller.changes = match direction > 0 {
                true => Changes { up: before.clone(), ..Changes::default() },
                false => Changes { down: before.clone(), ..Changes::default() },
            };
            let expected = &case["expected"];
            let sum = before.within(NOW, Span::from_secs(60));
            if behavior.is_some() {
                let known = count(&expected["change_in_last_60s_before_store"]);
                assert_eq!(sum, known, "{case}");
            }
            // A count out of bounds is corrected by exactly so many.
            let (current, bound) = (100, 100 + direction * change);
            (controller.rules.min, controller.rules.max) = (bound, bound);
            assert_eq!(controller.pass(NOW, current, &[], &mut |_, to| to), bound);
            let Changes { up, down } = controller.changes;
            let kept = if direction > 0 { up.kept } else { down.kept };
            let kept: Vec<(i32, bool)> =
                kept.iter().map(|one| (one.change, one.outdated)).collect();
            let known = list(&expected["events_after_store"]).iter();
            let known: Vec<(i32, bool)> =
                known.map(|one| (count(&one["change"]), one["outdated"] == true)).collect();
            assert_eq!(kept, known, "{case}");
        }
    }
}

fn controller(min: i32, max: i32, behavior: Option<Behavior>) -> Controller {
    Controller::new(Rules {
        min,
        max,
        sources: vec![SourceKind::External],
        behavior,
        downscale_window: Span::from_secs(300),
        zero: ZeroRule::IfItsOwn,
    })
}

/// A pass of a controller without windows over a proposal of that many, with its limit's reason.
fn limited(case: &Value, behavior: Option<Behavior>) -> (i32, String) {
    let (min, max) = (count(&case["min_replicas"]), count(&case["max_replicas"]));
    let mut controller = controller(min, max, behavior);
    controller.changes =
        Changes { up: events(&case["scale_up_events"]), down: events(&case["scale_down_events"]) };
    let found = controller.limit(
        NOW,
        count(&case["current_replicas"]),
        count(&case["desired_replicas"]),
        &mut |_, to| to,
    );
    (found, controller.conditions.limited.expect("a reason").to_string())
}

fn limits_are_the_same(file: &str, expected: usize, behavior: impl Fn(&Value) -> Option<Behavior>) {
    let Some(cases) = cases(file, expected) else { return };
    for case in &cases {
        let (found, reason) = limited(case, behavior(case));
        let expected = &case["expected"];
        assert_eq!(found, count(&expected["replicas"]), "{case}");
        assert_eq!(expected["reason"], reason.as_str(), "{case}");
    }
}

#[test]
fn rates_and_bounds_limit_the_same() {
    limits_are_the_same("no_behavior_bounds.json", 8, |_| None);
    limits_are_the_same("behavior_rate_limit.json", 50, |case| {
        let side = |key: &str| ScalingRules { window: Span::ZERO, ..rules(&case[key], Span::ZERO) };
        Some(Behavior { up: side("scale_up"), down: side("scale_down") })
    });
}

/// A pass over everything: the count, the proposal that won, the stabilised one.
fn reconciled(case: &Value) -> (i32, Option<i32>, Option<i32>, Controller) {
    let spec = &case["spec"];
    let flag = span(&case["downscale_stabilization_window_s"]);
    let behavior = (!spec["behavior"].is_null()).then(|| Behavior {
        up: rules(&spec["behavior"]["scaleUp"], Span::ZERO),
        down: rules(&spec["behavior"]["scaleDown"], flag),
    });
    let mut controller =
        controller(count(&spec["minReplicas"]), count(&spec["maxReplicas"]), behavior);
    controller.rules.downscale_window = flag;
    // A kind that is none fails as whatever else does.
    let kind = |metric: &Value| metric["source"].as_str().and_then(SourceKind::named);
    controller.rules.sources = list(&spec["metrics"])
        .iter()
        .map(|metric| kind(metric).unwrap_or(SourceKind::Resource))
        .collect();
    if !case["recommendations"].is_null() {
        controller.history = Some(recommendations(&case["recommendations"]));
        // It is not new: the reason of its last pass stays where this one sets none.
        controller.conditions.limited = Some(Limited::DesiredWithinRange);
    }
    // Most are older than the mark of 1.37 that an autoscaler went to zero by itself.
    controller.rules.zero = ZeroRule::IfMinimum;
    controller.changes =
        Changes { up: events(&case["scale_up_events"]), down: events(&case["scale_down_events"]) };
    let (current, status) = (count(&case["spec_replicas"]), count(&case["status_replicas"]));
    let metric = |metric: &Value| {
        proposal(case, metric, (current, status), &tolerance(&spec["tolerance"]), || {
            let pods = list(&case["pods"]).iter();
            let name = |pod: &Value| pod["name"].as_str().expect("a name").to_owned();
            let usages: Vec<Value> =
                pods.map(|pod| metric["pod_usage"][name(pod)].clone()).collect();
            measured(case, metric, &usages, &[])
        })
    };
    let metrics: Vec<_> = list(&spec["metrics"]).iter().map(metric).collect();
    let (mut proposed, mut stabilised) = (None, None);
    let found = controller.pass(NOW, current, &metrics, &mut |stage, to| {
        match stage {
            Stage::Proposed(..) => (proposed, stabilised) = (Some(to), Some(to)),
            Stage::Stabilised(_) => stabilised = Some(to),
            Stage::Paused
            | Stage::AboveMaximum
            | Stage::BelowMinimum
            | Stage::NoMetric(_)
            | Stage::Limited(_)
            | Stage::OutOfZero => {}
        }
        to
    });
    (found, proposed, stabilised, controller)
}

#[test]
fn a_whole_pass_decides_the_same() {
    let Some(cases) = cases("reconcile.json", 85) else { return };
    for case in &cases {
        let (found, proposed, stabilised, controller) = reconciled(case);
        let expected = &case["expected"];
        assert_eq!(found, count(&expected["desired_replicas"]), "{case}");
        for (key, found) in [("metric_proposal", proposed), ("stabilized", stabilised)] {
            if let Some(value) = expected.get(key) {
                assert_eq!(found.map(i64::from), value.as_i64(), "{key} of {case}");
            }
        }
        if let Some(reason) = expected.get("scaling_limited_reason") {
            let limited = controller.conditions.limited.map(|reason| reason.to_string());
            assert_eq!(limited.as_deref(), reason.as_str(), "{case}");
        }
    }
}
